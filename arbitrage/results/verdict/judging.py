"""From a search and its data to the verdict: the first that holds."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.errors import ConfigError
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.periods.period_clock import Periods, periods_of
from arbitrage.results.querying.plateau import plateau_in
from arbitrage.results.selection.bootstrap import optimal_mean_block
from arbitrage.results.selection.matrix import Floats
from arbitrage.results.selection.replicates import DEFAULT_REPLICATES, MAX_REPLICATES
from arbitrage.results.verdict.beside import beside
from arbitrage.results.verdict.breaking import breaking_figures, kept_by_walk_forward
from arbitrage.results.verdict.clocked import ClockedData
from arbitrage.results.verdict.luck import Draws, Luck, Tell, Tested, tested_here
from arbitrage.results.verdict.search import Search, TriedSweep
from arbitrage.results.verdict.verdict import (
    CONDITIONS,
    EDGE,
    FEWEST_TRADES,
    LUCK,
    NO_EDGE,
    SIGNIFICANT,
    TOO_LITTLE,
    Verdict,
)
from arbitrage.results.verdict.winner import Winner, winner_of

_FEWEST_BLOCKS = 3  # of a replicate

# What fits into a gigabyte or so: the kernel of the bootstrap is periods x periods, its weights are
# replicates x periods, and a batch of configs is held against all replicates at once.
_MOST_PERIODS = 5_000
_MOST_WEIGHTS = 10**8
_MOST_TRIED = 10**15  # a double counts them one by one

_NEED_PERIODS = (
    *("p_value", "periods", "period_seconds", "test", "beside"),
    "unstopped_net_pnl_usd",
)


@dataclass(frozen=True)
class Asked:
    """How the search is judged.

    Raises:
        ConfigError: A number that makes no sense.
    """

    n_bootstrap: int = DEFAULT_REPLICATES
    seed: int = 0
    mean_block: float | None = None
    also_tried: int = 0

    def __post_init__(self) -> None:
        if self.n_bootstrap < 1:
            raise ConfigError(f"there must be at least 1 replicate, not {self.n_bootstrap}")
        if self.n_bootstrap > MAX_REPLICATES:
            raise ConfigError(
                f"there are at most {MAX_REPLICATES:,} replicates, not {self.n_bootstrap:,}"
            )
        if self.seed < 0 or self.also_tried < 0:
            raise ConfigError("the seed and the number of configs tried elsewhere are 0 or more")
        if self.also_tried > _MOST_TRIED:
            raise ConfigError(f"at most {_MOST_TRIED:,} configs are counted as tried elsewhere")
        if self.mean_block is not None and not 1 <= self.mean_block < math.inf:
            raise ConfigError(f"the mean block is at least 1 period, not {self.mean_block}")


def judge_search(
    search: Search,
    data: OpenedFile,
    asked: Asked,
    tested: Tested = tested_here,
    tell: Tell = lambda _: None,
) -> Verdict:
    """The verdict on a search.

    Args:
        search: What was tried.
        data: The data that it was tried on.
        asked: How it is judged.
        tested: Tests the configs.
        tell: Called with how many configs more are tested.

    Raises:
        ConfigError: No config of the search has a result.
        DataError: A part of the rows is damaged, or the data cannot be used.
    """
    found = winner_of(search)
    if found is None:
        raise ConfigError(
            f"no config of sweep {search.asked.sweep_id} has a result: run it with arbtune sweep"
        )
    winner, its_sweep = found
    periods = periods_of(data)
    figures: dict[str, Any] = dict.fromkeys(_NEED_PERIODS)
    if periods is not None:
        _check_size(periods, asked)
        clocked = ClockedData(data, periods)
        [profits] = clocked.profits(its_sweep.spec, np.array([winner.config_number])).T
        luck = _luck(search, clocked, profits, asked, tested, tell)
        figures = _figures(search, clocked, profits, asked, luck)
    unstopped = figures.pop("unstopped_net_pnl_usd")
    return Verdict(
        verdict=_verdict(winner, figures["p_value"]),
        **figures,
        n_configs=search.n_configs,
        sweep_id=search.asked.sweep_id,
        data_file=search.asked.spec.data_file,
        data_sha256=data.data_sha256,
        engine_version=ENGINE_VERSION,
        n_bootstrap=asked.n_bootstrap,
        seed=asked.seed,
        also_tried=asked.also_tried,
        search=_search_figures(search),
        winner={
            **winner.as_json(),
            "unstopped_net_pnl_usd": unstopped,
            "varied_conditions": _varied_conditions(its_sweep),
        },
        plateau=_plateau_figures(its_sweep, winner),
        **breaking_figures(its_sweep.spec.config(winner.config_number), data),
        walk_forward=kept_by_walk_forward(search.asked, data),
    )


def _check_size(periods: Periods, asked: Asked) -> None:
    """Refuse what needs more memory than a machine may have.

    Raises:
        ConfigError: There are too many periods, or too many replicates of so many.
    """
    count = len(periods)
    if count > _MOST_PERIODS:
        raise ConfigError(
            f"the data have rows in {count:,} periods of {periods.seconds // 86_400} d, and a "
            f"test takes at most {_MOST_PERIODS:,}: run the sweep over fewer years"
        )
    if count * asked.n_bootstrap > _MOST_WEIGHTS:
        raise ConfigError(
            f"of {count:,} periods at most {_MOST_WEIGHTS // count:,} replicates are drawn, not "
            f"{asked.n_bootstrap:,}"
        )


def _verdict(winner: Winner, p_value: float | None) -> str:
    if not winner.figures["net_pnl_usd"] > 0:
        return NO_EDGE
    if p_value is None or winner.figures["closed_trades"] < FEWEST_TRADES:
        return TOO_LITTLE
    return LUCK if p_value > SIGNIFICANT else EDGE


def _figures(
    search: Search, clocked: ClockedData, profits: Floats, asked: Asked, luck: Luck
) -> dict[str, Any]:
    """What needs periods."""
    stands_beside = beside(profits, search, clocked, asked.seed, asked.also_tried)
    return {
        "p_value": _with_others(luck.p_value, search.n_configs, asked),
        "periods": len(clocked.periods),
        "period_seconds": clocked.periods.seconds,
        "test": _test_figures(luck, search, profits, asked),
        "beside": asdict(stands_beside),
        "unstopped_net_pnl_usd": math.fsum(profits),
    }


def _luck(  # noqa: PLR0917 - the data on their way, and who tests them
    search: Search, clocked: ClockedData, profits: Floats, asked: Asked, tested: Tested, tell: Tell
) -> Luck:
    block = _mean_block(profits, asked)
    draws = Draws(block, asked.n_bootstrap, asked.seed)
    by_deviation, in_dollars = tested(search, clocked, draws, tell)
    return Luck(by_deviation, in_dollars, len(clocked.periods), draws)


def _mean_block(profits: Floats, asked: Asked) -> float:
    """That of the bootstrap.

    Raises:
        ConfigError: One that was asked for is as long as the data: its replicates would be alike.
    """
    if asked.mean_block is None:
        return optimal_mean_block(profits)
    if asked.mean_block > len(profits) / _FEWEST_BLOCKS:
        raise ConfigError(
            f"the mean block is at most {len(profits) // _FEWEST_BLOCKS} of {len(profits)} "
            f"periods, not {asked.mean_block:g}"
        )
    return asked.mean_block


def _with_others(p_value: float, n_configs: int, asked: Asked) -> float:
    """The p value of a search that is larger by the configs that were tried elsewhere.

    They are not here to be tested, so they count as that many more of these: if one search looks
    as good with probability p, the best of k independent ones does with 1 - (1 - p)^k.
    """
    if not asked.also_tried:
        return p_value
    searches = (n_configs + asked.also_tried) / n_configs
    return 1.0 if p_value >= 1 else -math.expm1(searches * math.log1p(-p_value))


def _test_figures(luck: Luck, search: Search, profits: Floats, asked: Asked) -> dict[str, Any]:
    names = ("lower", "consistent", "upper")
    by_deviation, in_dollars = luck.by_deviation, luck.in_dollars
    own = dict(zip(names, by_deviation.p_values(by_deviation.statistic), strict=True))
    dollars = dict(zip(names, in_dollars.p_values(in_dollars.statistic), strict=True))
    best = None
    if by_deviation.best is not None:
        sweep, number = search.config_at(by_deviation.best)
        best = {"sweep_id": sweep.sweep_id, "config_number": number}
    return {
        "mean_block": luck.draws.mean_block,
        "is_block_given": asked.mean_block is not None,
        "by_deviation": {**own, "calibrated": luck.calibrated},
        "in_dollars": dollars,
        "best": best,
        "winner_p_value": luck.of_config(profits),
    }


def _search_figures(search: Search) -> dict[str, Any]:
    counts = {id(sweep): 0 for sweep in search.sweeps}
    for piece in search.pieces:
        counts[id(piece.sweep)] += len(piece.numbers)
    sweeps = [
        {"sweep_id": sweep.sweep_id, "configs": counts[id(sweep)], "is_gone": sweep.is_gone}
        for sweep in search.sweeps
    ]
    other_sweeps, other_configs = search.others
    return {
        "sweeps": sweeps,
        "other_sweeps": other_sweeps,
        "other_configs": other_configs,
        "unread_folders": search.unread,
    }


def _varied_conditions(sweep: TriedSweep) -> list[str]:
    """What its grids vary of what nobody can choose."""
    varied = {grid.name for grid in sweep.spec.grids if grid.axis.size > 1}
    return [name for name in CONDITIONS if name in varied]


def _plateau_figures(sweep: TriedSweep, winner: Winner) -> dict[str, Any]:
    found = plateau_in(sweep.rows, sweep.spec, winner.config_number, "net_pnl_usd")
    return {"median_net_pnl_usd": found.median, "neighbours": found.neighbours}
