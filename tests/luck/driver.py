"""Counts how often the verdict is right on markets of which the answer is known, and what is kept.

python -m tests.luck.driver --sets 100
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from statistics import mean, median

from arbitrage.results.verdict.verdict import SIGNIFICANT
from arbitrage.sweep import Verdict, WalkForward, judge, walk_forward
from tests.luck.markets import MEAN_REVERTING, RANDOM_WALK, Market, sweep_of, write_market

MARKETS = {"a random walk": RANDOM_WALK, "a mean-reverting basis": MEAN_REVERTING}


def verdicts(market: Market, sets: int, n_bootstrap: int = 1000) -> list[Verdict]:
    """Of so many data sets of a market, each with its own seed."""
    with tempfile.TemporaryDirectory() as folder:
        return [_verdict(market, Path(folder), seed, n_bootstrap) for seed in range(sets)]


def _verdict(market: Market, folder: Path, seed: int, n_bootstrap: int) -> Verdict:
    path = folder / f"{seed}.parquet"
    write_market(path, market, seed)
    return judge(sweep_of(path, market), n_bootstrap=n_bootstrap)


def walk_forwards(market: Market, sets: int) -> list[WalkForward]:
    """Of so many data sets of a market: six folds, each 10 minutes after 40 of training."""
    with tempfile.TemporaryDirectory() as folder:
        return [_walked(market, Path(folder), seed) for seed in range(sets)]


def _walked(market: Market, folder: Path, seed: int) -> WalkForward:
    path = folder / f"{seed}.parquet"
    write_market(path, market, seed)
    return walk_forward(sweep_of(path, market), folds=6, train="40m", test="10m")


def _print_kept(found: list[WalkForward]) -> None:
    """Of all data sets together, and how the sets are spread."""
    shares = [one.kept_share for one in found if one.kept_share is not None]
    rates = [(one.in_sample_usd_per_hour, one.out_of_sample_usd_per_hour) for one in found]
    in_sample, out_of_sample = (mean(side) for side in zip(*rates, strict=True))
    losing = sum(rate <= 0 for _, rate in rates)
    print(f"  walk-forward: {in_sample:.2f} USD/h in sample, {out_of_sample:.2f} out of sample")
    print(f"  kept {out_of_sample / in_sample:.0%} of all, median {median(shares):.0%} of a set;")
    print(f"  {losing} of {len(found)} sets earn nothing out of sample")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--walk-forward", action="store_true", help="count this alone")
    arguments = parser.parse_args()
    sets = arguments.sets
    for name, market in MARKETS.items():
        if arguments.walk_forward:
            print(f"{name}, {sets} data sets:")
            _print_kept(walk_forwards(market, sets))
            continue
        found = verdicts(market, sets)
        p_values = [verdict.p_value for verdict in found if verdict.p_value is not None]
        low = sum(p_value <= SIGNIFICANT for p_value in p_values)
        print(f"{name}, {sets} data sets: mean p {mean(p_values):.3f}, {low} at most {SIGNIFICANT}")
        for text, count in Counter(verdict.verdict for verdict in found).most_common():
            print(f"  {count:>4}  {text}")


if __name__ == "__main__":
    main()
