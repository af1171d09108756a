"""What a message carries for its task: one JSON object, read once and carried on from there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from arbitrage.documents.config import MAX_JOB_BYTES
from arbitrage.documents.json_text import compact_json
from arbitrage.errors import ConfigError

# The keyword under which a sentence travels to a job in place of its argument, which is unfit.
REFUSED = "refused"


class Argument(NamedTuple):
    """The one argument of a task."""

    name: str
    what: str


CONFIG = Argument("config", "a TuningConfig")
CHUNK = Argument("chunk", "a range of a sweep")


@dataclass(frozen=True, slots=True)
class Payload:
    """The argument of a job, or why it cannot be read."""

    value: Any
    """The argument, as JSON has it."""
    text: str = ""
    """The same as compact JSON; empty where it is not JSON, or nested too deeply for it."""
    problem: str = ""
    """One sentence about a message whose arguments are not a payload; else empty."""

    @classmethod
    def of_message(cls, args: Any, kwargs: dict[str, Any], argument: Argument) -> Payload:
        """The payload of a delivery, or of a message that is about to be sent."""
        match list(args), kwargs:
            case [value], {} if not kwargs:
                return cls(value, _text_of(value))
            case [], _ if kwargs.keys() == {argument.name}:
                value = kwargs[argument.name]
                return cls(value, _text_of(value))
            case [], _ if kwargs.keys() == {REFUSED}:
                return cls(None, problem=str(kwargs[REFUSED]))
        name, what = argument
        return cls(None, problem=f"the task takes one argument, {name}: {what} as a JSON object")

    @classmethod
    def of_text(cls, text: str) -> Payload:
        """What the ledger has kept of one."""
        return cls(json.loads(text), text)

    @property
    def kept(self) -> str:
        """What the ledger keeps of it: its text, or nothing where no job can run with it."""
        fits = isinstance(self.value, dict) and self.size <= MAX_JOB_BYTES
        return self.text if fits else ""

    @property
    def size(self) -> int:
        """Bytes as compact JSON; 0 where it is not JSON, which is refused for that."""
        return len(self.text.encode())

    def check(self) -> None:
        """Refuse a message whose arguments are not a payload.

        Raises:
            ConfigError: The sentence that says so.
        """
        if self.problem:
            raise ConfigError(self.problem)


def _text_of(value: Any) -> str:
    try:
        text = compact_json(value)
        text.encode()
    except (ValueError, TypeError, RecursionError):
        return ""
    return text
