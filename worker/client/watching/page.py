"""An overview as a page for a terminal, of any width and height."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from arbitrage.shell.console import printable, span
from worker.ledger.view import State

if TYPE_CHECKING:
    from worker.client.watching.overview import Overview, WorkerView
    from worker.ledger.view import JobRecord
    from worker.operating.signs.sweeps import SweepSign

# How the jobs that run are sorted, by the word for it.
SORTS = ("longest", "worker", "job")
_FEWEST_ROWS = 3  # of each table, however low the terminal is


@dataclass(frozen=True, slots=True)
class View:
    """What of an overview is shown.

    Attributes:
        sort: One of `SORTS`.
        only: Jobs and workers with this text in a cell; all with ''.
        is_typing: Whether the text is being typed.
    """

    sort: str = SORTS[0]
    only: str = ""
    is_typing: bool = False

    def sorted_next(self) -> View:
        """Sorted by the next of `SORTS`."""
        return replace(self, sort=SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)])


def page(overview: Overview, view: View, place: str, height: int) -> RenderableType:
    """The whole of it, in so many lines.

    Args:
        overview: What there is.
        view: What of it is shown.
        place: Where the server is.
        height: Of the terminal; tables are cut, and say so.
    """
    workers = [worker for worker in overview.workers if _has(view, _worker_cells(worker, 0))]
    jobs = _jobs(overview, view)
    room = max(2 * _FEWEST_ROWS, height - 10 - len(overview.sweeps) - len(overview.queues) // 4)
    rows_of_workers = max(_FEWEST_ROWS, min(len(workers), room // 2))
    rows_of_jobs = max(_FEWEST_ROWS, room - min(len(workers), rows_of_workers))
    return Group(
        Text(f"arbtune at {place}, {time.strftime('%H:%M:%S')}", style="bold"),
        *_counts(overview),
        *_sweeps(overview.sweeps),
        *_table(
            ("WORKER", "VERSION", "RUNS", "SINCE"),
            [_worker_cells(worker, overview.now) for worker in workers],
            rows_of_workers,
            none="no worker is present: start one with arbtune worker",
        ),
        *_table(
            ("JOB", "FOR", "TRY", "WORKER", "TAG, FILE"),
            [_job_cells(job, overview.now) for job in jobs],
            rows_of_jobs,
            none="no job is running",
        ),
    )


def keys(view: View) -> Text:
    """The line of keys."""
    if view.is_typing:
        return Text(f"only: {view.only}_   (Enter: done, Esc: all)", style="reverse")
    only = f"only {view.only!r}" if view.only else "all"
    return Text(f"q quit   s sort: {view.sort}   f filter: {only}", style="reverse")


def worker_table(workers: Sequence[WorkerView], now: float) -> RenderableType:
    """The workers alone, with what each runs."""
    rows = [
        (*_worker_cells(worker, now), ", ".join(job.job_id for job in worker.jobs))
        for worker in workers
    ]
    return Group(
        *_table(
            ("WORKER", "VERSION", "RUNS", "SINCE", "JOBS"),
            rows,
            len(rows),
            none="no worker is present: start one with arbtune worker",
        )
    )


def _counts(overview: Overview) -> Iterator[Text]:
    jobs = overview.jobs
    waits = f" (the oldest for {span(overview.oldest_s)})" if overview.oldest_s is not None else ""
    line = Text(f"jobs    {jobs[State.QUEUED]:,} waiting{waits}, {jobs[State.RUNNING]:,} running, ")
    line.append(f"{jobs[State.SUCCESS]:,} succeeded, ")
    line.append(f"{jobs[State.ERROR]:,} failed", style="red" if jobs[State.ERROR] else "")
    yield line
    dead = overview.dead_letters
    queues = ", ".join(f"{name} {depth:,}" for name, depth in overview.queues.items())
    line = Text(f"queues  {queues}; ")
    line.append(f"dead letters {dead:,}", style="bold red" if dead else "")
    yield line


def _sweeps(sweeps: Sequence[SweepSign]) -> Iterator[RenderableType]:
    rows = [_sweep_cells(sweep) for sweep in sweeps]
    yield from _table(
        ("SWEEP", "DONE", "RATE", "LEFT", "BEST SO FAR"),
        rows,
        len(rows),
        none="nobody waits for a sweep",
    )


def _sweep_cells(sweep: SweepSign) -> tuple[str, ...]:
    best = "" if sweep.best is None else f"{sweep.rank_by} {sweep.best:z,.2f}"
    share = sweep.done / sweep.total if sweep.total else 1.0
    return (
        printable(sweep.sweep_id),
        f"{share:.0%} of {sweep.total:,}" + (f", {sweep.failed:,} failed" * bool(sweep.failed)),
        f"{sweep.per_second:,.0f}/s",
        "" if sweep.left_s is None else span(sweep.left_s),
        printable(best),
    )


def _worker_cells(worker: WorkerView, now: float) -> tuple[str, ...]:
    presence = worker.presence
    return (
        printable(presence.worker),
        printable(presence.version),
        f"{len(worker.jobs)} of {presence.concurrency}",
        "" if presence.since is None else span(now - presence.since),
    )


def _job_cells(job: JobRecord, now: float) -> tuple[str, ...]:
    started = "" if job.started_at is None else span(now - job.started_at)
    worker = (job.worker or "").rpartition("/")[0]
    return job.job_id, started, str(job.attempts), printable(worker), _what(job)


def _what(job: JobRecord) -> str:
    config: dict[str, Any] = job.config if isinstance(job.config, dict) else {}
    held = config.get("spec") if job.is_chunk else config
    spec: dict[str, Any] = held if isinstance(held, dict) else {}
    name = PurePath(str(spec.get("data_file") or "")).name
    tag = spec.get("tag") or spec.get("tag_prefix") or ""
    return printable(", ".join(filter(None, (str(tag), name))))


def _jobs(overview: Overview, view: View) -> list[JobRecord]:
    """Those that are shown, in their order."""
    shown = [job for job in overview.running if _has(view, _job_cells(job, overview.now))]
    if view.sort == "worker":
        return sorted(shown, key=lambda job: (job.worker or "", job.job_id))
    if view.sort == "job":
        return sorted(shown, key=lambda job: job.job_id)
    return sorted(shown, key=lambda job: (job.started_at or overview.now, job.job_id))


def _has(view: View, cells: Iterable[str]) -> bool:
    return not view.only or any(view.only.lower() in cell.lower() for cell in cells)


def _table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], most: int, *, none: str
) -> Iterator[RenderableType]:
    yield Text("")
    if not rows:
        yield Text(none)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, title in enumerate(titles, 1):  # the last column gives way
        least = (
            max(len(title), *(len(row[place - 1]) for row in rows)) if place < len(titles) else 1
        )
        table.add_column(title, no_wrap=True, overflow="ellipsis", min_width=least)
    for row in rows[:most]:
        table.add_row(*map(Text, row))
    yield table
    if len(rows) > most:
        yield Text(f"... and {len(rows) - most:,} more")
