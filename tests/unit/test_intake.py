"""Messages that are too large or too deep are known before they are parsed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import JOB
from worker.intake import MAX_BODY_BYTES, REFUSED, acceptable_body


def nested(levels: int) -> str:
    return '{"extra":' + "[" * levels + "]" * levels + "}"


def sentence(body: str | bytes) -> str:
    args, kwargs, _ = json.loads(acceptable_body(body))
    assert args == []
    text: str = kwargs[REFUSED]
    return text


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([[JOB], {}, {}]),
        nested(150),
        json.dumps([[{"tag": "[" * 5_000}], {}, {}]),
        json.dumps([[{"tag": '\\"[' * 5_000}], {}, {}]),
        json.dumps([[{"extra": {"x": [[], {}] * 5_000}}], {}, {}]),
        b'[[], {"' + b"\xff" * 100 + b'": 1}]',
        " " * MAX_BODY_BYTES,
    ],
)
def test_what_a_job_may_be_passes_as_it_is(body: str | bytes) -> None:
    assert acceptable_body(body) is body


@pytest.mark.parametrize("levels", [250, 1_000, 100_000])
@pytest.mark.parametrize("convert", [str, str.encode])
def test_depth_is_refused(levels: int, convert: Any) -> None:
    assert "nested more than 100 levels" in sentence(convert(nested(levels)))


def test_depth_behind_a_text_full_of_brackets_is_refused() -> None:
    closing = json.dumps("]" * 1_000)
    assert "nested" in sentence(f"[{closing}, {nested(500)}]")


def test_size_is_refused() -> None:
    assert "at most 65,536" in sentence(" " * (MAX_BODY_BYTES + 1))
