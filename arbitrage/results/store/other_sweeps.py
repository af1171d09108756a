"""Finds the figures of a sweep's configs among the rows of other sweeps in the results folder.

Figures depend on the numbers of the config, the data and the engine; `tag` and `extra` change none.
So a row of another sweep stands for a config when all numbers are the same to the last bit, both
sweeps have the same digest of the data and the same engine version, and the config succeeded there:
what failed is tried anew. Where such a row is follows from the other spec, and its own columns
prove it. What does not say what it is, a folder or a part, is passed over; what its checksum does
not fit is not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.axes import Indices
from arbitrage.documents.spec.sweep_spec import ParameterValues, SweepSpec, sweep_id
from arbitrage.results.store.checksum import is_whole
from arbitrage.results.store.description import descriptions
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.rows import FIGURE_TYPES, NO_ROWS, SCHEMA, SUCCESS

SOURCE = "source"
FOUND = pl.Schema({"config_number": pl.Int64(), **FIGURE_TYPES, SOURCE: pl.String()})
"""Figures that were found: whose they are, and the sweep that had them."""
NONE_FOUND = FOUND.to_frame()


class _OtherSweep(NamedTuple):
    """A sweep on the same data."""

    spec: SweepSpec
    folder: SweepFolder
    data: dict[str, Any] | None


class OtherSweeps:
    """The other sweeps in a results folder that may have rows of the same configs.

    Args:
        folder: Where the results of this sweep go; the others are beside it.
        data_sha256: The digest of its data.
        engine_version: The version of the engine that it is for.
        warn: Called with a sentence where rows cannot be read and are computed instead.
    """

    def __init__(
        self,
        folder: SweepFolder,
        data_sha256: str,
        engine_version: str,
        warn: Callable[[str], None],
    ) -> None:
        self._sweeps = [*_others(folder, data_sha256, engine_version)]
        self._warn = warn
        self._unreadable: set[Path] = set()

    def __bool__(self) -> bool:
        return bool(self._sweeps)

    @property
    def data(self) -> dict[str, Any] | None:
        """What one of them knows of the data, `FileFacts.of_rows`."""
        return next((sweep.data for sweep in self._sweeps if sweep.data), None)

    def figures(self, spec: SweepSpec, start: int, stop: int) -> pl.DataFrame:
        """The figures of the configs `start` to `stop` - 1 that are known, as `FOUND` has them."""
        missing = np.arange(start, stop, dtype=np.int64)
        found = [NONE_FOUND]
        for sweep in self._sweeps:
            if not missing.size:
                break
            there = pl.concat([NONE_FOUND, *self._rows(sweep, spec.columns_of(missing), missing)])
            missing = np.setdiff1d(missing, there["config_number"], assume_unique=True)
            found.append(there)
        return pl.concat(found).sort("config_number")

    def _rows(
        self, sweep: _OtherSweep, columns: Mapping[str, ParameterValues], numbers: Indices
    ) -> Iterator[pl.DataFrame]:
        """What one sweep has of these configs, with their numbers here."""
        there = sweep.spec.numbers_of(columns, len(numbers))
        [places] = np.nonzero(there >= 0)
        for path, group in sweep.folder.parts_with(there[places]):
            wanted = places[group]
            rows, matched = _matching(self._part(path), there[wanted], _taken(columns, wanted))
            number = pl.Series("config_number", numbers[wanted[matched]])
            source = pl.lit(sweep.folder.sweep_id).alias(SOURCE)
            yield rows.select(number, *FIGURE_NAMES, source)

    def _part(self, path: Path) -> pl.DataFrame:
        """The rows of a part that succeeded; none where it is damaged, or of an older version."""
        try:
            rows = _whole_part(path)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
            if path.parent not in self._unreadable:
                self._unreadable.add(path.parent)
                self._warn(f"{path} cannot be read: what it had is computed anew")
            return NO_ROWS
        return rows.filter(status=SUCCESS)


def _whole_part(path: Path) -> pl.DataFrame:
    """The rows of a part; none of one that says no checksum, or has not all columns of today.

    Raises:
        polars.exceptions.PolarsError, polars.exceptions.PanicException, OSError: It is damaged.
    """
    whole = is_whole(path)
    if whole is False:
        raise OSError(f"{path} is not what was written")
    rows = pl.read_parquet(path, glob=False, hive_partitioning=False)
    return rows if whole and rows.schema == SCHEMA else NO_ROWS


def _others(folder: SweepFolder, data_sha256: str, engine_version: str) -> Iterator[_OtherSweep]:
    """Those on the same data whose description is that of their folder, the last written first."""
    for known in descriptions(folder.path.parent):
        if (known.data_sha256, known.engine_version) != (data_sha256, engine_version):
            continue
        with suppress(ValueError):  # no spec that this version knows
            spec = known.sweep
            its_id = sweep_id(spec.identity(), data_sha256, engine_version)
            if its_id == known.sweep_id != folder.sweep_id:
                yield _OtherSweep(spec, SweepFolder(folder.path.parent, its_id), known.data)


def _matching(
    rows: pl.DataFrame, numbers: Indices, columns: Mapping[str, ParameterValues]
) -> tuple[pl.DataFrame, Indices]:
    """The rows with these numbers and exactly these parameters, and which of the numbers they are.

    Args:
        rows: Those of a part, in the order of their numbers.
        numbers: Those that are looked for.
        columns: The parameters that they must have.
    """
    there = rows["config_number"].to_numpy()
    places = np.searchsorted(there, numbers)
    [matched] = np.nonzero(np.append(there, -1)[places] == numbers)
    found = rows[places[matched]]
    same = np.ones(found.height, bool)
    for name, wanted in _taken(columns, matched).items():
        same &= _bits(found[name].to_numpy()) == _bits(np.asarray(wanted))
    return found.filter(same), matched[same]


def _taken(columns: Mapping[str, ParameterValues], places: Indices) -> dict[str, ParameterValues]:
    """The parameters at these places of columns; one that is the same for all stays."""
    return {
        name: values[places] if isinstance(values, np.ndarray) else values
        for name, values in columns.items()
    }


def _bits(values: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers as the integers that have the same bits; one for all NaN."""
    whole: NDArray[np.int64] = np.where(np.isnan(values), np.nan, values).view(np.int64)
    return whole
