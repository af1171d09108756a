"""One chunk inside a worker: decode it, replay its configs, or say what its data are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.result import Document
from arbitrage.errors import ConfigError, DataChanged
from arbitrage.replay.many_configs import open_data, replay
from worker.running.jobs.chunks import Chunk
from worker.running.jobs.data_root import resolve_in_root
from worker.running.jobs.job import Argument, payload_of

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from arbitrage.replay.prepared_file import PreparedFile
    from worker.settings import Settings

CHUNK = Argument("chunk", "a range of a sweep")


def decode_chunk(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Chunk:
    """The chunk that a message carries.

    Raises:
        ConfigError: One sentence that says what is wrong with the payload.
    """
    return Chunk.parse(payload_of(args, kwargs, CHUNK))


def version_of_chunk(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The engine version that a chunk is for; that of this program where it names none.

    Raises:
        ConfigError: There is no one argument.
    """
    payload = payload_of(args, kwargs, CHUNK)
    version = payload.get("engine_version") if isinstance(payload, dict) else None
    return version if isinstance(version, str) else ENGINE_VERSION  # `decode_chunk` complains


def run_chunk(chunk: Chunk, settings: Settings) -> Document:
    """The packed figures of the chunk's configs; of an empty one, what the data are.

    Raises:
        DataChanged: The data file is another than the sweep's.
        ConfigError, DataError, OSError: The file cannot be used.
    """
    from worker.running.jobs.chunk_figures import packed  # polars, in children only

    spec = chunk.sweep
    data = _open(spec, settings)
    if chunk.data_sha256 not in (None, data.data_sha256):
        raise DataChanged(
            f"{spec.data_file!r} is another file on this worker than the sweep was started with: "
            "it has changed since, or ARBTUNE_DATA_ROOT is another place there"
        )
    if chunk.start == chunk.stop:
        return _facts(spec, data, chunk.pilots)
    if chunk.stop > spec.total:
        raise ConfigError(f"config {chunk.stop - 1} of a sweep of {spec.total}")
    columns = spec.columns(chunk.start, chunk.stop)
    figures = replay(data, columns, chunk.stop - chunk.start)
    return {"start": chunk.start, "stop": chunk.stop, "figures": packed(figures, data)}


def configs_in(result: Document) -> int:
    """How many configs' figures a chunk's result holds."""
    return int(result.get("stop", 0) - result.get("start", 0))


def _open(spec: SweepSpec, settings: Settings) -> PreparedFile:
    return open_data(resolve_in_root(spec.data_file, settings.data_root), settings.data_limits)


def _facts(spec: SweepSpec, data: PreparedFile, pilots: int) -> Document:
    return {
        "data_sha256": data.data_sha256,
        "rows": data.rows,
        "skipped": data.skipped,
        "data": data.facts.of_rows(),
        "engine_version": ENGINE_VERSION,
        "seconds_per_config": _seconds_per_config(spec, data, pilots) if pilots else None,
    }


def _seconds_per_config(spec: SweepSpec, data: PreparedFile, pilots: int) -> float:
    """What one of some configs from all over the sweep takes."""
    count = min(pilots, spec.total)
    started = time.perf_counter()
    for number in [spec.total * place // count for place in range(count)]:
        replay(data, spec.columns(number, number + 1), 1)
    return (time.perf_counter() - started) / count
