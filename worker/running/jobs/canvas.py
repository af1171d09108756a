"""Sends what a plain client wants after a job: a chain's next, callbacks, errbacks, a chord's body.

Celery sends it before the outcome stands, and only from the message at hand, so a job that is
started again would send it twice, or never. Here it stays with the record of the job, goes out with
every message of it, and is seen to once the outcome stands: by whoever recorded that, or by the
reconciler where nobody could.
"""

from __future__ import annotations

import json
import logging
import uuid
from typing import TYPE_CHECKING, Any

from celery import current_app, signals, states
from celery.app.task import Context
from celery.backends.redis import RedisBackend
from celery.canvas import Signature, maybe_signature
from kombu.exceptions import OperationalError
from kombu.utils.json import dumps
from redis import RedisError

from worker.ledger.envelope import JOBS, Route, is_of_ledger
from worker.ledger.ledger import Ledger, State
from worker.running.jobs.chords import ChordIsClaimedError, count_in
from worker.running.jobs.task_argument import CONFIG, Payload

if TYPE_CHECKING:
    from worker.ledger.celery_meta import Meta

AFTER = ("callbacks", "errbacks", "chain", "chord")
# What else of a message has a meaning for a later start, or for Celery's record of the outcome.
HEADERS = (
    *("root_id", "parent_id", "group", "group_index", "shadow", "expires", "timelimit"),
    *("retries", "replaced_task_nesting", "stamped_headers", "stamps"),
)
MAY_PASS = (RedisError, OperationalError, OSError, ChordIsClaimedError)

log = logging.getLogger("arbtune.jobs")


def of_message(request: Any) -> str:
    """What the ledger keeps of a delivery, as JSON text; '' for a message of its own."""
    if is_of_ledger({"origin": request.origin}):
        return ""
    headers = {name: value for name in HEADERS if (value := getattr(request, name, None))}
    if headers.get("root_id") == request.id:
        del headers["root_id"]
    if not any(headers.get("timelimit", ())):
        headers.pop("timelimit", None)
    embed = after(request)
    return dumps({"headers": headers, "embed": embed}) if headers or embed else ""


def after(request: Any) -> dict[str, Any]:
    """The followers of the job of a request."""
    taken: dict[str, Any] | None = getattr(request, "after", None)
    if taken is not None:
        return taken
    return {name: value for name in AFTER if (value := getattr(request, name, None))}


def take_over(request: Any) -> None:
    """Keep Celery from sending the followers before the outcome is recorded."""
    request.after = after(request)
    for name in request.after:
        setattr(request, name, None)


def send_followers(backend: RedisBackend, ledger: Ledger, job_id: str) -> None:
    """Send the followers of an ended job; if that fails, the reconciler tries again."""
    try:
        owed = ledger.canvas(job_id)
        if owed is not None:
            _see_to(backend, job_id, *owed)
        ledger.settled(job_id)
    except MAY_PASS as error:
        log.warning("canvas.waits", extra={"job_id": job_id, "error": str(error)})


def _see_to(backend: RedisBackend, job_id: str, canvas: str, state: State, meta: Meta) -> None:
    kept = json.loads(canvas)
    request = Context(
        {**kept["headers"], **kept["embed"], "id": job_id, "delivery_info": {}, "args": []}
    )
    try:
        if state is State.SUCCESS:
            _go_on(backend, request, meta["result"])
        else:
            _give_up(backend, request, meta)
    except MAY_PASS:
        raise
    except Exception:  # whatever somebody wrote into a signature; it would fail again
        log.exception("canvas.broken", extra={"job_id": job_id})


def _go_on(backend: RedisBackend, request: Any, result: Any) -> None:
    family = {"parent_id": request.id, "root_id": request.root_id or request.id}
    for number, callback in enumerate(request.callbacks or ()):
        signature = _signature(callback, f"{request.id}/{number}")
        signature.apply_async((result,), **family)
    if request.chain:
        following = _signature(request.chain[-1], f"{request.id}/chain")
        following.apply_async((result,), chain=request.chain[:-1], **family)
    if request.chord:
        count_in(backend, request, states.SUCCESS, result)


def _give_up(backend: RedisBackend, request: Any, meta: Meta) -> None:
    state, error = meta["status"], backend.exception_to_python(meta["result"])
    if request.chord:
        count_in(backend, request, state, error)
    backend._fail_chain(request.chain, error, state=state)  # noqa: SLF001
    if request.errbacks and state == states.FAILURE:
        RedisBackend._call_task_errbacks(backend, request, error, None)  # noqa: SLF001


def _signature(held: Any, name: str) -> Signature:
    """A signature under an id that is the same whoever sends it, so that it starts once."""
    signature = maybe_signature(held, app=current_app)
    signature.options.setdefault("task_id", str(uuid.uuid5(uuid.NAMESPACE_OID, name)))
    return signature


def watch_publishing() -> None:
    """Record in the ledger every job that this process and its children publish."""
    signals.before_task_publish.connect(_expect)


def _expect(
    sender: str = "", body: Any = (), headers: Any = None, declare: Any = (), **_: Any
) -> None:
    """Record a job of ours that Celery is about to publish, the next of a canvas."""
    if sender != JOBS.task or headers.get("eta") or not declare:
        return
    args, kwargs, embed = body
    if config := Payload.of_message(args, kwargs, CONFIG).kept:
        canvas = of_message(Context({**headers, **embed}))
        route = Route(sender, declare[0].name)
        current_app.backend.ledger.expect(headers["id"], config, route, canvas)
