"""A chunk: a range of at most `MAX_CONFIGS` configs of a sweep, as it travels to a worker.

It carries what the sweep is, not its configs, so it is small whatever their number.
"""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, NotRequired, TypedDict

import numpy as np
from pydantic import Field, ValidationError, model_validator

from arbitrage.documents.json_text import compact_json
from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.spec.spec_text import MAX_SPEC_BYTES, too_large
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.documents.strict_model import StrictModel, names_of_part
from arbitrage.documents.validation import one_sentence, refuse
from arbitrage.errors import ConfigError
from arbitrage.results.selection.replicates import MAX_REPLICATES
from worker.ledger.envelope import CHUNKS, job_message
from worker.ledger.ledger import Submission
from worker.running.jobs.task_argument import Payload

MAX_CONFIGS = 20_000  # their figures are about a megabyte in Redis
MAX_PILOTS = 100

ConfigNumber = Annotated[int, Field(ge=0)]
RowNumber = Annotated[int, Field(ge=0)]


class ChunkResult(TypedDict):
    """What a chunk comes to: figures of its configs, of `start` to `stop` - 1 those it wanted."""

    start: int
    stop: int
    figures: str  # packed by `chunk_figures`


class PackedMaxima(TypedDict):
    """The maxima of a chunk's configs in one measure, see `selection.maxima`."""

    numbers: str  # packed by `chunk_maxima`
    best: int | None
    n_configs: int


class ChunkMaxima(TypedDict):
    """What a chunk with a `bootstrap` comes to."""

    start: int
    stop: int
    maxima: list[PackedMaxima]  # for each of the measures


class DataFacts(TypedDict):
    """What an empty chunk comes to: what the data of the sweep are on a worker."""

    data_sha256: str
    rows: int  # all of the file
    skipped: int  # of those, without a usable book
    data: NotRequired[dict[str, Any]]  # `FileFacts.of_rows`; an older worker does not say it
    engine_version: str
    seconds_per_config: float | None  # what one of the pilots took; None without any
    # what configs take together whose options shape the rows alike; an older worker does not say it
    seconds_per_shape: NotRequired[float]


class Bootstrap(StrictModel):
    """The replicates of the test of a search: all workers draw the same ones by these numbers."""

    mean_block: Annotated[float, Field(ge=1)]
    n_bootstrap: Annotated[int, Field(ge=1, le=MAX_REPLICATES)]
    seed: Annotated[int, Field(ge=0)]

    @classmethod
    def _message_names(cls, _: Any, /) -> dict[str, str]:
        return names_of_part("bootstrap")


class Chunk(StrictModel):
    """The configs `start` to `stop` - 1 of a sweep; an empty range asks about the data alone.

    `data_sha256` is the digest that the data must have, or None when that is the question. `only`
    names those that are wanted where it is not all of them: a bit each, the first the highest of
    the first byte, in base64. Of an empty range so many `pilots` are timed: configs from all over
    the sweep. With a `bootstrap` the maxima of its replicates are wanted instead of figures. `rows`
    are the first row of the data and the one after the last that the configs run over, as if there
    were no others; without them they run over the whole file.
    """

    spec: dict[str, Any]
    start: ConfigNumber
    stop: ConfigNumber
    data_sha256: str | None
    engine_version: str
    only: str | None = None
    pilots: Annotated[int, Field(ge=0, le=MAX_PILOTS)] = 16
    bootstrap: Bootstrap | None = None
    rows: list[RowNumber] | None = None

    @classmethod
    def _message_names(cls, _: Any, /) -> dict[str, str]:
        return {"whole": "the chunk"}

    @model_validator(mode="after")
    def _range_rises(self) -> Chunk:
        if not self.start <= self.stop <= self.start + MAX_CONFIGS:
            refuse(f"a chunk has at most {MAX_CONFIGS:,} configs, and its range rises")
        if self.rows is not None and len(self.rows) != 2:  # noqa: PLR2004 - the ends of a range
            refuse("rows must be two numbers: the first row, and the one after the last")
        if self.only is not None and not self._names_some(self.only):
            refuse("only must have a bit for each config of the range, some of them 1, in base64")
        return self

    def _names_some(self, only: str) -> bool:
        try:
            bits = base64.b64decode(only, validate=True)
        except ValueError:
            return False
        return len(bits) == (self.stop - self.start + 7) // 8 and len(self.numbers) > 0

    @property
    def numbers(self) -> Indices:
        """The numbers of the configs that are wanted, rising."""
        if self.only is None:
            return np.arange(self.start, self.stop, dtype=np.int64)
        packed = np.frombuffer(base64.b64decode(self.only), np.uint8)
        return self.start + np.flatnonzero(np.unpackbits(packed, count=self.stop - self.start))

    @property
    def configs(self) -> int:
        """How many it has."""
        return len(self.numbers)

    @property
    def sweep(self) -> SweepSpec:
        """The sweep that it is of.

        Raises:
            ConfigError: One sentence that names every field that is wrong.
        """
        try:
            text = compact_json(self.spec)
        except ValueError:
            raise ConfigError("the spec of a chunk holds a number that is not finite") from None
        if len(text) > MAX_SPEC_BYTES:
            raise too_large()
        return SweepSpec.from_data(self.spec)

    @classmethod
    def parse(cls, payload: Payload) -> Chunk:
        """A chunk from what a message carries.

        Raises:
            ConfigError: One sentence that says what is wrong with the payload.
        """
        payload.check()
        try:
            return cls.model_validate(payload.value)
        except ValidationError as error:
            raise ConfigError(one_sentence(error)) from error

    def submission(self, job_id: str) -> Submission:
        """The chunk ready to be sent."""
        text = compact_json(self.model_dump(exclude_defaults=True))
        return Submission(job_id, text, job_message(job_id, text, CHUNKS))


def bits_of(numbers: Indices, start: int, stop: int) -> str | None:
    """What `Chunk.only` is for these configs of a range; None for all of them."""
    if len(numbers) == stop - start:
        return None
    is_wanted = np.zeros(stop - start, bool)
    is_wanted[numbers - start] = True
    return base64.b64encode(np.packbits(is_wanted).tobytes()).decode()


def of_spec(spec: SweepSpec) -> dict[str, Any]:
    """What a chunk says of its sweep: what defines the jobs, in one spelling."""
    found: dict[str, Any] = json.loads(spec.identity())
    return found
