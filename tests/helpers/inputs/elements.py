"""Elements of a queue that nobody should have put there: good messages, spoilt in one place."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

from tests.conftest import JOB
from worker.ledger.envelope import JOBS, job_message

SIGNATURE: dict[str, Any] = {
    "task": JOBS.task,
    "args": [JOB],
    "kwargs": {},
    "options": {},
    "subtask_type": None,
    "immutable": True,
}
# Of each type, and of what some reader takes for a number, a time, a task or the end.
ODD_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2**70,
        1e308,
        10**400,
        -(10**400),
        float("nan"),
        float("inf"),
        "",
        "x",
        "\ud800",
        "\0",
        "a" * 600,
    ),
    *(
        [],
        {},
        [[]],
        [None],
        [1, 2, 3],
        ["a", "b"],
        {"a": 1},
        {"": {}},
        {"task": 5},
        [{}],
        [SIGNATURE],
    ),
    *("2001-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "base64"),
    *("application/x-gzip", "celery.chain", "no.such.task", JOBS.task, [10**6, 10**6], [-1, None]),
    *([10**400, None], [None, 10**400], [10**400, 10**400], [None, float("nan")]),
)


def spoilt_element(rng: random.Random, job_id: str) -> bytes:
    """An element that may carry this id still, and may even be fit."""
    kind = rng.randrange(10)
    if kind == 0:
        return rng.randbytes(rng.randrange(200))
    envelope = _with_canvas(json.loads(job_message(job_id, json.dumps(JOB))))
    if kind in (1, 2):
        raw = bytearray(json.dumps(envelope).encode())
        if kind == 1:
            return bytes(raw[: rng.randrange(len(raw))])
        for _ in range(rng.randint(1, 3)):
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        return bytes(raw)
    if kind in (3, 4, 5):
        content = json.loads(base64.b64decode(envelope["body"]))
        spoil(rng, content)
        envelope["body"] = base64.b64encode(json.dumps(content).encode()).decode()
    elif kind in (6, 7):
        spoil(rng, envelope["headers"])
    else:
        spoil(rng, envelope)
    return json.dumps(envelope).encode()


def spoil(rng: random.Random, place: Any) -> None:
    """Replace, remove or deepen one value somewhere in it."""
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if not isinstance(place[key], (dict, list)) or not place[key] or rng.random() < 0.3:
            break
        place = place[key]
    match rng.randrange(8):
        case 0:
            del place[key]
        case 1:
            place[key] = json.loads("[" * 900 + "]" * 900)
        case _:
            place[key] = rng.choice(ODD_VALUES)


def _with_canvas(envelope: dict[str, Any]) -> dict[str, Any]:
    """A message as a plain client's chord sends it."""
    headers = envelope["headers"]
    headers.update(origin="gen1@somewhere", group="g", group_index=0, timelimit=[9, 9], retries=0)
    headers.update(stamped_headers=["s"], stamps={"s": ["1"]}, expires=None, shadow="shown")
    return envelope


# Celery's remote commands, with arguments that somebody may send.
COMMANDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ping", {}),
    ("hello", {"from_node": "other@host", "revoked": {"id": 1.0}}),
    ("revoke", {"task_id": ["nobody"], "terminate": True, "signal": "TERM"}),
    ("revoke_by_stamped_headers", {"headers": {"s": "1"}}),
    ("rate_limit", {"task_name": JOBS.task, "rate_limit": "1/h"}),
    ("add_consumer", {"queue": "other", "exchange": None, "exchange_type": "direct"}),
    ("cancel_consumer", {"queue": "other"}),
    ("query_task", {"ids": ["nobody"]}),
    ("registered", {"taskinfoitems": ["name"]}),
)


def command_message(method: str, arguments: Any) -> dict[str, Any]:
    """A remote command as Celery's control publishes it."""
    body = {"method": method, "arguments": arguments, "destination": None, "pattern": None}
    envelope: dict[str, Any] = json.loads(job_message("command", "{}"))
    envelope["body"] = base64.b64encode(json.dumps({**body, "matcher": None}).encode()).decode()
    envelope["headers"] = {"clock": 1, "expires": 0.0}
    return envelope


def spoilt_command(rng: random.Random) -> bytes:
    """A remote command in which something may be wrong."""
    method, arguments = rng.choice(COMMANDS)
    body = {"arguments": json.loads(json.dumps(arguments))}
    envelope = command_message(method, arguments)
    match rng.randrange(3):
        case 0:
            spoil(rng, envelope)
        case 1:
            spoil(rng, body)
            envelope = command_message(method, body.get("arguments"))
        case _:
            raw = bytearray(json.dumps(envelope).encode())
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
            return bytes(raw)
    return json.dumps(envelope).encode()
