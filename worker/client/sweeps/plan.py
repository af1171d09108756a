"""What a sweep starts from: its data, as this machine or a worker sees it, and its chunk size."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.errors import OF_ONE_CONFIG, ArbtuneError, ConfigError, DataError
from arbitrage.replay.files.data_cache import file_digest
from arbitrage.replay.roads import FEWEST_BY_TRIPS, columns_of, shapes_of
from worker.client.jobs.sending import submit
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.envelope import CHUNKS
from worker.ledger.ledger import State
from worker.running.jobs.chunks import MAX_CONFIGS, Chunk, DataFacts, of_spec
from worker.running.jobs.data_root import resolve_in_root

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from worker.ledger.celery_meta import Meta
    from worker.ledger.ledger import Ledger
    from worker.settings import Settings

POLL_S = 0.1
PATIENCE_S = 3.0  # without an answer before a line says what it is that takes so long

# A chunk's work: long enough that its way through Redis does not count, short enough that a lost
# one costs little and progress is seen.
SECONDS_PER_CHUNK = 1.5

# As long may one become for the sake of what its shapes take: half of it at most is spent on them.
MOST_SECONDS_PER_CHUNK = 30.0

# A sweep of less work is cut into so many chunks, so that workers share it. None is so short that
# its way through Redis would count, and the cut may add a quarter to the work.
CHUNKS_OF_A_SHORT_SWEEP = (8, 4, 2)
LEAST_SECONDS_PER_CHUNK = 0.1
MOST_ADDED = 1.25

# The size of a chunk where no config could be timed, because one of those ended its process or took
# too long: as good as any, since halving will have to find it.
UNTIMED_CHUNK_SIZE = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """The digest of the sweep's data, how many configs make a chunk, and what the data are.

    `data` is `FileFacts.of_rows`; None where no worker was asked, or one that does not say it yet.
    """

    data_sha256: str
    chunk_size: int
    data: dict[str, Any] | None = None


class SweepError(ArbtuneError):
    """A sweep cannot go on; the text says why."""


def local_digest(spec: SweepSpec, settings: Settings) -> str | None:
    """The digest of the data file, where this machine has it under the data root."""
    try:
        return file_digest(resolve_in_root(spec.data_file, settings.data_root))
    except (ConfigError, DataError, OSError):  # a worker says what is wrong with it
        return None


def ask_workers(
    spec: SweepSpec,
    ledger: Ledger,
    meanwhile: Callable[[], None],
    tell: Callable[[str], None],
    rows: tuple[int, int] | None = None,
) -> Plan:
    """Have a worker open the data and time some of the configs; waits for one that does.

    `meanwhile` is called again and again until there is an answer, and `tell` with what is waited
    for where that takes long. With `rows` the configs are timed over these alone.

    Raises:
        SweepError: The file cannot be used there.
    """
    question = Chunk(
        spec=of_spec(spec),
        start=0,
        stop=0,
        data_sha256=None,
        engine_version=ENGINE_VERSION,
        rows=rows and list(rows),
    )
    meta = _answer(question, ledger, meanwhile, tell)
    if is_of_one_config(meta):
        meta = _answer(question.model_copy(update={"pilots": 0}), ledger, meanwhile, tell)
    if meta["status"] != "SUCCESS":
        raise SweepError(failure_message(meta))
    answer: DataFacts = meta["result"]
    size = chunk_size(spec, answer["seconds_per_config"], answer.get("seconds_per_shape", 0.0))
    return Plan(answer["data_sha256"], size, answer.get("data"))


def chunk_size(spec: SweepSpec, per_config: float | None, per_shape: float) -> int:
    """How many configs make a chunk.

    Args:
        spec: The sweep.
        per_config: Seconds that each of them takes; None where that is not known.
        per_shape: Seconds that those of one shape take besides, all together.
    """
    if per_config is None:
        return UNTIMED_CHUNK_SIZE
    work = _Work(spec, max(per_config, 1e-9), per_shape)
    return _shared_out(work, _longest(work))


class _Work(NamedTuple):
    """What the configs of a sweep take; seconds."""

    spec: SweepSpec
    per_config: float
    per_shape: float

    def of_shapes(self, size: int) -> float:
        """What the shapes of the first configs take."""
        return self.per_shape * _shapes_among_first(self.spec, size) if self.per_shape else 0.0

    def of(self, size: int) -> float:
        """What the first configs take."""
        return self.of_shapes(size) + self.per_config * size


def _longest(work: _Work) -> int:
    """The size of the longest chunk that may be: half its time at most is spent on shapes."""
    if work.per_shape == 0:
        return max(1, min(MAX_CONFIGS, int(SECONDS_PER_CHUNK / work.per_config)))
    size = MAX_CONFIGS
    while size > 1:
        bound = max(SECONDS_PER_CHUNK, 2 * work.of_shapes(size))
        if work.of(size) <= min(MOST_SECONDS_PER_CHUNK, bound):
            break
        size = size * 3 // 4
    return size


def _shared_out(work: _Work, size: int) -> int:
    """A size that gives several workers something to do, where the sweep has little work."""
    whole = min(size, work.spec.total)
    most = MOST_ADDED * work.of(whole) / whole
    for chunks in CHUNKS_OF_A_SHORT_SWEEP:
        smaller = math.ceil(work.spec.total / chunks)
        if smaller < size and LEAST_SECONDS_PER_CHUNK <= work.of(smaller) <= most * smaller:
            return smaller
    return size


def _shapes_among_first(spec: SweepSpec, size: int) -> float:
    """How many shapes the first configs have; too few of one take less, each a scan of its own."""
    count = min(size, spec.total)
    shapes = shapes_of(columns_of(spec.columns(0, count), count))
    return sum(min(1.0, configs / FEWEST_BY_TRIPS) for configs in shapes.values())


def _answer(
    question: Chunk, ledger: Ledger, meanwhile: Callable[[], None], tell: Callable[[str], None]
) -> Meta:
    job_id = f"sweep-question-{uuid.uuid4()}"
    says_so_at = time.monotonic() + PATIENCE_S
    try:
        while True:
            [meta] = ledger.results([job_id])
            if meta is not None:
                return meta
            if ledger.states([job_id]) == [State.UNKNOWN]:  # at first, or the server was emptied
                submit(ledger, [question.submission(job_id)], CHUNKS)
            if time.monotonic() > says_so_at:
                says_so_at = math.inf
                tell("waiting for a worker to open the data file ...")
            meanwhile()
            time.sleep(POLL_S)
    finally:
        ledger.cancel(job_id, cancelled_meta(job_id))
        ledger.forget([job_id])


def check_that_some_config_trades(spec: SweepSpec, data: dict[str, Any] | None) -> None:
    """Refuse a sweep of which the data tell that no config opens a trade.

    Args:
        spec: The sweep.
        data: As `Plan.data`; nothing is refused where it is not known.

    Raises:
        SweepError: The largest spread in the file is below the lowest threshold.
    """
    if data is None or "largest_spread_bps" not in data:
        return
    largest, lowest = data["largest_spread_bps"], spec.lowest_threshold_bps
    if largest is None:
        fact = f"no row of {spec.data_file} is tradable"
    elif largest < lowest:
        fact = (
            f"the largest spread in {spec.data_file} is {largest:.6g} bps, "
            f"the lowest threshold (min_spread_bps and costs) is {lowest:.6g} bps"
        )
    else:
        return
    raise SweepError(f"no config of this sweep would trade: {fact}; --anyway runs it all the same")


def is_of_one_config(meta: Meta) -> bool:
    """Whether one config may have ended a chunk; the others of it have done nothing."""
    error = meta.get("error")
    return error is not None and error["type"] in OF_ONE_CONFIG


def failure_message(meta: Meta) -> str:
    """What ended a chunk, from Celery's record of it."""
    error = meta.get("error")
    return str(meta["result"] if error is None else error["message"])
