"""One tuning job: its configuration, its figures, and the runner between them."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
)

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig
from arbitrage.arbitrage_core import ENGINE_VERSION, ArbitrageConfig, ArbitrageEngine
from arbitrage.errors import ConfigError, TuningJobError
from arbitrage.strict_model import StrictModel
from arbitrage.validation import one_sentence, refuse, shown

if TYPE_CHECKING:
    from arbitrage.snapshots import DataLimits, SnapshotTable

MAX_NUMBER = 1e15
# As small as a price may be: a drawdown in percent of less may be no finite number.
MIN_BALANCE_USD = 1e-15
MAX_EXTRA_BYTES = 16 * 1024
MAX_EXTRA_DEPTH = 100  # far below where JSON libraries give up, each at a depth of its own
MAX_JOB_BYTES = 64 * 1024


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


def _non_negative(value: float, info: Any) -> float:
    return value if value >= 0 else refuse(f"{info.field_name} must be non-negative")


def _positive(value: float, info: Any) -> float:
    return value if value > 0 else refuse(f"{info.field_name} must be positive")


def _worth_a_percentage(value: float, info: Any) -> float:
    is_enough = value >= MIN_BALANCE_USD
    return value if is_enough else refuse(f"{info.field_name} must be at least {MIN_BALANCE_USD:g}")


def _unicode(value: str, info: Any) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        refuse(f"{info.field_name} must be valid Unicode text, not {shown(value)}")
    return value


Text = Annotated[str, AfterValidator(_unicode)]
Bps = Annotated[float, Field(le=MAX_NUMBER), AfterValidator(_non_negative)]
Usd = Annotated[float, Field(le=MAX_NUMBER), AfterValidator(_positive)]
Balance = Annotated[Usd, AfterValidator(_worth_a_percentage)]
Pct = Annotated[float, Field(le=100), AfterValidator(_positive)]


class TuningConfig(StrictModel):
    """The parameters of one job.

    Raises:
        pydantic.ValidationError: a `ValueError` whose text names every field that is wrong.
    """

    data_file: Text = Field(description="snapshot file: CSV (plain, gzip, zstd) or Parquet")
    min_spread_bps: Bps = Field(description="edge wanted over the cost of one execution, in bps")
    taker_fee_a_bps: Bps = Field(description="taker fee of venue A, in bps")
    taker_fee_b_bps: Bps = Field(description="taker fee of venue B, in bps")
    slippage_bps: Bps = Field(description="slippage of both legs together, per execution, in bps")
    max_position_usd: Usd = Field(description="notional of one trade, in USD")
    max_open_trades: Annotated[int, Field(le=int(MAX_NUMBER))] = Field(
        default=1, description="trades that may be open at once"
    )
    initial_balance_usd: Balance = Field(
        default=10_000.0, description="balance at the start, in USD"
    )
    stop_on_drawdown_pct: Pct | None = Field(
        default=None,
        description="end the run at this drawdown, in percent (default: 100, all is lost)",
    )
    tag: Text | None = Field(default=None, description="free text for the experiment")
    extra: dict[str, Any] | None = Field(
        default=None, description="your own JSON object, carried through untouched"
    )

    @field_validator("data_file")
    @classmethod
    def _data_file_is_named(cls, value: str) -> str:
        return value if value.strip() else refuse("data_file must be specified")

    @field_validator("max_open_trades")
    @classmethod
    def _at_least_one_trade(cls, value: int) -> int:
        return value if value >= 1 else refuse("max_open_trades must be at least 1")

    @field_validator("extra")
    @classmethod
    def _extra_is_json(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        """A copy that is JSON and nothing else, so that it comes out as it went in."""
        if value is None:
            return None
        try:
            text = compact_json(value).encode()
            copy: dict[str, Any] = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            refuse("extra must hold JSON values only: finite numbers, valid Unicode text")
        if _depth(copy) > MAX_EXTRA_DEPTH:
            refuse(f"extra must be nested at most {MAX_EXTRA_DEPTH} levels deep")
        if copy != value:
            refuse("extra must hold JSON values only: text as keys, lists, objects")
        if len(text) > MAX_EXTRA_BYTES:
            refuse(f"extra must be at most {MAX_EXTRA_BYTES:,} bytes as compact JSON")
        return copy

    def to_json(self) -> str:
        """The config as it travels: compact JSON with every field."""
        return compact_json(self.model_dump(mode="json"))

    def engine_config(self) -> ArbitrageConfig:
        """The part that the engine trades by."""
        return ArbitrageConfig(
            min_spread_bps=self.min_spread_bps,
            taker_fee_a_bps=self.taker_fee_a_bps,
            taker_fee_b_bps=self.taker_fee_b_bps,
            slippage_bps=self.slippage_bps,
            max_position_usd=self.max_position_usd,
            max_open_trades=self.max_open_trades,
        )

    def backtest_config(self) -> BacktestConfig:
        """The part that the account is kept by."""
        return BacktestConfig(
            initial_balance_usd=self.initial_balance_usd,
            stop_on_drawdown_pct=self.stop_on_drawdown_pct,
        )


class TuningMetrics(BaseModel):
    """The figures of one job, each computed from the data, or null.

    The first eight are in every document; later ones are optional, so that a document of any
    older version loads, and unknown ones are passed over, so that one of a newer version does.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    total_trades: int
    closed_trades: int
    open_trades: int
    final_balance_usd: float
    realized_pnl_usd: float
    max_drawdown_pct: float
    win_rate: float
    avg_pnl_per_trade_usd: float
    runtime_seconds: float | None = None
    config_summary: dict[str, JsonValue] | None = None
    unrealized_pnl_usd: float | None = None
    net_pnl_usd: float | None = None
    stopped_row: int | None = None
    stopped_timestamp: str | None = None


