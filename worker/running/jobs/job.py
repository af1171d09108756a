"""One delivered job inside a worker: decode it, claim it, run it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from traceback import clear_frames
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.documents.config import MAX_JOB_BYTES, TuningConfig, parse_config
from arbitrage.documents.json_text import compact_json
from arbitrage.documents.result import Document, ErrorRecord, error_record
from arbitrage.errors import ConfigError, is_out_of_memory, is_retryable, is_user_error
from worker.running.jobs.data_root import resolve_in_root
from worker.running.jobs.memory import bound_memory, out_of_memory

if TYPE_CHECKING:
    from worker.settings import Settings

# The keyword under which a sentence travels to a job in place of its argument, which is unfit.
REFUSED = "refused"

log = logging.getLogger("arbtune.jobs")

Result = TypeVar("Result")


class Argument(NamedTuple):
    """The one argument of a task."""

    name: str
    what: str


CONFIG = Argument("config", "a TuningConfig")


class JobFailedError(Exception):
    """What a task raises: the error record, so that Celery can carry it between processes."""

    def __init__(self, record: ErrorRecord) -> None:
        super().__init__(record)
        self.record = record


def payload_text(args: tuple[Any, ...], kwargs: dict[str, Any], argument: Argument) -> str:
    """What the ledger keeps of a foreign job's payload: its JSON, or nothing when it is unfit."""
    try:
        payload = payload_of(args, kwargs, argument)
        text = compact_json(payload)
        return text if isinstance(payload, dict) and len(text.encode()) <= MAX_JOB_BYTES else ""
    except (ConfigError, ValueError, TypeError, RecursionError):
        return ""


def decode(args: tuple[Any, ...], kwargs: dict[str, Any]) -> TuningConfig:
    """The config that a message carries.

    Raises:
        ConfigError: One sentence that says what is wrong with the payload.
    """
    payload = payload_of(args, kwargs, CONFIG)
    size = _json_size(payload)
    if size > MAX_JOB_BYTES:
        raise ConfigError(f"the job is {size:,} bytes of JSON; at most {MAX_JOB_BYTES:,} travel")
    return parse_config(payload)


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


def attempt_job(args: tuple[Any, ...], kwargs: dict[str, Any], settings: Settings) -> Document:
    """Decode and run; every failure leaves as a `JobFailedError`."""
    return attempted(lambda: run(decode(args, kwargs), settings), settings)


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


def payload_of(args: tuple[Any, ...], kwargs: dict[str, Any], argument: Argument) -> Any:
    """The one argument that a task takes.

    Raises:
        ConfigError: There is another number of them.
    """
    if len(args) == 1 and not kwargs:
        return args[0]
    if not args and set(kwargs) == {argument.name}:
        return kwargs[argument.name]
    if REFUSED in kwargs:
        raise ConfigError(str(kwargs[REFUSED]))
    raise ConfigError(
        f"the task takes one argument, {argument.name}: {argument.what} as a JSON object"
    )


def _json_size(payload: Any) -> int:
    """Bytes of the payload as JSON; one that is not JSON, or too deep, is refused for that."""
    try:
        return len(compact_json(payload).encode())
    except (ValueError, TypeError, RecursionError):
        return 0
