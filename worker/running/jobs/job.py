"""One delivered job inside a worker: decode it, run it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from traceback import clear_frames
from typing import TYPE_CHECKING, TypeVar

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.documents.config import MAX_JOB_BYTES, TuningConfig, parse_config
from arbitrage.documents.result import Document, ErrorRecord, error_record
from arbitrage.errors import ConfigError, is_out_of_memory, is_retryable, is_user_error
from worker.running.jobs.data_root import resolve_in_root
from worker.running.jobs.memory import bound_memory, out_of_memory
from worker.running.jobs.task_argument import Payload

if TYPE_CHECKING:
    from worker.settings import Settings

log = logging.getLogger("arbtune.jobs")

Result = TypeVar("Result")


class JobFailedError(Exception):
    """What a task raises: the error record, so that Celery can carry it between processes."""

    def __init__(self, record: ErrorRecord) -> None:
        super().__init__(record)
        self.record = record


def config_of(payload: Payload) -> TuningConfig:
    """The config that a message carries.

    Raises:
        ConfigError: One sentence that says what is wrong with the payload.
    """
    payload.check()
    if payload.size > MAX_JOB_BYTES:
        raise ConfigError(
            f"the job is {payload.size:,} bytes of JSON; at most {MAX_JOB_BYTES:,} travel"
        )
    return parse_config(payload.value)


def run(config: TuningConfig, settings: Settings) -> Document:
    """The job's metrics as JSON.

    Raises:
        JobFailedError: Whatever went wrong; a `MemoryError` or `SystemExit` that got out would
            take the whole worker down with it.
    """
    runner = ArbitrageTuningRunner(
        config,
        data_path=resolve_in_root(config.data_file, settings.data_root),
        limits=settings.data_limits,
    )
    return runner.run().model_dump(mode="json")


def attempt_job(payload: Payload, settings: Settings) -> Document:
    """Decode and run; every failure leaves as a `JobFailedError`."""
    return attempted(lambda: run(config_of(payload), settings), settings)


def attempted(work: Callable[[], Result], settings: Settings) -> Result:
    """What the work returns; every failure leaves as a `JobFailedError`."""
    try:
        bound_memory(settings)
        return work()
    except BaseException as error:  # SystemExit and the like end the job too, and nothing else
        clear_frames(error.__traceback__)  # what a MemoryError was short of is held by its frames
        if is_out_of_memory(error):
            raise JobFailedError(error_record(out_of_memory(settings))) from error
        if not is_user_error(error) and not is_retryable(error):
            log.exception("job.crashed")
        raise JobFailedError(error_record(error)) from error
