"""A sweep that makes sense for a file: what a first spec may look like, ready to run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from arbitrage.data.check.costs import Costs
from arbitrage.data.check.document import FileCheck
from arbitrage.data.check.numbers.distribution import Quantiles
from arbitrage.data.check.numbers.round_figures import round_figure_from
from arbitrage.data.columns import AGES, SIZES
from arbitrage.documents.spec.grids import whole
from arbitrage.documents.spec.sweep_spec import SweepSpec

POSITION_USD = 1_000

# The steps from the lowest threshold to the highest: so many at most, and not much fewer than half.
_STEPS = 50
_EXITS = 5  # the exits to try are at least this part of the highest threshold apart


def spec_to_try(check: FileCheck, costs: Costs, data_file: str) -> dict[str, Any] | None:
    """The fields of the spec, or None where no tradable row has a spread that reaches the costs.

    Its thresholds go from the costs up to the spread that is worth one; where the costs are above
    that, up to the largest spread. Its exits are 0, a round figure to either side, and the middle
    of the better spread where that is above: between venues with a basis nothing closes below it.

    Args:
        check: What the file is like.
        costs: Those of one execution.
        data_file: The name of the file in the spec.

    Raises:
        ConfigError: The name cannot stand in a spec.
    """
    largest, worth = check.spreads.largest_bps, check.spreads.worth_a_threshold_bps
    if largest is None or worth is None or largest < costs.total_bps:
        return None
    highest = worth if worth > costs.total_bps else largest
    fields = {
        "data_file": data_file,
        **{name: whole(value) for name, value in costs._asdict().items()},
        "max_position_usd": POSITION_USD,
        "grids": [_thresholds(highest - costs.total_bps), _exits(highest, check.spreads.better)],
    }
    SweepSpec.from_data(fields)
    return fields


def _thresholds(room_bps: float) -> dict[str, Any]:
    """Of `min_spread_bps`, which the costs are added to."""
    if room_bps <= 0:
        return {"name": "min_spread_bps", "values": [0]}
    step = round_figure_from(room_bps / _STEPS)
    stop = step * math.floor(Decimal(room_bps) / step)
    return {"name": "min_spread_bps", "start": 0, "stop": _number(stop), "step": _number(step)}


def _exits(highest_bps: float, better: Quantiles | None) -> dict[str, Any]:
    if highest_bps <= 0:
        return {"name": "exit_spread_bps", "values": [0]}
    aside = round_figure_from(highest_bps / _EXITS)
    exits = [-aside, Decimal(0), aside]
    middle = Decimal(better.p50) if better is not None else aside
    if middle > aside:
        step = aside / 10
        exits.append(step * math.floor(middle / step))
    return {"name": "exit_spread_bps", "values": [_number(exit_bps) for exit_bps in exits]}


def _number(figure: Decimal) -> float:
    number: float = whole(float(figure))
    return number


def spec_text(check: FileCheck, fields: dict[str, Any]) -> str:
    """The spec as YAML, with what else one may want to set as comments."""
    fixed = (f"{name}: {_json(value)}" for name, value in fields.items() if name != "grids")
    lines = [*fixed, *_advice(check), "grids:", *map(_grid_line, fields["grids"])]
    return "\n".join(lines)


def _grid_line(grid: dict[str, Any]) -> str:
    parts = (f"{part}: {_json(value)}" for part, value in grid.items() if part != "name")
    return f"  - {{name: {grid['name']}, {', '.join(parts)}}}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)  # which YAML reads as it is


def _advice(check: FileCheck) -> Iterator[str]:
    """Options that make a sweep honest, each commented out."""
    yield "# latency_a_ms: 50  # from a decision to its execution at venue a"
    yield "# latency_b_ms: 50  # and at venue b"
    if set(AGES) <= set(check.columns):
        yield "# max_quote_age_ms: 1000  # the file has the ages of quotes"
    if set(SIZES) <= set(check.columns):
        yield "# size_share: 0.5  # the file has displayed sizes"
