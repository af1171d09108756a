"""A sweep's progress for people: live lines on a terminal, plain ones now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from arbitrage.documents.spec.grids import Grid
from arbitrage.documents.spec.short_values import short_text
from arbitrage.documents.spec.sweep_spec import SweepSpec
from worker.client.sweeps.collector import Progress

Show = Callable[[Progress], None]

LIVE_PER_S = 5  # redrawn on a terminal
PLAIN_LINE_EVERY_S = 5.0  # written elsewhere
PLAIN_WIDTH = 80


class Rate:
    """Configs a second since this client started; what was there or is copied does not count."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._before: int | None = None

    def __call__(self, progress: Progress) -> float:
        done = progress.done - progress.copied
        if self._before is None:
            self._before = done
        return (done - self._before) / max(time.monotonic() - self._started, 1e-9)


@contextmanager
def sweep_progress(spec: SweepSpec) -> Iterator[Show]:
    """A function that shows the progress it is given, on stderr."""
    if not sys.stderr.isatty():
        yield _plain(spec)
        return
    rate = Rate()
    console = Console(stderr=True)
    with Live(console=console, refresh_per_second=LIVE_PER_S, transient=False) as live:

        def show(progress: Progress) -> None:
            lines = progress_lines(progress, rate(progress), spec, console.width)
            live.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"))

        yield show


def _plain(spec: SweepSpec) -> Show:
    rate, next_line = Rate(), time.monotonic()

    def show(progress: Progress) -> None:
        nonlocal next_line
        speed = rate(progress)
        is_sent = progress.running + progress.queued > 0
        if is_sent and time.monotonic() >= next_line:
            next_line = time.monotonic() + PLAIN_LINE_EVERY_S
            print(*progress_lines(progress, speed, spec, PLAIN_WIDTH), sep="\n", file=sys.stderr)

    return show


def progress_lines(
    progress: Progress, per_second: float, spec: SweepSpec, width: int
) -> Iterator[str]:
    """Where a sweep stands and what is the best so far, in lines of this width."""
    yield _fitting([*_standing(progress, per_second)], width)
    if progress.best is not None and progress.traded:
        yield _fitting([*_best(progress.best, spec)], width)
    elif progress.succeeded:
        yield "no config has traded so far"


def _fitting(parts: list[str], width: int) -> str:
    """The parts side by side; the last ones give way."""
    while len(line := ", ".join(parts)) > width and len(parts) > 1:
        parts = parts[:-1]
    return line


def _standing(progress: Progress, per_second: float) -> Iterator[str]:
    share = progress.done / progress.total if progress.total else 1.0
    yield f"{progress.done:,} of {progress.total:,} configs ({share:.0%})"
    if progress.failed:
        yield f"{progress.failed:,} failed"
    if progress.copied:
        yield f"{progress.copied:,} copied"
    if per_second > 0:
        yield f"{_duration((progress.total - progress.done) / per_second)} left"
        yield f"{per_second:,.0f}/s"
    yield f"{progress.running:,} running"
    yield f"{progress.queued:,} queued"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _best(best: dict[str, Any], spec: SweepSpec) -> Iterator[str]:
    figure = f"best so far: {spec.rank_by} {best[spec.rank_by]:z,.2f}"
    config = [f"{grid.name} {_value(grid, best[grid.name])}" for grid in spec.grids]
    config = config or ["the one config"]
    yield f"{figure} with {config[0]}"
    yield from config[1:]


def _value(grid: Grid, value: float | None) -> str:
    return "not set" if value is None else short_text(grid, value)
