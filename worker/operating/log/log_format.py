"""Writes events: JSON objects for programs, lines to read for people, secrets masked."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from arbitrage.shell.console import printable

# One that is shorter may be part of any word: it is blotted out only where a password stands.
SHORTEST_SECRET = 8

Mask = Callable[[str], str]


def mask_of(secrets: Sequence[str]) -> Mask:
    """A function that masks the secrets in a text."""
    if not secrets:
        return lambda text: text
    known = "|".join(re.escape(secret) for secret in secrets)
    long = "|".join(re.escape(secret) for secret in secrets if len(secret) >= SHORTEST_SECRET)
    # In a URL, and in what Python shows of a connection's options.
    places = re.compile(rf"(:)(?:{known})(?=@)|(password\W{{1,4}})(?:{known})", re.IGNORECASE)
    anywhere = re.compile(long) if long else None

    def mask(text: str) -> str:
        masked = places.sub(lambda found: f"{found[1] or found[2]}***", text)
        return masked if anywhere is None else anywhere.sub("***", masked)

    return mask


class EventFormatter(JsonFormatter):
    """An event as a JSON object."""

    def __init__(self, mask: Mask) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "message": "event"},
            timestamp="time",
            json_ensure_ascii=False,
        )
        self._mask = mask

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Mask before JSON escapes characters that a secret may have."""
        return {name: self._masked(value) for name, value in log_data.items()}

    def _masked(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float, datetime)):
            return value
        if isinstance(value, dict):
            return {name: self._masked(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._masked(inner) for inner in value]
        return self._mask(str(value))


class LineFormatter(logging.Formatter):
    """An event as a line to read: the time of day, what happened, and to what."""

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback stands below it."""
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = f"{record.levelname} " if record.levelno >= logging.WARNING else ""
        details = "".join(
            f"  {name}={_value(value)}"
            for name, value in vars(record).items()
            if name not in RESERVED_ATTRS and not name.startswith("_")
        )
        said = " ".join(record.getMessage().split())
        line = self._mask(printable(f"{moment} {level}{said}{details}"))
        if record.exc_info:
            line += "\n" + self._mask(self.formatException(record.exc_info))
        return line


def _value(value: object) -> str:
    """The value as it is when it is one word, otherwise in quotes."""
    text = str(value)
    return text if re.fullmatch(r"\S+", text) else json.dumps(text, ensure_ascii=False)


FORMATS: dict[str, Callable[[Mask], logging.Formatter]] = {
    "json": EventFormatter,
    "text": LineFormatter,
}
