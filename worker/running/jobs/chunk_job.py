"""One chunk inside a worker: replay its configs, or say what its data are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.errors import ConfigError, DataChanged
from arbitrage.replay import many_configs
from worker.running.jobs.chunks import Bootstrap, Chunk, ChunkMaxima, ChunkResult, DataFacts
from worker.running.jobs.data_root import resolve_in_root
from worker.running.jobs.pilots import pilot_times
from worker.running.jobs.task_argument import Payload

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from arbitrage.replay.files.opened_file import OpenedFile
    from worker.settings import Settings


def version_of_chunk(payload: Payload) -> str:
    """The engine version that a chunk is for; that of this program where it names none.

    Raises:
        ConfigError: The message carries no payload.
    """
    payload.check()
    match payload.value:
        case {"engine_version": str(version)}:
            return version
    return ENGINE_VERSION  # `Chunk.parse` complains


def run_chunk(chunk: Chunk, settings: Settings) -> ChunkResult | ChunkMaxima | DataFacts:
    """The result of a chunk; an empty chunk asks about its data."""
    if not chunk.configs:
        return data_facts(chunk, settings)
    if chunk.bootstrap:
        return tested_chunk(chunk, chunk.bootstrap, settings)
    return replay_chunk(chunk, settings)


def replay_chunk(chunk: Chunk, settings: Settings) -> ChunkResult:
    """The packed figures of the chunk's configs.

    Raises:
        DataChanged: The data file is another than the sweep's.
        ConfigError, DataError, OSError: The file cannot be used.
    """
    from worker.running.jobs.chunk_figures import packed  # polars, in children only

    spec = chunk.sweep
    data = _open(chunk, spec, settings)
    _check_range(chunk, spec)
    numbers = chunk.numbers
    figures = many_configs.replay(data, spec.columns_of(numbers), len(numbers))
    return {"start": chunk.start, "stop": chunk.stop, "figures": packed(figures, data)}


def tested_chunk(chunk: Chunk, bootstrap: Bootstrap, settings: Settings) -> ChunkMaxima:
    """The maxima of the replicates, over the chunk's configs.

    Raises:
        DataChanged: The data file is another than the sweep's.
        ConfigError, DataError, OSError: The file cannot be used.
    """
    from worker.running.jobs.chunk_maxima import chunk_maxima  # polars, in children only

    spec = chunk.sweep
    data = _open(chunk, spec, settings)
    _check_range(chunk, spec)
    return {
        "start": chunk.start,
        "stop": chunk.stop,
        "maxima": chunk_maxima(chunk, bootstrap, data),
    }


def data_facts(chunk: Chunk, settings: Settings) -> DataFacts:
    """What the data of a sweep are on this worker, and what one of its configs takes.

    Raises:
        DataChanged: The data file is another than the sweep's.
        ConfigError, DataError, OSError: The file cannot be used.
    """
    spec = chunk.sweep
    data = _open(chunk, spec, settings)
    times = pilot_times(spec, data, chunk.pilots) if chunk.pilots else None
    return {
        "data_sha256": data.data_sha256,
        "rows": data.rows,
        "skipped": data.skipped,
        "data": data.facts.of_rows(),
        "engine_version": ENGINE_VERSION,
        "seconds_per_config": times.per_config if times else None,
        "seconds_per_shape": times.per_shape if times else 0.0,
    }


def _check_range(chunk: Chunk, spec: SweepSpec) -> None:
    if chunk.stop > spec.total:
        raise ConfigError(f"config {chunk.stop - 1} of a sweep of {spec.total}")


def _open(chunk: Chunk, spec: SweepSpec, settings: Settings) -> OpenedFile:
    path = resolve_in_root(spec.data_file, settings.data_root)
    data = many_configs.open_data(path, settings.data_limits)
    if chunk.data_sha256 not in (None, data.data_sha256):
        raise DataChanged(
            f"{spec.data_file!r} is another file on this worker than the sweep was started with: "
            "it has changed since, or ARBTUNE_DATA_ROOT is another place there"
        )
    return data if chunk.rows is None else _between(data, *chunk.rows)


def _between(data: OpenedFile, first_row: int, stop_row: int) -> OpenedFile:
    try:
        return data.between(first_row, stop_row)
    except IndexError as error:
        raise ConfigError(f"the chunk is of {error}") from None
