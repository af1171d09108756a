"""Markets of a row a second, and the sweeps that walk over them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from arbitrage.sweep import SweepSpec
from tests.conftest import HEADER
from tests.helpers.inputs.strategies import quote
from tests.helpers.oracles.terms import Params, Row

START = datetime(2026, 1, 1, tzinfo=UTC)
SPREADS = [2.0, 5.0, 8.0, 12.0, 20.0, 35.0]
EXITS = [-4.0, 0.0, 3.0]
FIXED: dict[str, Any] = {
    "taker_fee_a_bps": 1,
    "taker_fee_b_bps": 1,
    "slippage_bps": 0,
    "max_position_usd": 1000,
}


def stamp(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def at(seconds: float, row: Row) -> Row:
    """The row at another time."""
    _, bid_a, ask_a, bid_b, ask_b = row
    return stamp(seconds), bid_a, ask_a, bid_b, ask_b


def csv_file(folder: Path, rows: list[Row], name: str = "quotes.csv") -> Path:
    path = folder / name
    lines = [",".join([row[0], *map(repr, row[1:])]) for row in rows]
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def walk_of(random: Random, count: int) -> list[Row]:
    """A row a second of a basis that returns to zero."""
    mid, basis, rows = 100.0, 0.0, []
    for number in range(count):
        mid *= 1 + random.gauss(0, 3) / 1e4
        basis = 0.9 * basis + random.gauss(0, 12)
        rows.append(
            at(number, quote(0, mid, basis, random.uniform(0.5, 2), random.uniform(0.5, 2)))
        )
    return rows


def spec_of(path: Path, **more: Any) -> SweepSpec:
    grids = [
        {"name": "min_spread_bps", "values": SPREADS},
        {"name": "exit_spread_bps", "values": EXITS},
    ]
    return SweepSpec(**{"data_file": str(path), **FIXED, "grids": grids, **more})


def params_of(spread: float, exit_bps: float) -> Params:
    return Params(
        min_spread_bps=spread, exit_spread_bps=exit_bps, taker_fee_a_bps=1, taker_fee_b_bps=1
    )


def flat(count: int) -> list[Row]:
    return [at(second, quote(0, 100.0, 0.0, 0.5, 0.5)) for second in range(count)]
