"""How high costs or latency may get until a config does not earn any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arbitrage.documents.config import TuningConfig
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.kernels.layout import Floats
from arbitrage.replay.roads import are_set, columns_of, options_of
from arbitrage.results.explain.ladder import varied

LONGEST_MS = 2**16


class _Steps(NamedTuple):
    """How many there are in the first round and in those after it, and how narrow the last are."""

    first: int
    later: int
    narrowest: float


# Many of costs where these share their trips or windows; few where each takes a scan of its own,
# which every latency does: 0.3 s over 10 M rows.
_OF_COSTS, _OF_COSTS_BY_SCAN = _Steps(1_024, 1_024, 1e-3), _Steps(32, 2, 1e-3)
_OF_LATENCIES = _Steps(2, 2, 0.1)

Nets: TypeAlias = Callable[[Floats], Floats]
"""The net profit at each of some costs or latencies."""

Test: TypeAlias = Callable[[Floats], NDArray[np.bool_]]
"""Which net profits are looked for."""


class BreakEvens(NamedTuple):
    """Where the net profit is not above 0 any more.

    Attributes:
        cost_bps: The cost of one execution. None where not even costs of 0 leave a profit.
        latency_ms: The latency to both venues: 0.0 where there is no profit without any. None where
            there is one at all that were tried, up to `LONGEST_MS`, or where the times of the rows
            cannot be used.
    """

    cost_bps: float | None
    latency_ms: float | None


def break_evens(config: TuningConfig, data: OpenedFile) -> BreakEvens:
    """The lowest cost and the lowest latency at which the config does not earn any more.

    Net profit need not fall steadily with either. So costs are tried in even steps from the
    config's own on, up to the one at which no spread in the file opens a trade, and the first
    without a profit counts; then in smaller steps between it and the one before, down to a
    thousandth of a bp, and there a straight line is drawn, which net profit follows as long as the
    trades are the same. The first steps are 1,024, or 32 where the config has options and several
    slots. A config without a profit is tried at lower costs likewise, down to 0, and the first with
    one counts. Latencies are tried at 0, 1, 2, 4 ... ms, and between the first of them without a
    profit and the one before in halves, down to 0.1 ms. What lies between two steps is not seen.

    Raises:
        DataError: The data lack what an option of the config needs.
    """
    return BreakEvens(_cost_bps(config, data), _latency_ms(config, data))


def _cost_bps(config: TuningConfig, data: OpenedFile) -> float | None:
    own = config.taker_fee_a_bps + config.taker_fee_b_bps + config.slippage_bps

    def nets(costs: Floats) -> Floats:
        changes = {"taker_fee_a_bps": 0.0, "taker_fee_b_bps": 0.0, "slippage_bps": costs}
        return _nets(config, data, changes, len(costs))

    steps = _OF_COSTS_BY_SCAN if _goes_by_scan(config) else _OF_COSTS
    if nets(np.array([own]))[0] > 0:
        highest = (data.facts.largest_spread_bps or 0.0) - config.min_spread_bps
        end, is_past = max(own, highest) + 1.0, _is_without_profit
    else:
        end, is_past = 0.0, _is_profit
    found = _crossing(nets, is_past, own, end, steps)
    return None if found is None else found.on_the_line


def _latency_ms(config: TuningConfig, data: OpenedFile) -> float | None:
    if not data.with_options.has_times:
        return None

    def nets(latencies: Floats) -> Floats:
        changes = {"latency_a_ms": latencies, "latency_b_ms": latencies}
        return _nets(config, data, changes, len(latencies))

    powers = np.concatenate([[0.0], 2.0 ** np.arange(LONGEST_MS.bit_length())])
    losing = np.flatnonzero(_is_without_profit(nets(powers)))
    if not len(losing):
        return None
    if not losing[0]:
        return 0.0
    start, end = powers[losing[0] - 1 : losing[0] + 1].tolist()
    found = _crossing(nets, _is_without_profit, start, end, _OF_LATENCIES)
    return end if found is None else found.end


class _Crossing(NamedTuple):
    """Two points with the nets there, of which the second is what is looked for."""

    start: float
    end: float
    net_before: float
    net_after: float

    @property
    def on_the_line(self) -> float:
        """Where the line between the two is 0."""
        share = self.net_before / (self.net_before - self.net_after) if self.net_before else 0.0
        return self.start + (self.end - self.start) * share


def _crossing(
    nets: Nets, is_past: Test, start: float, end: float, steps: _Steps
) -> _Crossing | None:
    """The first two neighbours of which the second is past, or None where there are none.

    Args:
        nets: The net profit at some points.
        is_past: What is looked for; it does not hold at the start.
        start: Where the search begins.
        end: Where it ends; it may lie below.
        steps: Those between them.
    """
    points, count = np.array([start, end]), steps.first
    found = nets(points)
    while True:
        points = np.linspace(points[0], points[-1], count + 1)
        found = np.concatenate([found[:1], nets(points[1:-1]), found[-1:]])
        past = np.flatnonzero(is_past(found[1:]))
        if not len(past):
            return None
        place = slice(past[0], past[0] + 2)
        points, found, count = points[place], found[place], steps.later
        if abs(points[1] - points[0]) <= steps.narrowest:
            return _Crossing(*points.tolist(), *found.tolist())


def _is_profit(nets: Floats) -> NDArray[np.bool_]:
    return nets > 0


def _is_without_profit(nets: Floats) -> NDArray[np.bool_]:
    return ~(nets > 0)


def _goes_by_scan(config: TuningConfig) -> bool:
    options = options_of(columns_of(config.numbers(), 1))
    return config.max_open_trades > 1 and bool(are_set(options)[0])


def _nets(config: TuningConfig, data: OpenedFile, changes: Mapping[str, Any], count: int) -> Floats:
    found: Floats = varied(config, data, changes, count)["net_pnl_usd"]
    return found
