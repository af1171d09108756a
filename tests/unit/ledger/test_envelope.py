"""The hand-written message is the one that Celery itself would have published."""

from __future__ import annotations

import base64
import json
from typing import Any

import redis
from celery import Celery
from hypothesis import example, given
from hypothesis import strategies as st

from worker.ledger.envelope import JOBS, Route, job_message

JOB_ID = "0b2f8d1e-0000-4000-8000-000000000000"
CONFIG = {"data_file": "ü.csv", "min_spread_bps": 1.5, "extra": {"n": None}}

EMBEDDED = ("callbacks", "errbacks", "chain", "chord")

# What differs by nature: who sent it, where an answer would go, and the mark of this delivery.
HEADERS_OF_THEIR_OWN = {"origin", "argsrepr"}
PROPERTIES_OF_THEIR_OWN = {"reply_to", "delivery_tag"}


def without(mapping: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in names}


def body(message: dict[str, Any]) -> Any:
    return json.loads(base64.b64decode(message["body"]))


def test_every_field_equals_that_of_a_published_message(redis_url: str) -> None:
    queue = "envelope-test"
    server = redis.Redis.from_url(redis_url)
    server.delete(queue)
    client = Celery(broker=redis_url, set_as_current=False)
    client.send_task(JOBS.task, args=[CONFIG], task_id=JOB_ID, queue=queue, ignore_result=False)
    published: Any = server.lrange(queue, 0, -1)
    theirs = json.loads(published[0])
    ours = json.loads(
        job_message(JOB_ID, json.dumps(CONFIG, ensure_ascii=False), Route(JOBS.task, queue))
    )

    assert set(ours) == set(theirs)
    for name in ("content-encoding", "content-type"):
        assert ours[name] == theirs[name]
    assert without(ours["headers"], HEADERS_OF_THEIR_OWN) == without(
        theirs["headers"], HEADERS_OF_THEIR_OWN
    )
    assert set(ours["headers"]) == set(theirs["headers"])
    ours_properties, theirs_properties = ours["properties"], theirs["properties"]
    # A named queue has an exchange of its own there; kombu's Redis lists need none.
    theirs_properties["delivery_info"]["exchange"] = ""
    assert without(ours_properties, PROPERTIES_OF_THEIR_OWN) == without(
        theirs_properties, PROPERTIES_OF_THEIR_OWN
    )
    assert set(ours_properties) == set(theirs_properties)
    assert body(ours) == body(theirs)


@given(st.text(), st.sampled_from([JOBS, Route("a%sk", '"<job_id>"')]))
@example("50%s", JOBS)
@example('"<body>" %(tag)s', JOBS)
def test_a_message_holds_whatever_is_sent(text: str, route: Route) -> None:
    """As a message with something after it does, which is not made from the template."""
    config = json.dumps({"tag": text})
    canvas = json.dumps({"headers": {}, "embed": {}})
    plain, full = (json.loads(job_message(text, config, route, kept)) for kept in ("", canvas))
    assert body(plain) == body(full) == [[{"tag": text}], {}, dict.fromkeys(EMBEDDED)]
    tags = {message["properties"].pop("delivery_tag") for message in (plain, full)}
    assert len(tags) == 2
    assert without(plain, {"body"}) == without(full, {"body"})
    assert plain["headers"]["id"] == plain["properties"]["correlation_id"] == text
    assert plain["headers"]["argsrepr"] == f"({config[:200]})"


def test_a_long_config_is_shown_in_part() -> None:
    headers = json.loads(job_message(JOB_ID, '{"tag":"' + "x" * 10_000 + '"}'))["headers"]
    assert len(headers["argsrepr"]) < 300
