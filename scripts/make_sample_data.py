"""Make the samples: `python -m scripts.make_sample_data` writes `data/sample_arbitrage_prices.csv`.

With `--sizes-and-ages` it writes `data/sample_sizes_ages.csv`, see `scripts.flickering_market`, and
with `--raw` a raw file for each venue of that market, see `scripts.raw_files`.

In the first, two venues quote the same instrument. Venue A's mid price is a random walk; venue B's
differs from it by the *basis*, which reverts to zero with a volatility that itself drifts. Around
the mids stand books of a few bps, on a grid of ticks. Some seconds are missing, some books are
crossed or empty, and once the basis widens far beyond where a trade has opened. The same seed makes
the same bytes.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from arbitrage.documents.whole_file import write_whole
from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_OK, count, run_command
from scripts import flickering_market, raw_files

SUMMARY = "make a sample data file, the same bytes from the same seed"
EXAMPLES = ("python -m scripts.make_sample_data",)

OUTPUT = Path("data/sample_arbitrage_prices.csv")
ROWS = 20_000
SEED = 7
OUTPUT_WITH_SIZES = Path("data/sample_sizes_ages.csv")
ROWS_WITH_SIZES = 12_000
SEED_WITH_SIZES = 11
RAW_OUTPUTS = (Path("data/raw_a.csv"), Path("data/raw_b.csv"))
RAW_ROWS = 8_000

START = datetime(2024, 1, 15, tzinfo=UTC)
GAP_PROBABILITY = 0.002  # a row after which some seconds are missing
LONGEST_GAP_S = 45

START_PRICE_USD = 2_500.0
TICK_USD = 0.01
MID_VOLATILITY_BPS = 0.8  # of venue A's mid, a row

BASIS_REVERSION = 1 / 45  # of the distance to zero, a row: a half-life of about 31 rows
BASIS_VOLATILITY_BPS = 3.6  # a row; with the reversion about 17 bps around zero
VOLATILITY_REVERSION = 1 / 2_000
VOLATILITY_OF_VOLATILITY = 0.005  # of its logarithm, a row

HALF_SPREAD_BPS = (0.6, 1.6)  # of each book, drawn anew each row

# Stretches in which the basis is pulled far from zero, to hurt whoever is in a trade: where they
# start (of the rows), how many rows they last, and to how many bps they pull. The second outlasts
# the file, so that some configs end with their loser still open.
WIDENINGS = ((0.62, 240, 80.0), (0.994, 120, -62.0))
WIDENING_PULL = 1 / 30  # of the distance to it, a row
WIDENING_CALM = 0.3  # of the usual volatility

CROSSED_PROBABILITY = 0.0006
EMPTY_PROBABILITY = 0.0006


@dataclass
class Market:
    """The state that one row hands to the next."""

    mid_usd: float = START_PRICE_USD
    basis_bps: float = 0.0
    log_volatility: float = 0.0

    def step(self, draw: random.Random, pulled_to_bps: float | None) -> None:
        """Move on by one row."""
        self.mid_usd *= 1 + draw.gauss(0, MID_VOLATILITY_BPS) / 10_000
        self.log_volatility += (
            draw.gauss(0, VOLATILITY_OF_VOLATILITY) - VOLATILITY_REVERSION * self.log_volatility
        )
        shock = draw.gauss(0, BASIS_VOLATILITY_BPS) * math.exp(self.log_volatility)
        if pulled_to_bps is None:
            self.basis_bps += shock - BASIS_REVERSION * self.basis_bps
        else:
            self.basis_bps += WIDENING_PULL * (pulled_to_bps - self.basis_bps)
            self.basis_bps += WIDENING_CALM * shock


def make_lines(rows: int, seed: int) -> Iterator[str]:
    """The lines of the file, the header first."""
    yield "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b\n"
    draw = random.Random(seed)  # noqa: S311 - a simulation, no secret
    market = Market()
    moment = START
    for row in range(rows):
        market.step(draw, _pull(row, rows))
        prices = _quotes(market, draw)
        yield ",".join([moment.strftime("%Y-%m-%dT%H:%M:%SZ"), *map(_text, prices)]) + "\n"
        gap = draw.random() < GAP_PROBABILITY
        moment += timedelta(seconds=draw.randrange(2, LONGEST_GAP_S + 1) if gap else 1)


def _pull(row: int, rows: int) -> float | None:
    """Where a widening pulls the basis on this row, in bps; None outside of them."""
    for start, length, target_bps in WIDENINGS:
        if 0 <= row - round(start * rows) < length:
            return target_bps
    return None


def _quotes(market: Market, draw: random.Random) -> tuple[float, ...]:
    """Bid and ask of A, then of B; now and then a book that nobody can trade on."""
    mid_b = market.mid_usd * (1 + market.basis_bps / 10_000)
    bid_a, ask_a = _book(market.mid_usd, draw)
    bid_b, ask_b = _book(mid_b, draw)
    fate = draw.random()
    if fate < CROSSED_PROBABILITY:
        bid_a, ask_a = ask_a, bid_a
    elif fate < CROSSED_PROBABILITY + EMPTY_PROBABILITY:
        bid_b, ask_b = 0.0, 0.0
    return bid_a, ask_a, bid_b, ask_b


def _book(mid_usd: float, draw: random.Random) -> tuple[float, float]:
    half_usd = mid_usd * draw.uniform(*HALF_SPREAD_BPS) / 10_000
    bid = math.floor((mid_usd - half_usd) / TICK_USD) * TICK_USD
    ask = math.ceil((mid_usd + half_usd) / TICK_USD) * TICK_USD
    return bid, ask


def _text(price: float) -> str:
    return f"{price:.2f}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "--sizes-and-ages",
        action="store_true",
        help="make the sample with displayed sizes and ages of quotes",
    )
    parser.add_argument(
        "--raw", action="store_true", help="make the raw files of two venues, the same every time"
    )
    defaults = f"{ROWS:,}, with --sizes-and-ages {ROWS_WITH_SIZES:,}"
    parser.add_argument(
        "--rows", type=count, metavar="N", help=f"rows to make (default: {defaults})"
    )
    defaults = f"{SEED}, with --sizes-and-ages {SEED_WITH_SIZES}"
    parser.add_argument(
        "--seed", type=count, metavar="N", help=f"of the random numbers (default: {defaults})"
    )
    defaults = f"{OUTPUT}, with --sizes-and-ages {OUTPUT_WITH_SIZES}"
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help=f"where to (default: {defaults})"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file, whole or not at all."""
    if arguments.raw:
        for path, text in zip(
            RAW_OUTPUTS, raw_files.make_files(RAW_ROWS, SEED_WITH_SIZES), strict=True
        ):
            write_whole(path, text)
        return EXIT_OK
    output, rows, seed = OUTPUT, ROWS, SEED
    if arguments.sizes_and_ages:
        output, rows, seed = OUTPUT_WITH_SIZES, ROWS_WITH_SIZES, SEED_WITH_SIZES
    output = arguments.output or output
    rows = rows if arguments.rows is None else arguments.rows
    seed = seed if arguments.seed is None else arguments.seed
    if rows < 1:
        raise ConfigError("--rows must be at least 1")
    make = flickering_market.make_lines if arguments.sizes_and_ages else make_lines
    try:
        write_whole(output, "".join(make(rows, seed)))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot write {output}: {reason}") from error
    print(f"{output}: {rows:,} rows", file=sys.stderr)
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(run_command("python -m scripts.make_sample_data", sys.modules[__name__], sys.argv[1:]))
