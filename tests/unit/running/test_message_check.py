"""What an element of a queue is judged to be, before a worker makes a message of it."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import lzma
import math
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import JOB
from worker.ledger.envelope import CHUNKS, JOBS, job_message
from worker.ledger.names import MAX_ELEMENT_BYTES
from worker.running.delivery.message_check import (
    MAX_BODY_BYTES,
    CheckedMessage,
    check_message,
)
from worker.running.jobs.task_argument import REFUSED

QUEUE = "message-check-test"
SIGNATURE = {"task": JOBS.task, "args": [JOB], "kwargs": {}, "options": {"task_id": "next"}}


def message(body: bytes | None = None, **changes: Any) -> dict[str, Any]:
    """A good message; `changes` name a part, `headers__x` and `properties__x` one within it."""
    envelope: dict[str, Any] = json.loads(job_message("job-1", json.dumps(JOB)))
    if body is not None:
        envelope["body"] = base64.b64encode(body).decode()
    for name, value in changes.items():
        part, _, key = name.partition("__")
        held = envelope[part] if key else envelope
        key = key or part.replace("_", "-")
        if value is ...:
            del held[key]
        else:
            held[key] = value
    return envelope


def with_header(name: str, value: Any) -> dict[str, Any]:
    return message(**{f"headers__{name}": value})


def content(args: Any = (JOB,), kwargs: Any = None, embed: Any = None) -> bytes:
    return json.dumps([list(args), kwargs or {}, embed or {}]).encode()


def taken(envelope: dict[str, Any] | bytes) -> CheckedMessage:
    raw = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    checked = check_message(raw, QUEUE)
    assert checked is not None
    assert json.loads(checked["body"]) == checked.content, "the child reads what was judged"
    return checked


def sentence(envelope: dict[str, Any] | bytes) -> str:
    """What a message says that took the place of an unfit one."""
    checked = taken(envelope)
    assert checked["headers"] == {"id": "job-1", "task": JOBS.task}
    args, kwargs, embed = checked.content
    assert (args, embed, list(kwargs)) == ([], {}, [REFUSED])
    return str(kwargs[REFUSED])


def nested(levels: int) -> bytes:
    return content()[:-1].replace(b"null", b"1") + b', "x": ' + b"[" * levels + b"]" * levels + b"]"


# -- what is fit


def test_a_message_of_ours_passes_as_it_is() -> None:
    envelope = message()
    checked = taken(envelope)
    assert checked["headers"] == envelope["headers"]
    assert checked["body"].encode() == base64.b64decode(envelope["body"])
    assert checked["properties"]["delivery_tag"] == envelope["properties"]["delivery_tag"]


def test_it_returns_to_the_list_that_it_came_from_whatever_its_routing_key() -> None:
    info = {"exchange": "theirs", "routing_key": "a.key"}
    checked = check_message(json.dumps(message(properties__delivery_info=info)).encode(), QUEUE, 6)
    assert checked is not None
    assert checked["properties"]["delivery_info"] == {"exchange": "", "routing_key": QUEUE}
    assert checked["properties"]["priority"] == 6


@pytest.mark.parametrize(
    "args",
    [
        [{"tag": "[" * 5_000}],
        [{"tag": '\\"[' * 5_000}],
        [{"extra": {"x": [[], {}] * 5_000}}],
        [{"tag": "x" * (MAX_BODY_BYTES - 100)}],
        [{"tag": "ü\udcff"}],
    ],
)
def test_what_a_job_may_hold_is_not_judged_here(args: Any) -> None:
    assert taken(message(content(args))).content[0] == args


@pytest.mark.parametrize(
    ("kind", "compress"),
    [
        ("application/x-gzip", zlib.compress),
        ("application/x-bz2", bz2.compress),
        ("application/x-lzma", lzma.compress),
    ],
)
def test_compressed_messages_are_read(kind: str, compress: Callable[[bytes], bytes]) -> None:
    checked = taken(message(compress(content()), headers__compression=kind))
    assert checked.content[0] == [JOB]
    assert "compression" not in checked["headers"]
    bomb = compress(b" " * 5_000_000)
    assert "at most" in sentence(message(bomb, headers__compression=kind))


def test_protocol_1_and_mixtures_become_protocol_2() -> None:
    old = {"task": JOBS.task, "id": "old", "args": [JOB], "kwargs": {}, "taskset": "g", "utc": True}
    envelope = message(json.dumps({**old, "callbacks": [SIGNATURE]}).encode(), headers={})
    checked = taken(envelope)
    assert checked["headers"].items() >= {"id": "old", "task": JOBS.task, "group": "g"}.items()
    assert checked.content[0] == [JOB]
    assert checked.content[2]["callbacks"] == [SIGNATURE]
    mixed = taken(message(json.dumps({"args": [JOB], "kwargs": {}}).encode()))
    assert (mixed["headers"]["id"], mixed.content[0]) == ("job-1", [JOB])


def test_what_means_nothing_to_a_job_does_not_get_in() -> None:
    envelope = message(
        content(embed={"id": "other", "chain": [SIGNATURE]}),
        headers__attempt=5,
        headers___protected=1,
        headers__callbacks=5,
    )
    checked = taken(envelope)
    assert checked["headers"].keys().isdisjoint({"attempt", "_protected", "callbacks"})
    assert checked.content[2] == {"chain": [SIGNATURE]}


@pytest.mark.parametrize("charset", ["utf-8", "binary", "UTF-16", None])
def test_other_charsets_are_read(charset: str | None) -> None:
    body = content().decode().encode("utf-16" if charset == "UTF-16" else "utf-8")
    assert taken(message(body, content_encoding=charset)).content[0] == [JOB]


# -- what is unfit


@pytest.mark.parametrize("levels", [250, 1_000, 100_000])
def test_depth_is_refused(levels: int) -> None:
    assert sentence(message(nested(levels))) == "the job is nested more than 100 levels deep"


def test_depth_behind_a_text_full_of_brackets_is_refused() -> None:
    closing = json.dumps("]" * 1_000).encode()
    assert "nested" in sentence(message(b"[" + closing + b", " + nested(500) + b"]"))


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, MAX_ELEMENT_BYTES])
def test_size_is_refused(size: int) -> None:
    assert "at most 65,536" in sentence(message(content([" " * size])))


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "a body of another shape": (message(b"[1]"), "[args, kwargs, embed]"),
    "arguments that are not a list": (message(b"[{}, {}, {}]"), "[args, kwargs, embed]"),
    "keywords that are a list": (message(b"[[], [], {}]"), "[args, kwargs, embed]"),
    "an embed that is a text": (message(b'[[], {}, "x"]'), "[args, kwargs, embed]"),
    "a body that is null": ({**message(), "body": None}, "no body"),
    "a body that is a number": ({**message(), "body": 5}, "no body"),
    "a body that is not base64": ({**message(), "body": "xxxxx"}, "cannot be decoded"),
    "an unknown transfer": (message(properties__body_encoding="rot13"), "encoded as 'rot13'"),
    "a transfer that is a list": (message(properties__body_encoding=[]), "encoded as []"),
    "no JSON": (message(b"\xff\x00"), "is not text"),
    "half of a JSON": (message(content()[:-3]), "is not JSON"),
    "a number of 5,000 digits": (message(b"[[" + b"1" * 5_000 + b"],{},{}]"), "is not JSON"),
    "a pickle": (message(content_type="application/x-python-serialize"), "send application/json"),
    "an unknown compression": (message(headers__compression="x/y"), "compressed as 'x/y'"),
    "a compression that is a list": (message(headers__compression=[1]), "compressed as [1]"),
    "what is not compressed": (
        message(headers__compression="application/x-gzip"),
        "cannot be decompressed",
    ),
    "a gzip file": (
        message(gzip.compress(content()), headers__compression="application/x-gzip"),
        "cannot be decompressed",
    ),
    "an unknown charset": (message(content_encoding="klingon"), "is not text"),
    "a charset that is a number": (message(content_encoding=8), "is not text"),
    "no headers": (message(headers=...), "no headers"),
    "an id that is a list": (message(headers__id=["job-1"]), "id in the headers"),
    "an empty id": (message(headers__id=""), "id in the headers"),
    "an endless id": (message(headers__id="x" * 513), "id in the headers"),
    "half of a character in the id": (message(headers__id="\ud800"), "id in the headers"),
    "no id": (message(headers__id=...), "no id in its headers"),
    "an id that is null": (message(headers__id=None), "no id in its headers"),
    "a task that is a list": (message(headers__task=[JOBS.task]), "task in the headers"),
    "a task that is null": (message(headers__task=None), "no task in its headers"),
    "a group that is a number": (message(headers__group=5), "group in the headers"),
    "a parent that is an object": (message(headers__parent_id={}), "parent_id in the headers"),
    "stamps that are a number": (message(headers__stamps=5), "stamps in the headers"),
    "stamped headers that are objects": (
        message(headers__stamped_headers=[{}]),
        "stamped_headers in the headers",
    ),
    "an eta that is a number": (message(headers__eta=5), "eta in the headers"),
    "an eta before all times": (message(headers__eta="0001-01-01T00:00:00+23:59"), "eta in the"),
    "an expiry that is not a time": (message(headers__expires="soon"), "a time in ISO 8601"),
    "one time limit": (message(headers__timelimit=5), "a pair of seconds"),
    "a time limit in words": (message(headers__timelimit=["a", None]), "a pair of seconds"),
    "retries that are a text": (message(headers__retries="1"), "a whole number"),
    **{
        f"{name} of {str(value)[:9]}": (with_header(name, value), f"{name} in the")
        for name in ("retries", "group_index", "replaced_task_nesting")
        for value in (True, -1, 0.5, 10**400, math.nan, math.inf)
    },
    **{
        f"a time limit of {pair!s:.24}": (message(headers__timelimit=pair), "a pair of seconds")
        for value in (True, -1, 10**10, 10**400, 1e300, math.nan, math.inf, -math.inf)
        for pair in ([value, None], [None, value])
    },
    "a chain that is not a list": (message(content(embed={"chain": 5})), "chain in the body"),
    "a callback that is a text": (message(content(embed={"callbacks": ["x"]})), "callbacks in"),
    "a chord that is a list": (message(content(embed={"chord": []})), "chord in the body"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_an_unfit_message_is_replaced_by_one_that_says_why(case: str) -> None:
    envelope, why = UNFIT[case]
    assert why in sentence(envelope)


def test_the_id_of_an_element_that_cannot_be_parsed_is_found() -> None:
    raw = json.dumps(message()).encode()
    assert "is not JSON" in sentence(raw[1:])
    assert "is not text" in sentence(b"\xff" + raw)


def test_a_chunk_stays_a_chunk() -> None:
    checked = taken(message(b"5", headers__task=CHUNKS.task))
    assert checked["headers"]["task"] == CHUNKS.task


IDS_OF_NOBODY: tuple[Any, ...] = (5, [], {}, "", "x" * 600)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff no JSON", b"null", b"5", b'"x"', b"[]", b"{}", b'{"headers": 5}', b'{"body": "x"}']
    + [json.dumps({"headers": {"id": value}}).encode() for value in IDS_OF_NOBODY],
)
def test_what_nobody_waits_for_is_said_once_and_gone(
    raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert check_message(raw, QUEUE) is None
    [record] = caplog.records
    assert record.getMessage() == "message.refused"
