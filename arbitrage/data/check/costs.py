"""The costs at which rows are judged."""

from __future__ import annotations

from typing import NamedTuple


class Costs(NamedTuple):
    """What one execution of both legs costs, in bps; the fields of a config."""

    taker_fee_a_bps: float = 0.0
    taker_fee_b_bps: float = 0.0
    slippage_bps: float = 0.0

    @classmethod
    def of_both_legs(cls, cost_bps: float) -> Costs:
        """Costs of which only the sum is known."""
        return cls(cost_bps / 2, cost_bps / 2)

    @property
    def total_bps(self) -> float:
        """The sum, in the order in which the model adds it up."""
        return self.taker_fee_a_bps + self.taker_fee_b_bps + self.slippage_bps
