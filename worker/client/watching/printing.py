"""An overview printed once: as wide as the terminal, or as it has to be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from worker.client.watching.page import View, page, worker_table

if TYPE_CHECKING:
    from worker.client.watching.overview import Overview

_UNBOUNDED = 10_000  # columns, and lines


def print_overview(overview: Overview, place: str) -> None:
    """The whole page, no table cut."""
    _console().print(page(overview, View(), place, _UNBOUNDED))


def print_workers(overview: Overview) -> None:
    """The workers alone."""
    _console().print(worker_table(overview.workers, overview.now))


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _UNBOUNDED, highlight=False)
