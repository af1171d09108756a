"""The parameters of one job, and the rules that each keeps.

No engine, no reader and no kernel is needed here: flags, grids and specs only ask about fields.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, field_validator

from arbitrage.documents.json_text import compact_json, depth
from arbitrage.documents.strict_model import StrictModel
from arbitrage.documents.validation import one_sentence, refuse, shown
from arbitrage.errors import ConfigError

MAX_NUMBER = 1e15
# As small as a price may be: a drawdown in percent of less may be no finite number.
MIN_BALANCE_USD = 1e-15
MAX_EXTRA_BYTES = 16 * 1024
MAX_EXTRA_DEPTH = 100  # far below where JSON libraries give up, each at a depth of its own
MAX_JOB_BYTES = 64 * 1024


def _without_sign_of_zero(value: float) -> float:
    """-0.0 as 0.0: they are equal, so one spec would have rows of either."""
    return value + 0.0


def _non_negative(value: float, info: Any) -> float:
    if value >= 0:
        return _without_sign_of_zero(value)
    return refuse(f"{info.field_name} must be non-negative")


def _positive(value: float, info: Any) -> float:
    return value if value > 0 else refuse(f"{info.field_name} must be positive")


def _share(value: float, info: Any) -> float:
    is_share = 0 < value <= 1
    return value if is_share else refuse(f"{info.field_name} must be above 0 and at most 1")


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
# Lower bounds are checked in our own words; their JSON Schema is told what they are.
_FROM_0, _ABOVE_0 = {"minimum": 0}, {"exclusiveMinimum": 0}
NonNegative = Annotated[
    float, Field(le=MAX_NUMBER, json_schema_extra=_FROM_0), AfterValidator(_non_negative)
]
Positive = Annotated[
    float, Field(le=MAX_NUMBER, json_schema_extra=_ABOVE_0), AfterValidator(_positive)
]
AnyBps = Annotated[float, Field(le=MAX_NUMBER), AfterValidator(_without_sign_of_zero)]
Count = Annotated[int, Field(le=int(MAX_NUMBER), json_schema_extra={"minimum": 1})]
Share = Annotated[
    float, Field(json_schema_extra={**_ABOVE_0, "maximum": 1}), AfterValidator(_share)
]
Balance = Annotated[
    Positive,
    Field(json_schema_extra={"minimum": MIN_BALANCE_USD}),
    AfterValidator(_worth_a_percentage),
]
Pct = Annotated[float, Field(le=100, json_schema_extra=_ABOVE_0), AfterValidator(_positive)]


class TuningConfig(StrictModel):
    """The parameters of one job.

    Raises:
        pydantic.ValidationError: a `ValueError` whose text names every field that is wrong.
    """

    data_file: Text = Field(description="snapshot file: CSV (plain, gzip, zstd) or Parquet")
    min_spread_bps: NonNegative = Field(
        description="edge wanted over the cost of one execution, in bps"
    )
    taker_fee_a_bps: NonNegative = Field(description="taker fee of venue A, in bps")
    taker_fee_b_bps: NonNegative = Field(description="taker fee of venue B, in bps")
    slippage_bps: NonNegative = Field(
        description="slippage of both legs together, per execution, in bps"
    )
    max_position_usd: Positive = Field(description="notional of one trade, in USD")
    max_open_trades: Count = Field(default=1, description="trades that may be open at once")
    initial_balance_usd: Balance = Field(
        default=10_000.0, description="balance at the start, in USD"
    )
    stop_on_drawdown_pct: Pct | None = Field(
        default=None,
        description="end the run at this drawdown, in percent (default: 100, all is lost)",
    )
    exit_spread_bps: AnyBps = Field(
        default=0.0, description="a trade closes when its spread is below this, in bps"
    )
    max_holding_seconds: Positive | None = Field(
        default=None, description="a trade closes when it has been held this long (default: never)"
    )
    latency_a_ms: NonNegative = Field(
        default=0.0, description="time from a decision to its execution at venue A, in ms"
    )
    latency_b_ms: NonNegative = Field(
        default=0.0, description="time from a decision to its execution at venue B, in ms"
    )
    max_quote_age_ms: NonNegative | None = Field(
        default=None, description="skip rows with an older quote, in ms (default: of any age)"
    )
    size_share: Share | None = Field(
        default=None,
        description="share of a displayed size that one trade may take (default: sizes ignored)",
    )
    min_position_usd: NonNegative = Field(
        default=0.0, description="with a size share, no trade below this notional, in USD"
    )
    tag: Text | None = Field(default=None, description="free text for the experiment")
    extra: dict[str, Any] | None = Field(
        default=None, description="your own JSON object; the result document has it unchanged"
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
        if depth(copy) > MAX_EXTRA_DEPTH:
            refuse(f"extra must be nested at most {MAX_EXTRA_DEPTH} levels deep")
        if copy != value:
            refuse("extra must hold JSON values only: text as keys, lists, objects")
        if len(text) > MAX_EXTRA_BYTES:
            refuse(f"extra must be at most {MAX_EXTRA_BYTES:,} bytes as compact JSON")
        return copy

    def to_json(self) -> str:
        """The config as it travels: compact JSON with every field."""
        return compact_json(self.model_dump(mode="json"))

    def numbers(self) -> dict[str, Any]:
        """Its numbers by the names of their fields, None where one is not set."""
        return self.model_dump(include=set(NUMERIC_FIELDS))


NUMERIC_FIELDS = tuple(
    name for name in TuningConfig.model_fields if name not in {"data_file", "tag", "extra"}
)
"""The fields that a sweep may vary: all numbers, and all that a run depends on besides its data."""


def parse_config(data: Any) -> TuningConfig:
    """A config from what a user or another program handed over.

    Raises:
        ConfigError: One sentence that names every field that is wrong.
    """
    return _parsed(data)[0]


def checked_text(data: Any) -> str:
    """The text, as it travels, of such a config.

    Raises:
        ConfigError: As `parse_config`.
    """
    return _parsed(data)[1]


def _parsed(data: Any) -> tuple[TuningConfig, str]:
    """A config and its text, which its size is told from: writing takes as long as parsing."""
    try:
        config = TuningConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(one_sentence(error)) from error
    text = config.to_json()
    size = len(text.encode())
    if size > MAX_JOB_BYTES:
        raise ConfigError(f"the job is {size:,} bytes of JSON; at most {MAX_JOB_BYTES:,} travel")
    return config, text
