"""What a worker's main process looks at before it parses a message: its size and its depth.

The main process parses each message and pickles it for a child. One that is nested a few hundred
levels deep ends it there, goes back to the queue, and ends the next worker; one of 500 MB stops
the renewal of leases. Such a message is replaced, unparsed, by one that says what was wrong with
it, and fails in a child as any other bad job does.
"""

from __future__ import annotations

import json
import re
from typing import Any

from celery.worker.strategy import default

from arbitrage.arbitrage_tuning import MAX_EXTRA_DEPTH, MAX_JOB_BYTES

# JSON may spell one byte in six ("\u00e9" is two bytes of UTF-8), and the protocol adds its own.
MAX_BODY_BYTES = 8 * MAX_JOB_BYTES
MAX_BODY_DEPTH = 2 * MAX_EXTRA_DEPTH

# The keyword under which the sentence travels to the child.
REFUSED = "refused"

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def strategy(task: Any, app: Any, consumer: Any, **options: Any) -> Any:
    """Celery's own way to handle a message of `task`, behind the check. Named by the tasks."""
    handle = default(task, app, consumer, **options)

    def check_and_handle(message: Any, body: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(message.body, (str, bytes)):  # bytes of another charset are not ours
            message.body = acceptable_body(message.body)
        return handle(message, body, *rest, **more)

    return check_and_handle


def acceptable_body(body: str | bytes) -> str | bytes:
    """The body itself, or what travels in its place."""
    sentence = _complaint(body)
    if sentence is None:
        return body
    return json.dumps([[], {REFUSED: sentence}, {}])


def _complaint(body: str | bytes) -> str | None:
    if len(body) > MAX_BODY_BYTES:
        return f"the message is {len(body):,} bytes; a job has at most {MAX_JOB_BYTES:,}"
    text = body if isinstance(body, str) else body.decode(errors="replace")
    if _depth(text) > MAX_BODY_DEPTH:
        return f"the job is nested more than {MAX_EXTRA_DEPTH} levels deep"
    return None


def _depth(text: str) -> int:
    """How deep the brackets of a JSON text stand in one another, those within its strings aside."""
    if text.count("[") + text.count("{") <= MAX_BODY_DEPTH:
        return 0  # as good as any number up to the bound, and without a search
    deepest = depth = 0
    for bracket in _BRACKET.findall(_TEXT.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
