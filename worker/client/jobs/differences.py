"""Finds the parameters in which jobs differ, so that a list of jobs shows only those."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from arbitrage.shell.console import printable

if TYPE_CHECKING:
    from worker.ledger.ledger import Submission

# Shown elsewhere, and of any size.
_LEFT_OUT = frozenset({"tag", "extra"})


class Differences:
    """The names of the fields in which the jobs that passed by differ."""

    def __init__(self) -> None:
        self._first: dict[str, Any] | None = None
        self._names: set[str] = set()

    def of(self, jobs: Iterable[Submission]) -> Iterator[Submission]:
        """Pass jobs on and note in which fields they differ."""
        for job in jobs:
            config = json.loads(job.config)
            if self._first is None:
                self._first = config
            self._names |= {name for name in config if config[name] != self._first[name]}
            yield job

    def told(self, config: dict[str, Any] | None) -> str:
        """A job's own values of them, for people."""
        shown = (config or {}).items()
        return ", ".join(
            f"{name} {_value(value)}"
            for name, value in shown
            if name in self._names and name not in _LEFT_OUT
        )


def _value(value: Any) -> str:
    if value is None:
        return "unset"
    text = printable(value)
    return text.removesuffix(".0") if isinstance(value, float) else text
