"""Counts how often the verdict is right on markets of which the answer is known.

python -m tests.luck.driver --sets 100
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from statistics import mean

from arbitrage.results.verdict.verdict import SIGNIFICANT
from arbitrage.sweep import Verdict, judge
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=100)
    sets = parser.parse_args().sets
    for name, market in MARKETS.items():
        found = verdicts(market, sets)
        p_values = [verdict.p_value for verdict in found if verdict.p_value is not None]
        low = sum(p_value <= SIGNIFICANT for p_value in p_values)
        print(f"{name}, {sets} data sets: mean p {mean(p_values):.3f}, {low} at most {SIGNIFICANT}")
        for text, count in Counter(verdict.verdict for verdict in found).most_common():
            print(f"  {count:>4}  {text}")


if __name__ == "__main__":
    main()
