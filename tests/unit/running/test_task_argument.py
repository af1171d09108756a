"""What a message carries for its task, and what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from arbitrage.documents.config import MAX_JOB_BYTES
from arbitrage.errors import ConfigError
from worker.running.jobs.task_argument import CONFIG, REFUSED, Payload


@pytest.mark.parametrize(("args", "kwargs"), [(({"a": 1.5},), {}), ((), {"config": {"a": 1.5}})])
def test_a_payload_is_the_one_argument(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    payload = Payload.of_message(args, kwargs, CONFIG)
    payload.check()
    assert (payload.value, payload.text) == ({"a": 1.5}, '{"a":1.5}')
    assert payload.kept == payload.text
    assert payload == Payload.of_text(payload.kept), "as the ledger gives it back"


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((1, 2), {}),
        ((1,), {"config": 1}),
        ((), {"chunk": {}}),
        ((), {"config": 1, "x": 1}),
    ],
)
def test_other_arguments_are_refused(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    payload = Payload.of_message(args, kwargs, CONFIG)
    assert payload.kept == ""
    with pytest.raises(ConfigError, match="the task takes one argument, config: a TuningConfig"):
        payload.check()


def test_what_was_refused_before_says_why() -> None:
    payload = Payload.of_message((), {REFUSED: "the message has no body"}, CONFIG)
    assert payload.kept == ""
    with pytest.raises(ConfigError, match="the message has no body"):
        payload.check()


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


UNFIT: dict[str, Callable[[], Any]] = {
    "not an object": lambda: [1],
    "not a finite number": lambda: {"a": float("nan")},
    "half of a pair": lambda: {"a": "\ud800"},
    "not JSON": lambda: {"a": {1}},
    "too deep": lambda: {"a": deep()},
    "too large": lambda: {"a": "x" * MAX_JOB_BYTES},
}


@pytest.mark.parametrize("what", UNFIT)
def test_the_ledger_keeps_nothing_that_no_job_can_run_with(what: str) -> None:
    payload = Payload.of_message((UNFIT[what](),), {}, CONFIG)
    payload.check()
    assert payload.kept == ""
