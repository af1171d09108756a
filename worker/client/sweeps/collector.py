"""The client's side of a sweep: sends the chunks that are missing, keeps what comes back.

It holds a bounded number of chunks in the queue and no result for longer than it takes to write
it, so neither its memory nor that of Redis grows with the sweep. When it dies, what it had sent
goes on; the next run takes over what is finished, waits for what is open, and sends the rest.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import polars as pl

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.results.store.missing_rows import MissingRows, Piece
from arbitrage.results.store.ranking import best_row
from worker.client.jobs.sending import submit
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
from worker.running.jobs.chunks import MAX_CONFIGS, Chunk, bits_of, of_spec

# Enough for many workers, few enough for their results to be a small part of Redis: a chunk's are
# about a megabyte.
CHUNKS_AT_ONCE = 64


@dataclass
class Progress:
    """Where a sweep stands; all in configs. `copied` counts those of this run alone."""

    total: int
    succeeded: int = 0
    failed: int = 0
    traded: int = 0
    running: int = 0
    queued: int = 0
    copied: int = 0
    best: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def done(self) -> int:
        return self.succeeded + self.failed


class Collector:
    """One run of a sweep's client.

    Args:
        missing: What the sweep's folder lacks; held by this process.
        data_sha256: The digest of its data.
        ledger: The queue.
        show: Called with the progress whenever it may have changed.
        rows: The first row that the configs run over and the one after the last; None for all.
    """

    def __init__(
        self,
        missing: MissingRows,
        data_sha256: str,
        ledger: Ledger,
        show: Callable[[Progress], None],
        rows: tuple[int, int] | None = None,
    ) -> None:
        self._missing = missing
        self._spec = missing.spec
        self._folder = missing.folder
        self._data_sha256 = data_sha256
        self._ledger = ledger
        self._show = show
        self._rows = rows and list(rows)
        self._spec_of_chunks = of_spec(missing.spec)
        self._in_flight: dict[str, Piece] = {}
        self._halves: deque[Piece] = deque()
        self._lost_once: set[int] = set()
        self.progress = Progress(missing.spec.total)

    def run(self, chunk_size: int) -> None:
        """Run until every config has its row.

        Raises:
            SweepError: It cannot go on: other data, a wrong file, cancelled.
        """
        self._count_what_is_there()
        try:
            self._run(self._missing.pieces(chunk_size, MAX_CONFIGS))
        except SweepError:
            self._cancel_the_rest()
            raise

    def _run(self, missing: Iterator[Piece]) -> None:
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
            first, last = range_of(job_id)
            gaps = self._folder.missing(self._spec.total, self._spec.total)
            if any(start <= first and last <= stop for start, stop in gaps):
                self._collect_piece(job_id, first, last)

    def _collect_piece(self, job_id: str, start: int, stop: int) -> None:
        """Keep a chunk if what it left out is still known, or if it left out nothing."""
        for missing in (MissingRows(self._spec, self._folder, None), self._missing):
            piece = missing.piece(start, stop)
            if chunk_id(self._folder.sweep_id, piece) == job_id:
                self._in_flight[job_id] = piece
                self._collect([job_id])
                return

    def _count_what_is_there(self) -> None:
        found = self._folder.count_rows(self._spec.total)
        self.progress.succeeded = found.succeeded
        self.progress.failed = found.failed
        self.progress.traded = found.traded
        self.progress.best = self._folder.best(self._spec)
        self._show(self.progress)

    # -- the way out

    def _send(self, missing: Iterator[Piece]) -> None:
        room = CHUNKS_AT_ONCE - len(self._in_flight)
        halves = [self._halves.popleft() for _ in range(min(room, len(self._halves)))]
        pieces = [*halves, *islice(self._with_news(missing), room - len(halves))]
        if not pieces:
            return
        chunks = {chunk_id(self._folder.sweep_id, piece): piece for piece in pieces}
        self._in_flight |= chunks
        # What an earlier run had sent and nobody has collected is not computed again.
        self._submit_without_result(list(chunks))

    def _with_news(self, missing: Iterator[Piece]) -> Iterator[Piece]:
        """The pieces that have something to compute; the others are kept at once."""
        for piece in missing:
            if len(piece.new):
                yield piece
            else:
                self._keep(piece, {}, {})

    def _submit_without_result(self, job_ids: list[str]) -> None:
        if not job_ids:
            return
        there = self._ledger.have_results(job_ids)
        wanted = [job_id for job_id, has in zip(job_ids, there, strict=True) if not has]
        if wanted:
            chunks = [self._chunk(self._in_flight[job_id]).submission(job_id) for job_id in wanted]
            submit(self._ledger, chunks, CHUNKS)

    def _chunk(self, piece: Piece) -> Chunk:
        return Chunk(
            spec=self._spec_of_chunks,
            start=piece.start,
            stop=piece.stop,
            only=bits_of(piece.new, piece.start, piece.stop),
            data_sha256=self._data_sha256,
            engine_version=ENGINE_VERSION,
            rows=self._rows,
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

    def _take_result(self, piece: Piece, meta: Meta) -> None:
        if meta["status"] == "SUCCESS":
            self._keep(piece, unpacked(meta["result"]["figures"]), {})
        elif meta["status"] == "REVOKED":
            raise SweepError("the sweep was cancelled; the same command goes on with it")
        else:
            self._take_failure(piece, meta)

    def _cancel_the_rest(self) -> None:
        """Cancel what was sent while somebody cancelled the sweep: nobody would collect it."""
        for job_id in self._in_flight:
            self._ledger.cancel(job_id, cancelled_meta(job_id))

    def _take_failure(self, piece: Piece, meta: Meta) -> None:
        if not is_of_one_config(meta):
            raise SweepError(failure_message(meta))
        number = int(piece.new[0])
        if len(piece.new) > 1:
            self._halves += piece.halves()
        elif meta["error"]["retryable"] and number not in self._lost_once:
            self._lost_once.add(number)  # its process may have been killed for no fault of its own
            self._halves.append(piece)
        else:
            self._keep(piece, {}, {number: failure_message(meta)})

    def _keep(self, piece: Piece, figures: Mapping[str, pl.Series], errors: dict[int, str]) -> None:
        rows = self._missing.keep(piece, figures, errors)
        self.progress.failed += len(errors)
        self.progress.succeeded += rows.height - len(errors)
        self.progress.copied = self._missing.copied.total()
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
        sizes = {job_id: len(piece.new) for job_id, piece in self._in_flight.items()}
        running = [job_id for job_id, state in states.items() if state is State.RUNNING]
        self.progress.running = sum(sizes[job_id] for job_id in running)
        self.progress.queued = sum(sizes.values()) - self.progress.running
        self._show(self.progress)
        self._submit_without_result([job_id for job_id in states if not states[job_id].is_open])


def chunk_id(sweep_id: str, piece: Piece) -> str:
    """The job id of a chunk: the same configs of the same sweep are the same job."""
    only = bits_of(piece.new, piece.start, piece.stop)
    of_some = "" if only is None else f"-{hashlib.sha256(only.encode()).hexdigest()[:16]}"
    return f"{sweep_id}.{piece.start}-{piece.stop}{of_some}"


def range_of(job_id: str) -> tuple[int, int]:
    """The range of a chunk, from its id."""
    start, stop, *_ = job_id.rpartition(".")[2].split("-")
    return int(start), int(stop)
