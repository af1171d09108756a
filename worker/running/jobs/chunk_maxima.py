"""The maxima of a chunk as they travel back: packed into text, whatever the number of configs."""

from __future__ import annotations

import base64

import numpy as np

from arbitrage.errors import DataError
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.periods.period_clock import periods_of
from arbitrage.results.selection.maxima import Maxima
from arbitrage.results.verdict.clocked import ClockedData
from arbitrage.results.verdict.luck import Draws, maxima_of
from worker.running.jobs.chunks import Bootstrap, Chunk, PackedMaxima

_NUMBERS = np.dtype("<f8")


def chunk_maxima(chunk: Chunk, bootstrap: Bootstrap, data: OpenedFile) -> list[PackedMaxima]:
    """The maxima of the chunk's configs, for each of the measures.

    The weights of the replicates are drawn here, from the seed, as in every other worker.

    Raises:
        DataError: The data are too short to be divided into periods, or lack what an option needs.
    """
    periods = periods_of(data)
    if periods is None:
        raise DataError(f"{chunk.sweep.data_file!r} is too short for a test of what it comes to")
    replicates = draws_of(bootstrap).replicates(len(periods))
    clocked = ClockedData(data, periods)
    return [packed(each) for each in maxima_of(chunk.sweep, chunk.numbers, clocked, replicates)]


def draws_of(bootstrap: Bootstrap) -> Draws:
    """What a chunk says of its replicates."""
    return Draws(bootstrap.mean_block, bootstrap.n_bootstrap, bootstrap.seed)


def bootstrap_of(draws: Draws) -> Bootstrap:
    """What a chunk says of these replicates."""
    return Bootstrap(mean_block=draws.mean_block, n_bootstrap=draws.n_bootstrap, seed=draws.seed)


def packed(maxima: Maxima) -> PackedMaxima:
    """The maxima as JSON, each number whole."""
    numbers = np.append(maxima.largest.ravel(), maxima.statistic)
    text = base64.b64encode(numbers.astype(_NUMBERS).tobytes()).decode()
    return {"numbers": text, "best": maxima.best, "n_configs": maxima.n_configs}


def unpacked(found: PackedMaxima) -> Maxima:
    """The maxima that were packed."""
    numbers = np.frombuffer(base64.b64decode(found["numbers"]), _NUMBERS)
    largest = numbers[:-1].reshape(3, -1).astype(np.float64)
    return Maxima(largest, float(numbers[-1]), found["best"], found["n_configs"])
