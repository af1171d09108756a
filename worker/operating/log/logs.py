"""A worker's log: a line an event, on stderr, as `log_format` beside writes it."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO, cast

import celery.apps.worker
from billiard.util import get_logger

from worker.ledger.identity import worker_id
from worker.operating.log.log_format import FORMATS, mask_of
from worker.operating.log.unblocked import UnblockedStream
from worker.operating.misspelt_settings import misnamed_settings
from worker.settings import Settings

# Celery tells of each task at INFO and repeats each error with a traceback; our own lines replace
# both.
_TOO_TALKATIVE = ("celery.app.trace", "celery.worker.strategy", "celery.worker.request")
# At INFO they tell what our own lines do, the server's URL with a blot for a password that it has
# not, and of each child and each page of memory.
_HEARD_IF_WRONG = ("celery.apps.worker", "celery.worker.consumer.connection", "multiprocessing")


AUTO = "auto"  # for people where there is a terminal, else for programs


def configure_logging(
    loglevel: int | str | None = None, *, log_format: str = AUTO, **_: Any
) -> None:
    """Send every record of this process to stderr, as events.

    Celery calls this at its start as well, and in each child; the first call decides.
    """
    # The pool's logger keeps to itself, and would print bare lines; Celery makes it anew each time.
    get_logger().propagate = True
    if any(isinstance(handler, EventHandler) for handler in logging.getLogger().handlers):
        return
    stream = UnblockedStream(sys.stderr.fileno())
    # For all that is not a record, such as the last words of an interpreter.
    sys.stderr = cast("TextIO", stream)
    handler = EventHandler(stream)
    if log_format == AUTO:
        log_format = "text" if stream.isatty() else "json"
    handler.setFormatter(FORMATS[log_format](mask_of(Settings.from_environment().secrets)))
    logging.basicConfig(level=loglevel or logging.INFO, handlers=[handler], force=True)
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _HEARD_IF_WRONG:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    # What Celery's signal handlers print past all loggers: our own lines say when a worker stops.
    celery.apps.worker.safe_say = _say_nothing


class EventHandler(logging.StreamHandler[UnblockedStream]):
    """The one handler of a worker's log; it drops what would block, and says so afterwards."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, behind the number of those that were dropped before it."""
        try:
            records = [record]
            if self.stream.dropped:
                records.insert(0, _dropped(self.stream.dropped))
            if self.stream.offer("".join(self.format(one) + self.terminator for one in records)):
                self.stream.dropped = 0
        except Exception:  # noqa: BLE001 - as every handler does
            self.handleError(record)


def _dropped(lines: int) -> logging.LogRecord:
    facts = {"name": "arbtune.worker", "levelno": logging.WARNING, "levelname": "WARNING"}
    return logging.makeLogRecord({**facts, "msg": "log.dropped", "lines": lines})


def _say_nothing(*_: object) -> None:
    pass


def log_misnamed_settings(**_: Any) -> None:
    """Tell of variables that look like settings; before there is a server, which one may name."""
    for sentence in misnamed_settings():
        logging.getLogger("arbtune.worker").warning("setting.unknown", extra={"error": sentence})


def log_worker_ready(**_: Any) -> None:
    """Log that the worker takes jobs now, and from where."""
    settings = Settings.from_environment()
    logging.getLogger("arbtune.worker").info(
        "worker.ready",
        extra={
            "worker": worker_id(),
            "redis": settings.redis_place,
            "data_root": str(settings.data_root.resolve()),
        },
    )
