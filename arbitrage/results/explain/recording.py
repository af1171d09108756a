"""Runs one config by the plain scan, which writes down its trades and its equity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from arbitrage.caches.compiled import one_at_a_time
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.kernel_calls import empty_tally
from arbitrage.replay.kernels.layout import Floats, Integers, Rows
from arbitrage.replay.kernels.options.log import LOG_FIELDS, MARKS, Log
from arbitrage.replay.kernels.options.scan_options import scan_with_options
from arbitrage.replay.many_configs import example
from arbitrage.replay.roads import columns_of, options_of, parameters_of

MOST_MARKS = 100_000
"""As many rows of equity are kept at most."""


@dataclass(frozen=True)
class Recording:
    """What a run did, by places in the rows that are tradable by their prices.

    Attributes:
        columns: The numbers of the config by the names of their fields; NaN where one is not set.
        rows: Those rows.
        log: What was written down of them.
    """

    data: OpenedFile
    columns: Mapping[str, Floats]
    rows: Rows
    log: Log

    @property
    def has_times(self) -> bool:
        """Whether the times of the rows are within reach of 64 bits."""
        return self.data.with_options.has_times

    def numbers(self, places: Integers) -> Integers:
        """The numbers of rows in the file."""
        return self.rows.row[places]

    def timestamps(self, places: Integers) -> list[str]:
        """The timestamps of rows, as the file has them."""
        return _texts(self.data, self.numbers(places).tolist())


def warm_up() -> None:
    """Load or compile the scan that writes down what it does."""
    data, _, parameters, options = example()
    rows = len(data.rows.row)
    with one_at_a_time():
        log, tally = _empty_log(rows, rows), empty_tally(parameters)
        scan_with_options(data.rows, parameters, options, tally, None, log)


def recorded(data: OpenedFile, numbers: Mapping[str, Any], trades: int) -> Recording:
    """Run one config.

    Args:
        data: The file.
        numbers: The config's numbers by the name of their field.
        trades: How many trades it opens: its `total_trades`.

    Raises:
        DataError: The data lack what an option needs.
    """
    columns, rows = columns_of(numbers, 1), data.with_options.rows
    data.check(columns)
    parameters, log = parameters_of(columns), _empty_log(len(rows.row), trades)
    scan_with_options(rows, parameters, options_of(columns), empty_tally(parameters), None, log)
    return Recording(data, columns, rows, log)


def _empty_log(rows: int, trades: int) -> Log:
    """Room for every row, or of a long file for the marks of stretches of it."""
    width = 1 if rows <= MOST_MARKS else -(-rows * MARKS // MOST_MARKS)
    stretches = -(-rows // width)
    return Log(
        trades=np.full((trades, LOG_FIELDS), -1, np.int64),
        closings=np.full(trades, -1, np.int64),
        rows=np.full((stretches, MARKS), -1, np.int64),
        marks=np.zeros((stretches, MARKS, 2)),
        width=width,
    )


def _texts(data: OpenedFile, rows: Iterable[int]) -> list[str]:
    return [data.timestamp(row) for row in rows]
