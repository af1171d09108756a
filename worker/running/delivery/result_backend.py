"""Makes Celery record outcomes through the ledger, in its atomic step.

Celery calls `store_result` from the child for a job that returned or raised, and from the worker's
main process for one whose child died or was stopped. Both end here.
"""

from __future__ import annotations

import logging
import time
from functools import cached_property
from typing import Any

from celery import states
from celery.backends.redis import RedisBackend
from celery.exceptions import TimeLimitExceeded, WorkerLostError

from arbitrage.errors import OF_ONE_CONFIG
from worker.ledger.celery_meta import Meta, cancelled_meta, failed_meta, success_meta
from worker.ledger.connection import open_ledger
from worker.ledger.envelope import CHUNKS, JOBS, Route, list_of
from worker.ledger.identity import worker_id
from worker.ledger.ledger import Attempt, Holder, Ledger, Outcome, State
from worker.ledger.patience import worker_patience_s
from worker.ledger.redis_client import TlsConnection, connect
from worker.operating.trace import traces
from worker.running.delivery.error_records import failure_record
from worker.running.jobs import canvas
from worker.running.jobs.task_argument import CONFIG, Payload
from worker.settings import Settings

log = logging.getLogger("arbtune.jobs")


class LedgerBackend(RedisBackend):
    """Celery's Redis backend for reading, the ledger for writing."""

    connection_class_ssl = TlsConnection

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_environment()

    def _create_client(self, **params: Any) -> Any:
        """A client of the server; where Sentinels name it, of ours."""
        if self.settings.sentinels is not None:
            return connect(self.settings)
        return super()._create_client(**params)

    @cached_property
    def ledger(self) -> Ledger:
        """That of the main process, which cannot wait; `warmup` gives children theirs."""
        return open_ledger(self.settings, tries=1, patience_s=worker_patience_s(self.settings))

    def mark_as_done(
        self, task_id: str, result: Any, request: Any = None, *args: Any, **options: Any
    ) -> None:
        """Record a success, of a job whose sender ignores results too: the ledger does not."""
        if _is_job(request):
            self.store_result(task_id, result, states.SUCCESS, request=request)
        else:
            super().mark_as_done(task_id, result, request, *args, **options)

    def mark_as_failure(
        self, task_id: str, exc: BaseException, *args: Any, request: Any = None, **options: Any
    ) -> None:
        """Give a failed attempt another try where the table of errors says so, else record it."""
        if not _is_job(request):
            super().mark_as_failure(task_id, exc, *args, request=request, **options)
        elif not self._is_requeued(task_id, exc, request):
            if not isinstance(exc, (TimeLimitExceeded, WorkerLostError)):
                self._claim_unstarted(task_id, request)
            self.store_result(task_id, exc, states.FAILURE, request=request)

    def mark_as_revoked(
        self,
        task_id: str,
        reason: str = "",
        request: Any = None,
        store_result: bool = True,
        **options: Any,
    ) -> None:
        """Record a cancellation, of the request at hand or of one that may be anywhere."""
        if request is None and (record := self.ledger.record(task_id)) is not None:
            if record.state is State.QUEUED:  # the worker that runs it ends it, and then says so
                self.ledger.cancel(task_id, cancelled_meta(task_id))
        elif not _is_job(request):
            super().mark_as_revoked(task_id, reason, request, store_result, **options)
        elif store_result:
            self.store_result(task_id, None, states.REVOKED, request=request)

    def store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None = None,
        request: Any = None,
        **options: Any,
    ) -> Any:
        """Record what became of a job; the states on the way there are the ledger's own."""
        if not _is_job(request):
            return super().store_result(task_id, result, state, traceback, request, **options)
        if state == states.SUCCESS:
            meta = _of_canvas(success_meta(task_id, result), request)
            configs = getattr(request, "configs", 1)  # a chunk's task says how many
            self._finish(task_id, Outcome(State.SUCCESS, meta, configs=configs), request)
        elif state == states.FAILURE:
            self._finish(task_id, self._failure(task_id, result, request), request)
        elif state == states.REVOKED:
            self._cancel(task_id, request)
        return result

    def _claim_unstarted(self, task_id: str, request: Any) -> None:
        """Claim a waiting job that failed before its task could claim it.

        The ledger would refuse the failure, and the message would come back and fail again.
        """
        if _attempt(request) is not None or self.ledger.states([task_id]) != [State.QUEUED]:
            return
        route = Route(request.task, list_of(request.delivery_info))
        start = self.ledger.start(task_id, worker_id(), "", route)
        if start is not None:
            request.attempt = Attempt.begin(start)

    def _cancel(self, task_id: str, request: Any) -> None:
        """A plain Celery client revoked the job, or let it expire, perhaps before it started."""
        meta = cancelled_meta(task_id)
        if self.ledger.cancel(task_id, meta) is State.UNKNOWN:
            kept = canvas.of_message(request)
            outcome = Outcome(State.CANCELLED, meta, canvas=kept)
            self.ledger.finish(task_id, _holder(request), outcome)
        self.ledger.ended(worker_id(), [task_id])  # Celery has seen to its child
        self._go_on(task_id, State.CANCELLED, request)
        traces.attempt_cancelled(self.ledger, task_id)

    def _is_requeued(self, task_id: str, error: BaseException, request: Any) -> bool:
        """Whether the ledger takes the failure as one that may pass, until it did so too often."""
        failure = self._failure(task_id, error, request)
        if failure.error is None or not failure.error["retryable"]:
            return False
        if request.task == CHUNKS.task and failure.error["type"] in OF_ONE_CONFIG:
            return False  # its client halves it, which finds the config that did it sooner
        verdict = self._requeue(task_id, failure, request)
        if verdict == State.UNKNOWN and request.task == JOBS.task:
            self._meet(task_id, request)
            verdict = self._requeue(task_id, failure, request)
        if verdict == State.UNKNOWN:
            return False
        event = "job.retry" if verdict == State.QUEUED else "job.finished"
        _log(event, task_id, request, outcome=verdict, error=failure.error["message"])
        self._go_on(task_id, verdict, request)
        outcome = {"queued": "retry", "error": "dead_letter"}.get(verdict, verdict)
        self._trace(task_id, request, outcome, failure)
        return True

    def _requeue(self, task_id: str, failure: Outcome, request: Any) -> str:
        """Queue the job anew, or make it a dead letter where its attempts are used up."""
        limit = self.settings.max_attempts
        return self.ledger.requeue(task_id, _holder(request), failure, max_attempts=limit)

    def _meet(self, task_id: str, request: Any) -> None:
        """Enter a foreign job whose child died between taking its message and claiming it.

        Should this process die now, too, the job is found as one whose message is lost.
        """
        config = Payload.of_message(request.args, request.kwargs, CONFIG).kept
        route = Route(request.task, list_of(request.delivery_info))
        self.ledger.expect(task_id, config, route, canvas.of_message(request))

    def _failure(self, task_id: str, error: BaseException, request: Any) -> Outcome:
        limit_s = self.settings.job_time_limit_s
        record = failure_record(error, self._attempts(task_id, request), limit_s)
        meta = _of_canvas(failed_meta(task_id, record), request)
        return Outcome(State.ERROR, meta, record, canvas=canvas.of_message(request))

    def _attempts(self, task_id: str, request: Any) -> int:
        """How often the job was started; the main process, which starts none, has to ask."""
        attempt = _attempt(request)
        if attempt is not None:
            return attempt.number
        record = self.ledger.record(task_id)
        return 0 if record is None else record.attempts

    def _finish(self, task_id: str, outcome: Outcome, request: Any) -> None:
        verdict = self.ledger.finish(task_id, _holder(request), outcome)
        details = {"error": outcome.error["message"]} if outcome.error else {}
        _log("job.finished", task_id, request, outcome=verdict, **details)
        self._go_on(task_id, verdict, request)
        self._trace(task_id, request, verdict, outcome)

    def _go_on(self, task_id: str, verdict: str, request: Any) -> None:
        """Send the followers of a job whose outcome has just been recorded."""
        if verdict in (State.SUCCESS, State.ERROR, State.CANCELLED) and canvas.after(request):
            canvas.send_followers(self, self.ledger, task_id)

    def _trace(self, task_id: str, request: Any, verdict: str, outcome: Outcome) -> None:
        attempt = _attempt(request)
        if attempt is not None:
            queue = (request.delivery_info or {}).get("routing_key")
            traces.attempt_ended(task_id, attempt, verdict, outcome.error, queue)
        elif verdict not in ("refused", State.UNKNOWN):
            traces.attempts_lost(self.ledger, {task_id: verdict})


def _of_canvas(meta: Meta, request: Any) -> Meta:
    """The record of a result with what Celery's canvas looks for."""
    if request.group:
        meta["group_id"] = request.group
    if request.parent_id:
        meta["parent_id"] = request.parent_id
    return meta


def _is_job(request: Any) -> bool:
    return getattr(request, "task", None) in (JOBS.task, CHUNKS.task)


def _attempt(request: Any) -> Attempt | None:
    """The attempt that runs in this process; None in the main process, which runs none."""
    return getattr(request, "attempt", None)


def _holder(request: Any) -> Holder:
    attempt = _attempt(request)
    return Holder(worker_id()) if attempt is None else attempt.holder


def _log(event: str, task_id: str, request: Any, **details: Any) -> None:
    attempt = _attempt(request)
    if attempt is not None:
        details["attempt"] = attempt.number
        details["seconds"] = round(time.monotonic() - attempt.began, 6)
    log.info(event, extra={"job_id": task_id, **details})
