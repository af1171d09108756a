"""Whatever stands in a list, a worker's main process can make a request of what it lets in."""

from __future__ import annotations

import json
import pickle
import random
from typing import Any

from celery.worker.request import Request
from hypothesis import given
from hypothesis import strategies as st
from kombu.transport import virtual

from tests.elements import spoilt_element
from worker.celery_app import app
from worker.running.delivery.channel import Channel
from worker.running.delivery.message_check import check_message

app.finalize()
app.loader.import_default_modules()


@given(st.randoms(use_true_random=False) | st.integers().map(random.Random))
def test_what_is_let_in_is_fit_for_celery(rng: random.Random) -> None:
    check(spoilt_element(rng, "fuzzed"))


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
    request = Request(message, app=app, task=task, body=message.body, headers=message.headers)
    assert not request.expires or request.expires.year
    assert isinstance(request.stamps, dict)
    pickle.dumps((request.id, request.request_dict, request.body))
