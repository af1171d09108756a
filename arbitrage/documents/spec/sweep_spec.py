"""Many configs over one data file, described rather than listed.

The fields of a `TuningConfig` at the top level hold for every job, `grids` vary. Combination number
c is read like a number whose digits are the indices into the grids, the last grid being the last
digit: it varies fastest. Config number i is combination i, or with a sample the one that
`arbitrage.documents.spec.permutation` has at i. Nothing here is ever as long as the sweep.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from arbitrage.documents.config import NUMERIC_FIELDS, Text, TuningConfig
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.json_text import compact_json
from arbitrage.documents.spec.axes import MAX_VALUES, Indices, Values, equal_values
from arbitrage.documents.spec.grids import INTEGER_FIELDS, Grid, WholeNumber, whole
from arbitrage.documents.spec.permutation import Permutation
from arbitrage.documents.spec.spec_parts import Filters, Sample
from arbitrage.documents.spec.spec_text import (
    MAX_SPEC_BYTES,
    parse_spec_text,
    read_spec_file,
    too_large,
)
from arbitrage.documents.strict_model import StrictModel
from arbitrage.documents.validation import did_you_mean, one_sentence, refuse, shown
from arbitrage.errors import ConfigError

RANKABLE_FIGURES = tuple(name for name in FIGURE_NAMES if name != "stopped_timestamp")
"""The figures that a sweep may be ranked by."""

LOW_IS_BETTER = {"max_drawdown_pct": "the largest drawdown"}
"""Figures of which one wants little, and what comes first in a ranking by them: it descends."""

_THRESHOLD_FIELDS = ("min_spread_bps", "taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps")

ParameterValues = Values | float | int
"""A parameter of a range of configs: one value each, or the one of all."""


class SweepSpec(StrictModel):
    """A sweep. Beside the fields below it takes those of `TuningConfig`, which hold for every job.

    Raises:
        pydantic.ValidationError: a `ValueError` whose text names every field that is wrong.
    """

    model_config = ConfigDict(extra="allow")

    grids: tuple[Grid, ...] = ()
    sample: Sample | None = None
    max_jobs: Annotated[WholeNumber, Field(ge=1)] | None = None
    tag_prefix: Text | None = None
    rank_by: str = "net_pnl_usd"
    filters: Filters = Filters()
    _folder: Path | None = PrivateAttr(default=None)

    @classmethod
    def _message_names(cls, _: Any, /) -> dict[str, str]:
        return {"whole": "the sweep"}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if problems := [*self._unknown_fields()] or [*self._problems()]:
            refuse("; ".join(problems))
        return self

    @field_validator("grids", mode="before")
    @classmethod
    def _grids_are_a_list(cls, value: Any) -> Any:
        """Make a tuple of a list: JSON and YAML have lists, and strict mode takes tuples alone."""
        return tuple(value) if isinstance(value, list) else value

    @field_validator("filters", mode="before")
    @classmethod
    def _no_filters(cls, value: Any) -> Any:
        return Filters() if value is None else value

    @field_validator("rank_by")
    @classmethod
    def _rank_is_a_figure(cls, value: str) -> str:
        if value in RANKABLE_FIGURES:
            return value
        hint = (
            did_you_mean(value, RANKABLE_FIGURES) or f": it is one of {', '.join(RANKABLE_FIGURES)}"
        )
        return refuse(f"rank_by is {shown(value)}, which is not a figure to rank by{hint}")

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """The spec of a YAML or JSON file.

        Raises:
            ConfigError: The file cannot be read, or one sentence names every field that is wrong.
        """
        try:
            spec = cls.from_text(read_spec_file(Path(path)))
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error
        spec._folder = Path(path).parent  # noqa: SLF001 - a spec of its own
        return spec

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The spec of a YAML or JSON text.

        Raises:
            ConfigError: One sentence that names every field that is wrong.
        """
        return cls.from_data(parse_spec_text(text))

    @classmethod
    def from_data(cls, data: Any) -> Self:
        """The spec of what a text says, or a message.

        Raises:
            ConfigError: One sentence that names every field that is wrong.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise ConfigError(one_sentence(error)) from error

    def to_json(self) -> str:
        """All of the spec as compact JSON, which `from_text` reads: so its results keep it."""
        ranking = {"rank_by": self.rank_by, "filters": self.filters.model_dump()}
        return compact_json({**self._jobs(), "max_jobs": self.max_jobs, **ranking})

    def identity(self) -> str:
        """What defines the jobs, as canonical JSON.

        Neither the order of keys nor the spelling of numbers nor a default written out changes it;
        a range and the list of its values are two identities.
        """
        return json.dumps(
            self._jobs(), allow_nan=False, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        )

    def __eq__(self, other: object) -> bool:
        """Whether it has the same jobs in the same order, and ranks and filters them alike."""
        return isinstance(other, SweepSpec) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def _jobs(self) -> dict[str, Any]:
        """What defines the jobs; without defaults, so that new fields do not change old sweeps."""
        fixed = self.base.model_dump(mode="json", exclude={*self._varying}, exclude_defaults=True)
        return {
            **{name: whole(value) for name, value in fixed.items()},
            **({"tag_prefix": self.tag_prefix} if self.tag_prefix is not None else {}),
            "grids": [grid.canonical() for grid in self.grids],
            **({"sample": self.sample.model_dump()} if self.sample else {}),
        }

    @property
    def data_file(self) -> str:
        """The one file of the sweep, as the spec names it."""
        return self.base.data_file

    @property
    def data_path(self) -> Path:
        """Where it is: from the current directory, or beside the file of the spec."""
        here = Path(self.data_file)
        beside = here if self._folder is None else self._folder / here
        return beside if _is_there(beside) and not _is_there(here) else here

    @cached_property
    def combinations(self) -> int:
        """How many combinations the grids have."""
        return math.prod(grid.axis.size for grid in self.grids)

    @cached_property
    def total(self) -> int:
        """How many configs the sweep has, after `sample` and `max_jobs`."""
        return self._drawn if self.max_jobs is None else min(self._drawn, self.max_jobs)

    @property
    def _drawn(self) -> int:
        return self.sample.n if self.sample else self.combinations

    @property
    def lowest_threshold_bps(self) -> float:
        """The lowest `min_spread_bps` with its costs among all combinations, drawn or not."""
        least = {grid.name: grid.axis.least for grid in self.grids}
        min_spread, fee_a, fee_b, slippage = (
            least.get(name, getattr(self.base, name)) for name in _THRESHOLD_FIELDS
        )
        threshold: float = min_spread + (fee_a + fee_b + slippage)  # rounded as by the model
        return threshold

    def config(self, number: int) -> TuningConfig:
        """The config of a number from 0 to `total` - 1.

        Raises:
            IndexError: There is no such config.
        """
        if not 0 <= number < self.total:
            raise IndexError(f"config {number} of a sweep of {self.total}")
        columns = self._varying_at(np.array([number]))
        varying = {name: _number_or_null(values.item()) for name, values in columns}
        tag = self.base.tag if self.tag_prefix is None else f"{self.tag_prefix}-{number}"
        return self.base.model_copy(update={**varying, "tag": tag})

    def columns(self, start: int, stop: int) -> dict[str, ParameterValues]:
        """The parameters of the configs `start` to `stop` - 1, in the order of the config's fields.

        What varies is an array of float64 (int64 for whole numbers), what does not is a scalar.
        A null is NaN.

        Raises:
            IndexError: Not all of them exist.
        """
        if not 0 <= start <= stop <= self.total:
            raise IndexError(f"configs {start} to {stop} of a sweep of {self.total}")
        return self.columns_of(np.arange(start, stop, dtype=np.int64))

    def columns_of(self, numbers: Indices) -> dict[str, ParameterValues]:
        """The parameters of these configs, as `columns` has them.

        Args:
            numbers: Their numbers, each below the number of combinations, or of what is drawn.
        """
        return {**self._fixed_numbers, **dict(self._varying_at(numbers))}

    def numbers_of(self, columns: Mapping[str, ParameterValues], count: int) -> Indices:
        """The numbers of the configs that have these parameters: the inverse of `columns`.

        Args:
            columns: The parameters of `count` configs, as `columns` has them.
            count: How many they are.

        Returns:
            A number for each, whatever `max_jobs` is; -1 where no config of this sweep has them.
        """
        fixed = [name for name in NUMERIC_FIELDS if name not in self._varying]
        alike = [equal_values(columns[name], self._fixed_numbers[name]) for name in fixed]
        found = np.logical_and.reduce(np.broadcast_arrays(np.ones(count, bool), *alike))
        if not found.any():
            return np.full(count, -1)
        numbers: Indices = np.zeros(count, np.int64)
        for grid in self.grids:
            indices = grid.axis.indices_of(np.atleast_1d(columns[grid.name]))
            found &= indices >= 0
            numbers = numbers * grid.axis.size + np.maximum(indices, 0)
        return self.numbers_of_combinations(np.where(found, numbers, -1))

    def combinations_of(self, numbers: Indices) -> Indices:
        """Which combinations of the grids these configs are, as docs/sweeps.md counts them."""
        return numbers if self._permutation is None else self._permutation.at(numbers)

    def numbers_of_combinations(self, combinations: Indices) -> Indices:
        """The numbers of the configs that are these combinations, whatever `max_jobs` is.

        -1 stays -1, and stands for a combination that is not drawn, too.
        """
        if self._permutation is None:
            return combinations
        numbers = np.full(combinations.shape, -1)
        known = combinations >= 0
        numbers[known] = self._permutation.positions_of(combinations[known])
        return np.where(numbers < self._drawn, numbers, -1)

    def _varying_at(self, numbers: Indices) -> Iterator[tuple[str, Values]]:
        """The columns of the grids, the last first: the digits of the combination numbers."""
        rest = self.combinations_of(numbers)
        for grid in reversed(self.grids):
            rest, digits = np.divmod(rest, grid.axis.size)
            yield grid.name, grid.axis.at(digits)

    @cached_property
    def _permutation(self) -> Permutation | None:
        return Permutation(self.combinations, self.sample.seed) if self.sample else None

    @cached_property
    def _varying(self) -> frozenset[str]:
        return frozenset(grid.name for grid in self.grids)

    @property
    def _fixed(self) -> dict[str, Any]:
        return self.model_extra or {}

    @cached_property
    def _fixed_numbers(self) -> dict[str, float]:
        """The numbers of `base`; a null is NaN."""
        fixed = {name: getattr(self.base, name) for name in NUMERIC_FIELDS}
        return {name: math.nan if value is None else value for name, value in fixed.items()}

    @cached_property
    def base(self) -> TuningConfig:
        """The fixed fields as a config, with 1 for whatever varies."""
        given = {
            name: whole(value) if name in INTEGER_FIELDS else value
            for name, value in self._fixed.items()
        }
        return TuningConfig.model_validate({**given, **dict.fromkeys(self._varying, 1)})

    def _problems(self) -> Iterator[str]:
        """What is wrong with parts that do not fit together."""
        yield from self._problems_of_names()
        yield from self._problems_of_numbers()
        try:
            _ = self.base
        except ValidationError as error:
            yield one_sentence(error) + self._how_to_vary()
            return
        if len(self.to_json().encode()) > MAX_SPEC_BYTES:
            yield str(too_large())

    def _how_to_vary(self) -> str:
        """Where several values belong, when one was wanted: the end of a sentence."""
        several = (
            name for name in NUMERIC_FIELDS if isinstance(self._fixed.get(name), list | dict)
        )
        name = next(several, None)
        return f"; what varies belongs under grids: {{name: {name}, values: [...]}}" if name else ""

    def _unknown_fields(self) -> Iterator[str]:
        known = {**TuningConfig.model_fields, **type(self).model_fields}
        for name in self._fixed:
            if name not in known:
                yield f"unknown field {shown(name)}{did_you_mean(name, known)}"

    def _problems_of_names(self) -> Iterator[str]:
        names = [grid.name for grid in self.grids]
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                yield f"{name} stands in two grids"
            if name in self._fixed:
                yield f"{name} stands both in a grid and at the top level"
        if self.tag_prefix is not None and self._fixed.get("tag") is not None:
            yield "tag and tag_prefix stand both, but a job has one tag"

    def _problems_of_numbers(self) -> Iterator[str]:
        if self.combinations > MAX_VALUES:
            yield (
                f"the grids have {self.combinations:,} combinations; "
                f"a sweep has at most {MAX_VALUES:,}"
            )
        if self.sample and self.sample.n > self.combinations:
            yield (
                f"sample: n is {self.sample.n:,}, "
                f"but the number of combinations is {self.combinations:,}"
            )


def sweep_id(identity: str, data_sha256: str, engine_version: str) -> str:
    """The id of the jobs of a spec over these data, computed by this engine: 16 hex digits."""
    parts = f"{identity}\n{data_sha256}\n{engine_version}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _number_or_null(value: float) -> float | None:
    return None if math.isnan(value) else value


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False  # the reader says what is wrong with it
