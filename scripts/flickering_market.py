"""The market of the second sample: updates one by one, with displayed sizes and ages of quotes.

Each row is an update of one venue; the quote of the other stands, and grows older. The basis is
pulled from zero in two ways: it *flickers* for less time than an order takes to travel, and it
*drifts* away for seconds. Without latency there is money in both, with it in the drifts alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from arbitrage.data.columns import COLUMNS, OPTIONAL_COLUMNS

START = datetime(2024, 1, 15, 9, tzinfo=UTC)
PAUSE_MS = 60.0  # between two rows, on average

START_PRICE_USD = 2_500.0
TICK_USD = 0.01
MID_VOLATILITY_BPS = 0.05  # of venue A's mid, a row
BASIS_NOISE_BPS = 0.5  # on each update of venue B
HALF_SPREAD_BPS = (0.4, 0.9)  # of each book, drawn anew with each update
USUAL_SIZE = 0.4  # base units, about 1,000 USD: half of the sizes are above it

FLICKER_PROBABILITY = 0.025  # a row on which one begins, where the basis is at rest
FLICKER_BPS = (6.0, 24.0)
FLICKER_MS = (20, 90)
DRIFT_PROBABILITY = 0.003
DRIFT_BPS = (20.0, 42.0)
DRIFT_RISE_MS = 400
DRIFT_FALL_MS = 2_000  # to a third, and to a third of that
DRIFT_ENDS_BPS = 0.5

EMPTY_PROBABILITY = 0.0005  # an update of venue B that takes its quotes away
SILENCE_PROBABILITY = 0.0005  # a row from which on venue B sends no updates
SILENCE_MS = (500, 3_000)
RESTART_PROBABILITY = 0.0005  # a row from which on B's age is unknown, up to its next update


def make_lines(rows: int, seed: int) -> Iterator[str]:
    """The lines of the file, the header first."""
    yield ",".join([*COLUMNS, *OPTIONAL_COLUMNS]) + "\n"
    market = Market(seed)
    for _ in range(rows):
        yield market.line()
        market.step()


@dataclass
class Quote:
    """What a venue shows; `since_ms` is None where nobody knows."""

    bid: float
    ask: float
    bid_size: float
    ask_size: float
    since_ms: int | None

    def age_ms(self, now_ms: int) -> str:
        return "" if self.since_ms is None else str(now_ms - self.since_ms)


@dataclass(frozen=True)
class Pull:
    """One time that the basis is away from zero: a flicker has an end, a drift has none."""

    bps: float
    begin_ms: int
    end_ms: int | None

    def basis_bps(self, now_ms: int) -> float:
        if self.end_ms is not None:
            return self.bps
        since_ms = now_ms - self.begin_ms
        if since_ms < DRIFT_RISE_MS:
            return self.bps * since_ms / DRIFT_RISE_MS
        return self.bps * math.exp((DRIFT_RISE_MS - since_ms) / DRIFT_FALL_MS)

    def is_over(self, now_ms: int) -> bool:
        if self.end_ms is not None:
            return self.end_ms <= now_ms
        is_falling = now_ms - self.begin_ms > DRIFT_RISE_MS
        return is_falling and abs(self.basis_bps(now_ms)) < DRIFT_ENDS_BPS


class Market:
    """Two venues, one row after the other."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - a simulation, no secret
        self.now_ms = 0
        self._mid_usd = START_PRICE_USD
        self._pull: Pull | None = None
        self._silent_until_ms = 0
        self.a = self._quote_around(self._mid_usd)
        self.b = self._quote_around(self._mid_usd)

    def step(self) -> None:
        """Move on by one row, which is an update of B where a flicker begins or ends."""
        draw = self._draw
        self._mid_usd *= 1 + draw.gauss(0, MID_VOLATILITY_BPS) / 10_000
        self.now_ms += 1 + round(draw.expovariate(1 / PAUSE_MS))
        flickers = self._change_pull()
        if draw.random() < SILENCE_PROBABILITY:
            self._silent_until_ms = self.now_ms + draw.randint(*SILENCE_MS)
        if draw.random() < RESTART_PROBABILITY:
            self.b.since_ms = None
        is_of_b = flickers or draw.random() < 0.5  # noqa: PLR2004 - a coin
        if is_of_b and self.now_ms >= self._silent_until_ms:
            self.b = self._update_of_b()
        else:
            self.a = self._quote_around(self._mid_usd)

    def _change_pull(self) -> bool:
        """Let the basis go, or pull it away; whether a flicker begins or ends with this."""
        pull, draw = self._pull, self._draw
        if pull is None:
            side = draw.choice([-1, 1])
            fate = draw.random()
            if fate < FLICKER_PROBABILITY:
                end_ms = self.now_ms + draw.randint(*FLICKER_MS)
                self._pull = Pull(side * draw.uniform(*FLICKER_BPS), self.now_ms, end_ms)
                return True
            if fate < FLICKER_PROBABILITY + DRIFT_PROBABILITY:
                self._pull = Pull(side * draw.uniform(*DRIFT_BPS), self.now_ms, None)
        elif pull.is_over(self.now_ms):
            self.now_ms = self.now_ms if pull.end_ms is None else pull.end_ms
            self._pull = None
            return pull.end_ms is not None
        return False

    def _update_of_b(self) -> Quote:
        basis_bps = self._draw.gauss(0, BASIS_NOISE_BPS)
        if self._pull is not None:
            basis_bps += self._pull.basis_bps(self.now_ms)
        if self._draw.random() < EMPTY_PROBABILITY:
            return Quote(0.0, 0.0, 0.0, 0.0, self.now_ms)
        return self._quote_around(self._mid_usd * (1 + basis_bps / 10_000))

    def _quote_around(self, mid_usd: float) -> Quote:
        half_usd = mid_usd * self._draw.uniform(*HALF_SPREAD_BPS) / 10_000
        return Quote(
            bid=math.floor((mid_usd - half_usd) / TICK_USD) * TICK_USD,
            ask=math.ceil((mid_usd + half_usd) / TICK_USD) * TICK_USD,
            bid_size=USUAL_SIZE * math.exp(self._draw.gauss(0, 1)),
            ask_size=USUAL_SIZE * math.exp(self._draw.gauss(0, 1)),
            since_ms=self.now_ms,
        )

    def line(self) -> str:
        """The row as it stands."""
        moment = START + timedelta(milliseconds=self.now_ms)
        a, b = self.a, self.b
        prices = [f"{price:.2f}" for price in (a.bid, a.ask, b.bid, b.ask)]
        sizes = [f"{size:.3f}" for size in (a.bid_size, a.ask_size, b.bid_size, b.ask_size)]
        ages = [quote.age_ms(self.now_ms) for quote in (a, b)]
        return (
            ",".join(
                [
                    f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z",
                    *prices,
                    *sizes,
                    *ages,
                ]
            )
            + "\n"
        )
