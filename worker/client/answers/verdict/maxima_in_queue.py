"""Tests a search by the workers of a queue: chunks go out, maxima of replicates come back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.results.selection.maxima import CONFIGS_AT_ONCE, Maxima
from arbitrage.results.verdict.clocked import ClockedData
from arbitrage.results.verdict.luck import Draws, Tell, merged
from arbitrage.results.verdict.search import CONFIGS_A_PIECE, Piece, Search
from worker.client.jobs.sending import submit
from worker.client.sweeps.plan import POLL_S, SECONDS_PER_CHUNK, SweepError, failure_message
from worker.ledger.celery_meta import Meta, cancelled_meta
from worker.ledger.envelope import CHUNKS
from worker.ledger.ledger import Ledger
from worker.running.jobs.chunk_maxima import bootstrap_of, unpacked
from worker.running.jobs.chunks import Chunk, bits_of, of_spec

CHUNKS_AT_ONCE = 64
_TIMED = 16  # configs, from all over the search


class MaximaInQueue:
    """A `Tested` of `verdict.luck`: the configs of a search in chunks, on whatever worker.

    Args:
        ledger: The queue.
        meanwhile: Called again and again while it waits.
    """

    def __init__(self, ledger: Ledger, meanwhile: Callable[[], None]) -> None:
        self._ledger = ledger
        self._meanwhile = meanwhile
        self._run = f"verdict-{uuid.uuid4()}"
        self._in_flight: dict[str, Chunk] = {}

    def __call__(
        self, search: Search, clocked: ClockedData, draws: Draws, tell: Tell
    ) -> list[Maxima]:
        """The maxima of all configs.

        Raises:
            SweepError: A chunk failed, or somebody has cancelled it.
        """
        chunks = self._chunks(search, clocked, draws)
        try:
            return self._collected(chunks, tell)
        finally:
            self._forget()

    def _chunks(
        self, search: Search, clocked: ClockedData, draws: Draws
    ) -> Iterator[tuple[str, Chunk]]:
        """What is sent, under an id each, in the order of the search."""
        bootstrap, data_sha256 = bootstrap_of(draws), clocked.data.data_sha256
        size = _configs_a_chunk(search, clocked)
        pieces = (part for piece in search.pieces for part in _cut(piece, size))
        for place, piece in enumerate(pieces):
            yield (
                f"{self._run}.{place}",
                Chunk(
                    spec=of_spec(piece.sweep.spec),
                    start=piece.start,
                    stop=piece.stop,
                    only=bits_of(piece.numbers, piece.start, piece.stop),
                    data_sha256=data_sha256,
                    engine_version=ENGINE_VERSION,
                    bootstrap=bootstrap,
                ),
            )

    def _collected(self, chunks: Iterator[tuple[str, Chunk]], tell: Tell) -> list[Maxima]:
        """All of them, merged in the order of the search as far as they are there."""
        found: list[list[Maxima]] = []
        waiting: dict[int, list[Maxima]] = {}
        done = 0
        while self._send(chunks) or self._in_flight:
            for job_id, maxima in self._arrived():
                tell(maxima[0].n_configs)
                waiting[int(job_id.rpartition(".")[2])] = maxima
            while done in waiting:
                found = [merged([*found, waiting.pop(done)])]
                done += 1
            self._meanwhile()
        return found[0]

    def _send(self, chunks: Iterator[tuple[str, Chunk]]) -> bool:
        """Fill the queue up; whether anything was sent."""
        new = dict(islice(chunks, CHUNKS_AT_ONCE - len(self._in_flight)))
        self._in_flight |= new
        self._submit(list(new))
        return bool(new)

    def _submit(self, job_ids: list[str]) -> None:
        if job_ids:
            jobs = [self._in_flight[job_id].submission(job_id) for job_id in job_ids]
            submit(self._ledger, jobs, CHUNKS)

    def _arrived(self) -> Iterator[tuple[str, list[Maxima]]]:
        """What has come since; without anything, after a moment, what was lost is sent again."""
        job_ids = list(self._in_flight)
        metas = dict(zip(job_ids, self._ledger.results(job_ids), strict=True))
        there = {job_id: meta for job_id, meta in metas.items() if meta is not None}
        for job_id, meta in there.items():
            del self._in_flight[job_id]
            self._ledger.forget([job_id])
            yield job_id, _maxima(meta)
        if not there:
            time.sleep(POLL_S)
            self._send_what_is_lost()

    def _send_what_is_lost(self) -> None:
        """The server may have been emptied."""
        job_ids = list(self._in_flight)
        states = zip(job_ids, self._ledger.states(job_ids), strict=True)
        lost = [job_id for job_id, state in states if not state.is_open]
        there = self._ledger.have_results(lost) if lost else []
        self._submit([job_id for job_id, has in zip(lost, there, strict=True) if not has])

    def _forget(self) -> None:
        """Leave nothing in the queue, however it ended."""
        for job_id in self._in_flight:
            self._ledger.cancel(job_id, cancelled_meta(job_id))
        self._ledger.forget(list(self._in_flight))


def _maxima(meta: Meta) -> list[Maxima]:
    if meta["status"] == "SUCCESS":
        return [unpacked(each) for each in meta["result"]["maxima"]]
    if meta["status"] == "REVOKED":
        raise SweepError("the test was cancelled; the same command begins it anew")
    raise SweepError(f"{failure_message(meta)}; --in-process tests it here")


def _configs_a_chunk(search: Search, clocked: ClockedData) -> int:
    """So many that a chunk takes a second or two, by what some take here."""
    pieces = search.drawn(_TIMED, seed=0)
    began = time.perf_counter()
    for piece in pieces:
        clocked.profits(piece.sweep.spec, piece.numbers)
    taken = time.perf_counter() - began
    each = max(taken / sum(len(piece.numbers) for piece in pieces), 1e-9)
    size = min(CONFIGS_A_PIECE, max(1, int(SECONDS_PER_CHUNK / each)))
    # A whole number of what is drawn together, where it is as many, or a divisor of it.
    whole = size // CONFIGS_AT_ONCE * CONFIGS_AT_ONCE
    return whole or next(n for n in range(size, 0, -1) if CONFIGS_AT_ONCE % n == 0)


def _cut(piece: Piece, size: int) -> Iterator[Piece]:
    """The piece, cut where its numbers are multiples of a size."""
    for cut in range(piece.start // size * size, piece.stop, size):
        start, stop = max(piece.start, cut), min(piece.stop, cut + size)
        first, last = np.searchsorted(piece.numbers, [start, stop])
        if first < last:
            yield Piece(piece.sweep, start, stop, piece.numbers[first:last])
