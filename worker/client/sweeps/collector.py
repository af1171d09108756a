"""The client's side of a sweep: sends the chunks that are missing, keeps what comes back.

It holds a bounded number of chunks in the queue and no result for longer than it takes to write
it, so neither its memory nor that of Redis grows with the sweep. When it dies, what it had sent
goes on; the next run takes over what is finished, waits for what is open, and sends the rest.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import polars as pl

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.folder import SweepFolder
from arbitrage.results.ranking import best_row
from arbitrage.results.rows import sweep_rows
from worker.client.sending import submit
from worker.client.sweeps.plan import (
    POLL_S,
    SweepError,
    failure_message,
    is_of_one_config,
)
from worker.ledger.celery_meta import Meta, cancelled_meta
from worker.ledger.envelope import CHUNKS
from worker.ledger.ledger import Ledger, State
from worker.running.jobs.chunk_figures import unpacked
from worker.running.jobs.chunks import Chunk, of_spec

# Enough for many workers, few enough for their results to be a small part of Redis: a chunk's are
# about a megabyte.
CHUNKS_AT_ONCE = 64

Range = tuple[int, int]


@dataclass
class Progress:
    """Where a sweep stands; all in configs."""

    total: int
    succeeded: int = 0
    failed: int = 0
    traded: int = 0
    running: int = 0
    queued: int = 0
    best: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def done(self) -> int:
        return self.succeeded + self.failed


class Collector:
    """One run of a sweep's client.

    Args:
        spec: The sweep.
        folder: Where its results go; held by this process.
        data_sha256: The digest of its data.
        ledger: The queue.
        show: Called with the progress whenever it may have changed.
    """

    def __init__(
        self,
        spec: SweepSpec,
        folder: SweepFolder,
        data_sha256: str,
        ledger: Ledger,
        show: Callable[[Progress], None],
    ) -> None:
        self._spec = spec
        self._folder = folder
        self._data_sha256 = data_sha256
        self._ledger = ledger
        self._show = show
        self._spec_of_chunks = of_spec(spec)
        self._in_flight: dict[str, Range] = {}
        self._halves: deque[Range] = deque()
        self._lost_once: set[Range] = set()
        self.progress = Progress(spec.total)

    def run(self, chunk_size: int) -> None:
        """Run until every config has its row.

        Raises:
            SweepError: It cannot go on: other data, a wrong file, cancelled.
        """
        self._count_what_is_there()
        missing = self._folder.missing(self._spec.total, chunk_size)
        try:
            self._run(missing)
        except SweepError:
            self._cancel_the_rest()
            raise

    def _run(self, missing: Iterator[Range]) -> None:
        while True:
            self._send(missing)
            if not self._in_flight:
                self.progress.running = self.progress.queued = 0
                self._show(self.progress)
                return
            found = self._collect(list(self._in_flight))
            self._look_around()
            if not found:
                time.sleep(POLL_S)

    def collect_finished(self, job_ids: Sequence[str]) -> None:
        """Keep what these chunks of an earlier run have come to, and send nothing.

        Not of those that are on disk already, in part or as a whole: a row is written once.
        """
        self._count_what_is_there()
        for job_id in job_ids:
            part = range_of(job_id)
            gaps = self._folder.missing(self._spec.total, self._spec.total)
            if any(start <= part[0] and part[1] <= stop for start, stop in gaps):
                self._in_flight[job_id] = part
                self._collect([job_id])

    def _count_what_is_there(self) -> None:
        found = self._folder.count_rows(self._spec.total)
        self.progress.succeeded = found.succeeded
        self.progress.failed = found.failed
        self.progress.traded = found.traded
        self.progress.best = self._folder.best(self._spec)
        self._show(self.progress)

    # -- the way out

    def _send(self, missing: Iterator[Range]) -> None:
        room = CHUNKS_AT_ONCE - len(self._in_flight)
        halves = [self._halves.popleft() for _ in range(min(room, len(self._halves)))]
        ranges = [*halves, *islice(missing, room - len(halves))]
        if not ranges:
            return
        chunks = {chunk_id(self._folder.sweep_id, part): part for part in ranges}
        self._in_flight |= chunks
        # What an earlier run had sent and nobody has collected is not computed again.
        self._submit_without_result(list(chunks))

    def _submit_without_result(self, job_ids: list[str]) -> None:
        if not job_ids:
            return
        there = self._ledger.have_results(job_ids)
        wanted = [job_id for job_id, has in zip(job_ids, there, strict=True) if not has]
        if wanted:
            chunks = [self._chunk(self._in_flight[job_id]).submission(job_id) for job_id in wanted]
            submit(self._ledger, chunks, CHUNKS)

    def _chunk(self, part: Range) -> Chunk:
        return Chunk(
            spec=self._spec_of_chunks,
            start=part[0],
            stop=part[1],
            data_sha256=self._data_sha256,
            engine_version=ENGINE_VERSION,
        )

    # -- the way back

    def _collect(self, job_ids: Sequence[str]) -> bool:
        """Keep the results that are there; whether there was any."""
        found = False
        for job_id, meta in zip(job_ids, self._ledger.results(job_ids), strict=True):
            if meta is not None:
                found = True
                self._take_result(self._in_flight.pop(job_id), meta)
                self._ledger.forget([job_id])
        return found

    def _take_result(self, part: Range, meta: Meta) -> None:
        if meta["status"] == "SUCCESS":
            self._keep(part, meta["result"]["figures"], {})
        elif meta["status"] == "REVOKED":
            raise SweepError("the sweep was cancelled; the same command goes on with it")
        else:
            self._take_failure(part, meta)

    def _cancel_the_rest(self) -> None:
        """Cancel what was sent while somebody cancelled the sweep: nobody would collect it."""
        for job_id in self._in_flight:
            self._ledger.cancel(job_id, cancelled_meta(job_id))

    def _take_failure(self, part: Range, meta: Meta) -> None:
        start, stop = part
        if not is_of_one_config(meta):
            raise SweepError(failure_message(meta))
        if stop - start > 1:
            middle = (start + stop) // 2
            self._halves += [(start, middle), (middle, stop)]
        elif meta["error"]["retryable"] and part not in self._lost_once:
            self._lost_once.add(part)  # its process may have been killed for no fault of its own
            self._halves.append(part)
        else:
            self._keep(part, None, {start: failure_message(meta)})

    def _keep(self, part: Range, figures: str | None, errors: dict[int, str]) -> None:
        rows = sweep_rows(self._spec, *part, unpacked(figures) if figures else {}, errors)
        self._folder.write_part(rows)
        self.progress.failed += len(errors)
        self.progress.succeeded += part[1] - part[0] - len(errors)
        self.progress.traded += int((rows["total_trades"] > 0).sum())
        self.progress.best = self._better(rows)
        self._show(self.progress)

    def _better(self, rows: pl.DataFrame) -> dict[str, Any] | None:
        held = [] if self.progress.best is None else [self.progress.best]
        known = pl.DataFrame(held, schema=rows.schema)
        return best_row(pl.concat([known, rows]).lazy(), self._spec)

    def _look_around(self) -> None:
        """Count what runs and what waits, and send again what is lost.

        The server was emptied, or another client of the same sweep has taken the result away.
        """
        states = dict(zip(self._in_flight, self._ledger.states(list(self._in_flight)), strict=True))
        sizes = {job_id: stop - start for job_id, (start, stop) in self._in_flight.items()}
        running = [job_id for job_id, state in states.items() if state is State.RUNNING]
        self.progress.running = sum(sizes[job_id] for job_id in running)
        self.progress.queued = sum(sizes.values()) - self.progress.running
        self._show(self.progress)
        self._submit_without_result([job_id for job_id in states if not states[job_id].is_open])


def chunk_id(sweep_id: str, part: Range) -> str:
    """The job id of a chunk: the same range of the same sweep is the same job."""
    return f"{sweep_id}.{part[0]}-{part[1]}"


def range_of(job_id: str) -> Range:
    """The range of a chunk, from its id."""
    start, stop = job_id.rpartition(".")[2].split("-")
    return int(start), int(stop)
