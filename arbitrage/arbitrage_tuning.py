"""Runs one job in this process: loads the data, replays it by engine or kernels, takes the time."""

from __future__ import annotations

import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from arbitrage.documents.config import TuningConfig
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.job_metrics import TuningMetrics
from arbitrage.errors import TuningJobError
from arbitrage.replay.model.backtester import ArbitrageBacktester, BacktestConfig
from arbitrage.replay.model.engine import ENGINE_VERSION, ArbitrageEngine
from arbitrage.replay.model.engine_config import ArbitrageConfig
from arbitrage.replay.model.needed_columns import NEEDED_COLUMNS, TIMED, check_columns

if TYPE_CHECKING:
    from arbitrage.data.snapshot_table import DataLimits, SnapshotTable
    from arbitrage.replay.many_configs import OpenedFile

__all__ = ["ArbitrageTuningRunner", "TuningConfig", "TuningMetrics"]

ModelConfig = TypeVar("ModelConfig", ArbitrageConfig, BacktestConfig)


class _Limits(NamedTuple):
    """From where on compiled kernels are quicker than the engine.

    `steps` are those of the engine: one for each trade that may be open on a row, and six for the
    row. `size_bytes` is that of a file of which it is clear before it is read.
    """

    size_bytes: int
    steps: int


_WHERE_KERNELS_ARE_LOADED = _Limits(256 * 1024, 32_000)
_WHERE_THEY_HAVE_TO_BE = _Limits(16 * 2**20, 2_000_000)  # half a second, once a process
_STEPS_OF_A_ROW = 6


class ArbitrageTuningRunner:
    """Runs one job in this process.

    Args:
        config: What to run.
        data_path: Where the data file really is, when that is not `config.data_file` taken from
            the current directory.
        limits: Bounds on the data file; None for the defaults of `arbitrage.data.snapshot_table`.
    """

    def __init__(
        self,
        config: TuningConfig,
        *,
        data_path: Path | None = None,
        limits: DataLimits | None = None,
    ) -> None:
        self.config = config
        self._data_path = config.data_file if data_path is None else data_path
        self._limits = limits

    def load_snapshots(self) -> SnapshotTable:
        """The data file's rows.

        Raises:
            FileNotFoundError: No such file.
            DataError: (a `ValueError`) The file cannot be used; the message says why and where.
            OSError: The file system failed in a way that may pass.
        """
        from arbitrage.data.snapshot_table import load_snapshots  # polars

        return load_snapshots(self._data_path, self._limits, name=self.config.data_file)

    def run(self) -> TuningMetrics:
        """Load, replay, report.

        Raises:
            TuningJobError: Whatever went wrong, with the error itself as `__cause__`.
        """
        started = time.perf_counter()
        try:
            figures, data = self._figures()
        except Exception as error:
            raise TuningJobError(error) from error
        return metrics_of(self.config, figures, data, time.perf_counter() - started)

    def _figures(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The figures, by whichever way is the quicker one, and what the summary says of the data.

        Where every slot is taken the engine looks at every open trade on every row, so a small file
        may be much work for it.
        """
        is_loaded = "arbitrage.replay.many_configs" in sys.modules
        limits = _WHERE_KERNELS_ARE_LOADED if is_loaded else _WHERE_THEY_HAVE_TO_BE
        if self._size() >= limits.size_bytes:
            return self._replayed()
        snapshots = self.load_snapshots()
        rows = len(snapshots)
        steps = rows * (_STEPS_OF_A_ROW + min(self.config.max_open_trades, rows))
        return self._replayed() if steps >= limits.steps else self._streamed(snapshots)

    def _size(self) -> int:
        try:
            return Path(self._data_path).stat().st_size
        except (OSError, ValueError):
            return 0  # the reader says what is wrong

    def _streamed(self, snapshots: SnapshotTable) -> tuple[dict[str, Any], dict[str, Any]]:
        """The figures by the engine."""
        self._check_options(snapshots)
        engine = ArbitrageEngine(_model_config(self.config, ArbitrageConfig))
        result = ArbitrageBacktester(engine, _model_config(self.config, BacktestConfig)).run(
            snapshots
        )
        figures = {name: getattr(result, name) for name in FIGURE_NAMES}
        return figures, {
            "snapshots_count": result.stats.total_snapshots,
            "skipped_snapshots": result.stats.skipped_snapshots,
            "stale_snapshots": result.stats.stale_snapshots,
            "data_sha256": snapshots.data_sha256,
        }

    def _check_options(self, snapshots: SnapshotTable) -> None:
        """Refuse data without what the options need, before the first row; as `OpenedFile.check`.

        Raises:
            DataError: The sentence names the columns that are missing, or the times out of reach.
        """
        for name in NEEDED_COLUMNS:
            if getattr(self.config, name) is not None:
                shown_name = f"the data file {self.config.data_file!r}"
                check_columns(name, snapshots.frame.columns, shown_name)
        if any(getattr(self.config, name) for name in TIMED):
            snapshots.moments_ns()

    def _replayed(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The same by the compiled kernels, from the prepared file."""
        from arbitrage.replay.many_configs import open_data, replay_one  # numba

        data = open_data(self._data_path, self._limits, name=self.config.data_file)
        return replay_one(data, self.config.numbers()), facts_of(self.config, data)


def metrics_of(
    config: TuningConfig, figures: dict[str, Any], facts: dict[str, Any], seconds: float
) -> TuningMetrics:
    """What a job reports.

    Args:
        config: What was run.
        figures: What came of it.
        facts: What is to be said of the data, as `facts_of` says it.
        seconds: How long it took.
    """
    return TuningMetrics(
        **figures,
        runtime_seconds=seconds,
        config_summary={
            **config.model_dump(mode="json", exclude={"extra"}),
            **facts,
            "engine_version": ENGINE_VERSION,
        },
    )


def facts_of(config: TuningConfig, data: OpenedFile) -> dict[str, Any]:
    """What the summary of a job says of the data."""
    skipped, stale = data.skipped_and_stale(config.max_quote_age_ms)
    return {
        "snapshots_count": data.rows,
        "skipped_snapshots": skipped,
        "stale_snapshots": stale,
        "data_sha256": data.data_sha256,
    }


def _model_config(config: TuningConfig, kind: type[ModelConfig]) -> ModelConfig:
    """The config of the engine or of the account; its fields have the names of the job's."""
    names = {field.name for field in fields(kind)} & TuningConfig.model_fields.keys()
    return kind(**{name: getattr(config, name) for name in names})
