"""Whatever stands in a list, a worker's main process can make a request of what it lets in."""

from __future__ import annotations

import json
import pickle
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kombu.asynchronous.timer import Timer, to_timestamp
from kombu.transport import virtual
from kombu.utils.imports import symbol_by_name

from tests.conftest import JOB
from tests.helpers.inputs.elements import spoilt_element
from worker.celery_app import app
from worker.ledger.envelope import job_message
from worker.running.delivery.channel import Channel
from worker.running.delivery.message_check import check_message

COUNTS = ("retries", "group_index", "replaced_task_nesting")

app.finalize()
app.loader.import_default_modules()


@given(st.randoms(use_true_random=False) | st.integers().map(random.Random))
def test_what_is_let_in_is_fit_for_celery(rng: random.Random) -> None:
    check(spoilt_element(rng, "fuzzed"))


NUMBERS = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.integers(min_value=-400, max_value=400).map(lambda power: 10 ** abs(power) * (power or 1))
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(COUNTS, NUMBERS)), NUMBERS, NUMBERS)
def test_numbers_that_are_let_in_set_a_timer(counts: Any, hard: Any, soft: Any) -> None:
    envelope: Any = json.loads(job_message("fuzzed", json.dumps(JOB)))
    envelope["headers"].update(counts, timelimit=[hard, soft])
    check(json.dumps(envelope).encode())


@given(st.binary(max_size=300))
def test_bytes_that_nobody_meant_are_let_in_as_nothing(raw: bytes) -> None:
    assert check_message(raw, "fuzz") is None


def check(raw: bytes) -> None:
    checked = check_message(raw, "fuzz")
    if checked is None:
        return
    assert json.loads(checked["body"]) is not None
    message: Any = Channel.Message(checked, channel=virtual.Channel)
    task = app.tasks.get(message.headers["task"])
    if task is None:  # Celery records that it does not know it
        assert isinstance(message.headers["id"], str)
        return
    kind: Any = symbol_by_name(task.Request)  # type: ignore[no-untyped-call]
    request = kind(message, app=app, task=task, body=message.body, headers=message.headers)
    timer: Any = Timer()  # type: ignore[no-untyped-call]
    for seconds in filter(None, request.time_limits or ()):
        timer.call_after(seconds, print)
    if request.eta:
        timer.call_at(to_timestamp(request.eta), print)  # type: ignore[no-untyped-call]
    assert not request.expires or request.expires.year
    assert isinstance(request.stamps, dict)
    pickle.dumps((request.id, request.request_dict, request.body))