class ArbitrageTuningRunner:
    """Runs one job in this process.

    Args:
        config: What to run.
        data_path: Where the data file really is, when that is not `config.data_file` taken from
            the current directory.
        limits: Bounds on the data file; None for the defaults of `arbitrage.snapshots`.
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
        from arbitrage.snapshots import load_snapshots  # polars

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
        return TuningMetrics(
            **figures,
            runtime_seconds=time.perf_counter() - started,
            config_summary={
                **self.config.model_dump(mode="json", exclude={"extra"}),
                **data,
                "engine_version": ENGINE_VERSION,
            },
        )

    def _figures(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The figures, by whichever way is the quicker one, and what the summary says of the data.

        Where every slot is taken the engine looks at every open trade on every row, so a small file
        may be much work for it.
        """
        is_loaded = "arbitrage.replay" in sys.modules
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
        engine = ArbitrageEngine(self.config.engine_config())
        result = ArbitrageBacktester(engine, self.config.backtest_config()).run(snapshots)
        figures = {name: getattr(result, name) for name in FIGURES}
        return figures, {
            "snapshots_count": result.stats.total_snapshots,
            "skipped_snapshots": result.stats.skipped_snapshots,
            "data_sha256": snapshots.data_sha256,
        }

    def _replayed(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The same by the compiled kernels, from the prepared file."""
        from arbitrage.replay import open_data, replay_one  # numba

        data = open_data(self._data_path, self._limits, name=self.config.data_file)
        return replay_one(data, self.config.model_dump(include=set(NUMBERS))), {
            "snapshots_count": data.rows,
            "skipped_snapshots": data.skipped,
            "data_sha256": data.data_sha256,
        }


FIGURES = tuple(
    name for name in TuningMetrics.model_fields if name not in {"runtime_seconds", "config_summary"}
)
"""What a run computes from the data, by the name of its field."""

NUMBERS = tuple(
    name for name in TuningConfig.model_fields if name not in {"data_file", "tag", "extra"}
)
"""What a run depends on besides its data, by the name of its field: numbers all, which may vary."""


def parse_config(data: Any) -> TuningConfig:
    """A config from what a user or another program handed over.

    Raises:
        ConfigError: One sentence that names every field that is wrong.
    """
    try:
        config = TuningConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(one_sentence(error)) from error
    size = len(config.to_json().encode())
    if size > MAX_JOB_BYTES:
        raise ConfigError(f"the job is {size:,} bytes of JSON; at most {MAX_JOB_BYTES:,} travel")
    return config


def _depth(value: Any) -> int:
    """How many lists and objects stand in one another; without recursion, which has its limits."""
    depth, level = 0, [value]
    while level := [part for part in level if isinstance(part, (list, dict))]:
        depth += 1
        level = [
            part
            for parent in level
            for part in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return depth


def compact_json(value: Any) -> str:
    """JSON without white space, characters as they are.

    Raises:
        ValueError: A number that is not finite, or a key that repeats.
        TypeError: A value that is not JSON.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
