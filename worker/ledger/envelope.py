"""The message that carries a job: Celery's task protocol 2 inside kombu's Redis envelope.

Written by hand because the enqueueing of 100,000 jobs spends its time here: Celery's own publisher
makes about 1,200 messages a second, this one more than 40 times as many. A test holds it against a
message that Celery itself published.
"""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from worker.ledger.names import CHUNKS_QUEUE, JOBS_QUEUE


class Route(NamedTuple):
    """What a message makes a worker run, and the queue that it travels by."""

    task: str
    queue: str


JOBS = Route("worker.tasks.run_tuning_job", JOBS_QUEUE)
CHUNKS = Route("worker.tasks.run_tuning_chunk", CHUNKS_QUEUE)

_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_NOTHING_AFTER = json.dumps(_EMBED, separators=(",", ":"))
_ORIGIN = "arbtune"
PRIORITY_SEPARATOR = "\x06\x16"  # kombu's: a queue has a list for each priority above 0
_SHOWN_ARGUMENT = 200  # characters of the config that Flower and the like show


def job_message(job_id: str, config: str, route: Route = JOBS, canvas: str = "") -> str:
    """The element of the Redis list `route.queue` that makes a worker run this job.

    Args:
        job_id: The job's id, which is its Celery task id.
        config: The task's one argument as JSON text.
        route: The task and the queue, which is the name of the list.
        canvas: What came with the message of a foreign client, as
            `worker.running.jobs.canvas` keeps it.
    """
    message_of_this = {
        "job_id": job_id,
        "body": base64.b64encode(f"[[{config}],{{}},{_embed(canvas)}]".encode()).decode(),
        "shown": f"({config[:_SHOWN_ARGUMENT]})",
        "tag": os.urandom(16).hex(),
    }
    if canvas:
        return json.dumps(_message(route, json.loads(canvas)["headers"], **message_of_this))
    return _template(route, os.getpid()) % {
        name: json.dumps(value) for name, value in message_of_this.items()
    }


def list_of(delivery_info: Mapping[str, Any]) -> str:
    """The Redis list that a message came from, which is the one to publish it to again."""
    queue, priority = str(delivery_info["routing_key"]), delivery_info.get("priority")
    return f"{queue}{PRIORITY_SEPARATOR}{priority}" if priority else queue


def is_of_ledger(headers: Mapping[str, Any]) -> bool:
    """Whether a message with these headers carries a job that the ledger has a record of."""
    return str(headers.get("origin", "")).startswith(_ORIGIN)


def _embed(canvas: str) -> str:
    return json.dumps({**_EMBED, **json.loads(canvas)["embed"]}) if canvas else _NOTHING_AFTER


@cache
def _template(route: Route, _pid: int) -> str:
    """The messages of a process as JSON; `%(job_id)s` and the like stand for what differs.

    A message takes half the time of `json.dumps(_message(...))`, which a test holds it against.
    Deleting it costs 7 of the 50 us that enqueueing a job takes.
    """
    names = ("job_id", "body", "shown", "tag")
    text = json.dumps(_message(route, {}, **{name: f"<{name}>" for name in names}))
    text = text.replace("%", "%%")
    for name in names:
        text = text.replace(f'"<{name}>"', f"%({name})s")
    return text


def _message(
    route: Route, headers: Mapping[str, object], *, job_id: str, body: str, shown: str, tag: str
) -> dict[str, object]:
    return {
        "body": body,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {**_headers(job_id, shown, route.task), **headers},
        "properties": {
            "correlation_id": job_id,
            "reply_to": "",  # nobody listens: results are read from their keys
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": route.queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": tag,
        },
    }


def _headers(job_id: str, shown: str, task: str) -> dict[str, object]:
    return {
        "lang": "py",
        "task": task,
        "id": job_id,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": job_id,
        "parent_id": None,
        "argsrepr": shown,
        "kwargsrepr": "{}",
        "origin": f"{_ORIGIN}{os.getpid()}@{socket.gethostname()}",
        "ignore_result": False,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
