"""Sweep specs once more, slow and obvious: every combination listed, the oracle of sweep specs."""

from __future__ import annotations

import itertools
from typing import Any

FIXED: dict[str, Any] = {
    "data_file": "quotes.csv",
    "min_spread_bps": 20,
    "taker_fee_a_bps": 5,
    "taker_fee_b_bps": 5,
    "slippage_bps": 2,
    "max_position_usd": 1000,
}
MASK = 2**64 - 1


def spec(*grids: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A sound spec with these grids, each instead of the fixed field."""
    varying = {grid["name"] for grid in grids}
    fixed = {name: value for name, value in FIXED.items() if name not in varying}
    return {**fixed, "grids": list(grids), **fields}


def range_by_num(start: float, stop: float, num: int) -> list[float]:
    if num == 1:
        return [start]
    return [start + (stop - start) * i / (num - 1) for i in range(num - 1)] + [stop]


def combinations(grids: list[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
    """All of them, the last grid varying fastest."""
    names = [name for name, _ in grids]
    lists = [values for _, values in grids]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*lists)]


def mix(number: int) -> int:
    number ^= number >> 30
    number = number * 0xBF58476D1CE4E5B9 & MASK
    number ^= number >> 27
    number = number * 0x94D049BB133111EB & MASK
    return number ^ number >> 31


def permuted(position: int, size: int, seed: int) -> int:
    """What the documented network makes of one number, in Python's own integers."""
    half_bits = 0
    while 1 << 2 * half_bits < size:
        half_bits += 1
    number = position
    while True:
        left, right = number >> half_bits, number % (1 << half_bits)
        for round_number in range(8):
            key = mix((seed + (round_number + 1) * 0x9E3779B97F4A7C15) & MASK)
            left, right = right, left ^ mix(right ^ key) % (1 << half_bits)
        number = (left << half_bits) + right
        if number < size:
            return number
