"""Many configs over one data file: parameters in as columns, figures out as columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig, BacktestResult
from arbitrage.arbitrage_core import ArbitrageConfig, ArbitrageEngine
from arbitrage.snapshots import DataLimits, SnapshotTable, load_snapshots

NOT_STOPPED = -1

Parameters = Mapping[str, Any]
"""By the name of the config's field: an array of one value a config, or one value for all."""


class PreparedData:
    """A data file, ready to be replayed many times.

    Attributes:
        data_sha256: Hex digest of the file's bytes as they are stored.
        rows: How many rows it has.
        skipped: How many of them are not tradable.
    """

    def __init__(self, table: SnapshotTable) -> None:
        self.snapshots = list(table)
        self.data_sha256 = table.data_sha256
        self.rows = len(table)
        self.skipped = sum(not snapshot.is_tradable for snapshot in self.snapshots)

    def timestamp(self, row: int) -> str:
        """The timestamp of a row, as the file has it."""
        return self.snapshots[row].timestamp


class Figures(NamedTuple):
    """One array a figure, one element a config. `stopped_row` is -1 where nothing stopped it."""

    total_trades: NDArray[np.int64]
    closed_trades: NDArray[np.int64]
    open_trades: NDArray[np.int64]
    final_balance_usd: NDArray[np.float64]
    realized_pnl_usd: NDArray[np.float64]
    max_drawdown_pct: NDArray[np.float64]
    win_rate: NDArray[np.float64]
    avg_pnl_per_trade_usd: NDArray[np.float64]
    unrealized_pnl_usd: NDArray[np.float64]
    net_pnl_usd: NDArray[np.float64]
    stopped_row: NDArray[np.int64]


_INTEGERS = frozenset({"total_trades", "closed_trades", "open_trades", "stopped_row"})


def open_data(
    path: str | Path, limits: DataLimits | None = None, *, name: str | None = None
) -> PreparedData:
    """Read a snapshot file.

    Args:
        path: CSV (plain, gzip or zstd) or Parquet.
        limits: Bounds on the file.
        name: What messages call the file, when that is not its path.

    Raises:
        FileNotFoundError: `Data file not found: PATH`.
        DataError: (a `ValueError`) The file cannot be used; `Invalid row N: ...` for a bad row.
        OSError: The file system failed in a way that may pass.
    """
    return PreparedData(load_snapshots(path, limits, name=name))


def replay(data: PreparedData, parameters: Parameters, count: int) -> Figures:
    """The figures of `count` configs over the data.

    Args:
        data: What `open_data` returned.
        parameters: The numbers of the configs by the name of their field, all eight of them;
            a `stop_on_drawdown_pct` that is not set is NaN or None.
        count: How many configs there are.
    """
    results = [_run(data, parameters) for parameters in _rows(parameters, count)]
    columns: dict[str, Any] = {
        name: np.array(
            [_number(result, name) for result in results],
            np.int64 if name in _INTEGERS else np.float64,
        )
        for name in Figures._fields
    }
    return Figures(**columns)


def _rows(parameters: Parameters, count: int) -> Iterator[dict[str, Any]]:
    for index in range(count):
        yield {
            name: value[index].item() if isinstance(value, np.ndarray) else value
            for name, value in parameters.items()
        }


def _run(data: PreparedData, parameters: dict[str, Any]) -> BacktestResult:
    given = dict(parameters)
    stop = given.pop("stop_on_drawdown_pct")
    account = BacktestConfig(
        initial_balance_usd=given.pop("initial_balance_usd"),
        stop_on_drawdown_pct=None if stop is None or math.isnan(stop) else stop,
    )
    return ArbitrageBacktester(ArbitrageEngine(ArbitrageConfig(**given)), account).run(
        data.snapshots
    )


def _number(result: BacktestResult, name: str) -> float:
    value = getattr(result, name)
    return NOT_STOPPED if value is None else value
