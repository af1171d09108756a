"""The shape of a kept verdict, as far as it is told to people: its file may say anything.

A verdict that was made here has it. One that is read is held against it, so that whatever tells of
a verdict need not ask whether a name is there, or whether a number is one.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
PValue = Annotated[float, Field(gt=0, le=1)]


class _Part(BaseModel):
    """What it has besides is not looked at: a later version may say more."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _TriedSweep(_Part):
    configs: Count
    is_gone: bool


class _Search(_Part):
    sweeps: list[_TriedSweep]
    other_sweeps: Count
    other_configs: Count
    unread_folders: Count = 0


class _Figures(_Part):
    net_pnl_usd: float
    total_trades: Count
    closed_trades: Count
    open_trades: Count
    stopped_row: int | None


class _Winner(_Part):
    sweep_id: str
    config_number: Count
    config: dict[str, float]
    figures: _Figures
    equals: AtLeastOne
    unstopped_net_pnl_usd: float | None
    varied_conditions: list[str] = []


class _PValues(_Part):
    lower: Share
    consistent: Share
    upper: Share


class _ByDeviation(_PValues):
    calibrated: Share


class _Config(_Part):
    sweep_id: str
    config_number: Count


class _Test(_Part):
    mean_block: float
    is_block_given: bool
    by_deviation: _ByDeviation
    in_dollars: _PValues
    best: _Config | None
    winner_p_value: Share


class _Sharpe(_Part):
    sharpe: float
    skew: float
    kurtosis: float
    track_record: float | None
    deflated_of_all: float | None
    deflated_of_effective: float | None
    n_effective: float


class _Beside(_Part):
    sharpe: _Sharpe | None
    overfitting: float | None
    blocks: Count
    sample: Count


class _Plateau(_Part):
    median_net_pnl_usd: float | None
    neighbours: Count


class _Rung(_Part):
    what: str
    net_pnl_usd: float
    closed_trades: Count


class _BreakEvens(_Part):
    cost_bps: float | None
    latency_ms: float | None


class _WalkForward(_Part):
    folds: AtLeastOne
    folds_with_profit: Count
    kept_share: float | None


class VerdictShape(_Part):
    """The names are those of `Verdict`, which says what they mean."""

    p_value: PValue | None
    periods: AtLeastOne | None
    period_seconds: AtLeastOne | None
    n_configs: AtLeastOne
    n_bootstrap: AtLeastOne
    seed: Count
    also_tried: Count
    search: _Search
    winner: _Winner
    test: _Test | None
    beside: _Beside | None
    plateau: _Plateau
    ladder: list[_Rung]
    break_evens: _BreakEvens
    walk_forward: _WalkForward | None
    row_seconds: float | None = None

    @model_validator(mode="after")
    def _has_all_that_periods_give_or_nothing(self) -> Self:
        given = (self.p_value, self.period_seconds, self.test, self.winner.unstopped_net_pnl_usd)
        if {one is None for one in given} != {self.periods is None}:
            raise ValueError("some of what needs periods is there, and some is not")
        return self
