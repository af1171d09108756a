"""The message that carries a job: Celery's task protocol 2 inside kombu's Redis envelope.

Written by hand because the enqueueing of 100,000 jobs spends its time here: Celery's own publisher
makes about 1,200 messages a second, this one about 40 times as many. A test holds it against a
message that Celery itself published.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import uuid
from collections.abc import Mapping
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
    headers, embed = _headers(job_id, config, route.task), _NOTHING_AFTER
    if canvas:
        kept = json.loads(canvas)
        headers.update(kept["headers"])
        embed = json.dumps({**_EMBED, **kept["embed"]})
    body = f"[[{config}],{{}},{embed}]"
    return json.dumps(
        {
            "body": base64.b64encode(body.encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": {
                "correlation_id": job_id,
                "reply_to": "",  # nobody listens: results are read from their keys
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": route.queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
            },
        }
    )


def list_of(delivery_info: Mapping[str, Any]) -> str:
    """The Redis list that a message came from, which is the one to publish it to again."""
    queue, priority = str(delivery_info["routing_key"]), delivery_info.get("priority")
    return f"{queue}{PRIORITY_SEPARATOR}{priority}" if priority else queue


def is_of_ledger(headers: Mapping[str, Any]) -> bool:
    """Whether a message with these headers carries a job that the ledger has a record of."""
    return str(headers.get("origin", "")).startswith(_ORIGIN)


def _headers(job_id: str, config: str, task: str) -> dict[str, object]:
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
        "argsrepr": f"({config[:_SHOWN_ARGUMENT]})",
        "kwargsrepr": "{}",
        "origin": f"{_ORIGIN}{os.getpid()}@{socket.gethostname()}",
        "ignore_result": False,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
