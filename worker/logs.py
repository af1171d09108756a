"""A worker's log: one JSON object a line, an event each, and no secret in any of them."""

from __future__ import annotations

import logging
import sys
from typing import Any

import celery.apps.worker
from billiard.util import get_logger
from pythonjsonlogger.json import JsonFormatter

from worker.identity import worker_id
from worker.misnamed import misnamed_settings
from worker.settings import Settings

# Celery tells of each task at INFO and repeats each error with a traceback; our own lines replace
# both.
_TOO_TALKATIVE = ("celery.app.trace", "celery.worker.strategy", "celery.worker.request")


class EventFormatter(JsonFormatter):
    """Formats a record as an event and blots out the secrets."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "message": "event"},
            timestamp="time",
            json_ensure_ascii=False,
        )
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line


def configure_logging(loglevel: int | str | None = None, **_: Any) -> None:
    """Send every record of this process to stderr, as events. Celery calls this at its start."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter(Settings.from_environment().secrets))
    logging.basicConfig(level=loglevel or logging.INFO, handlers=[handler], force=True)
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    get_logger().propagate = True  # the pool's logger keeps to itself, and would print bare lines
    logging.captureWarnings(capture=True)
    # What Celery's signal handlers print past all loggers: our own lines say when a worker stops.
    celery.apps.worker.safe_say = _say_nothing


def _say_nothing(*_: object) -> None:
    pass


def log_misnamed_settings(**_: Any) -> None:
    """Tell of variables that look like settings; before there is a server, which one may name."""
    for sentence in misnamed_settings():
        logging.getLogger("arbtune.worker").warning("setting.unknown", extra={"error": sentence})


def log_worker_ready(**_: Any) -> None:
    """Say that jobs are taken from now on, and where from."""
    settings = Settings.from_environment()
    logging.getLogger("arbtune.worker").info(
        "worker.ready",
        extra={
            "worker": worker_id(),
            "redis": settings.redis_place,
            "data_root": str(settings.data_root.resolve()),
        },
    )
