"""A sweep's progress for people: a live line on a terminal, a plain one now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from arbitrage.grids import exact

if TYPE_CHECKING:
    from worker.sweeps.collector import Progress

Show = Callable[["Progress"], None]

PLAIN_LINE_EVERY_S = 5.0
_SHOWN_FIELDS = 3  # of the best config, beside the figure that it is the best by


class _Rate:
    """Configs a second since this client started; what was there before does not count."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._before: int | None = None

    def __call__(self, done: int) -> float:
        if self._before is None:
            self._before = done
        return (done - self._before) / max(time.monotonic() - self._started, 1e-9)


@contextmanager
def sweep_progress(varying: list[str], rank_by: str) -> Iterator[Show]:
    """A function that shows the progress it is given, on stderr."""
    if not sys.stderr.isatty():
        yield _plain(varying, rank_by)
        return
    from rich.console import Console  # a pipe does not pay for it
    from rich.live import Live
    from rich.text import Text

    rate = _Rate()
    with Live(console=Console(stderr=True), refresh_per_second=5, transient=False) as live:

        def show(progress: Progress) -> None:
            lines = [_line(progress, rate(progress.done)), _best(progress.best, varying, rank_by)]
            live.update(Text("\n".join(filter(None, lines)), no_wrap=True, overflow="ellipsis"))

        yield show


def _plain(varying: list[str], rank_by: str) -> Show:
    rate, next_line = _Rate(), time.monotonic() + PLAIN_LINE_EVERY_S

    def show(progress: Progress) -> None:
        nonlocal next_line
        speed = rate(progress.done)
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + PLAIN_LINE_EVERY_S
            parts = [_line(progress, speed), _best(progress.best, varying, rank_by)]
            print("; ".join(filter(None, parts)), file=sys.stderr)

    return show


def _line(progress: Progress, per_second: float) -> str:
    share = progress.done / progress.total if progress.total else 1.0
    parts = [f"{progress.done:,} of {progress.total:,} configs ({share:.0%})"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if per_second > 0:
        left = (progress.total - progress.done) / per_second
        parts.append(f"{per_second:,.0f}/s, {_duration(left)} left")
    parts.append(f"{progress.running:,} running, {progress.queued:,} queued")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _best(best: dict[str, Any] | None, varying: list[str], rank_by: str) -> str:
    if best is None:
        return ""
    values = {name: best[name] for name in varying[:_SHOWN_FIELDS]}
    config = ", ".join(
        f"{name} {'not set' if value is None else exact(value)}" for name, value in values.items()
    )
    return f"best so far: {rank_by} {best[rank_by]:z,.2f} with {config or 'the one config'}"
