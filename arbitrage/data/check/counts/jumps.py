"""How far a venue's price moves from one tradable row to the next."""

from __future__ import annotations

import numpy as np

from arbitrage.data.check.batch import BPS, Batch, Venue
from arbitrage.data.check.numbers.round_figures import RoundCounts, Unusual, round_figures

_MOVES_BPS = np.array([float(figure) for figure in round_figures(-6, 9)])


class JumpCounter:
    """Measures the moves of a venue's mid price, `(bid + ask) / 2`, in bps of the one before.

    Attributes:
        largest_bps: The largest move, up or down; None with fewer than two tradable rows.
        largest_at: The timestamp of the row that it leads to.
    """

    def __init__(self, venue: Venue) -> None:
        self._prices = f"best_bid_{venue}", f"best_ask_{venue}"
        self._last = np.empty(0)
        self._moves = RoundCounts(_MOVES_BPS)
        self.largest_bps: float | None = None
        self.largest_at: str | None = None

    def add(self, batch: Batch) -> None:
        bid, ask = (batch.tradable(name) for name in self._prices)
        mids = np.append(self._last, (bid + ask) / 2)
        self._last = mids[-1:]
        moves = np.abs(np.diff(mids) / mids[:-1] * BPS)
        if not len(moves):
            return
        self._moves.add(moves[moves > 0])
        place = int(moves.argmax())
        if self.largest_bps is None or moves[place] > self.largest_bps:
            self.largest_bps = float(moves[place])
            row = batch.tradable_places[place - len(moves)]  # the row that the move leads to
            self.largest_at = batch.timestamp(int(row))

    def unusual(self) -> Unusual:
        """From where on a move is a jump, and how many there are; moves of 0 are left out."""
        return self._moves.unusual()
