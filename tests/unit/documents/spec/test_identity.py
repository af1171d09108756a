"""What makes two specs the same sweep, and what does not."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id
from tests.helpers.inputs.sweeps import FIXED, spec
from tests.unit.documents.spec.asked import EXAMPLE, SLIPPAGES, SPREADS


def test_specs_compare_by_their_jobs_and_their_ranking() -> None:
    """However they are spelled, defaults written out or not."""
    grid = {"name": "slippage_bps", "values": [0, 2.0]}
    one = SweepSpec(**spec(grid))
    same = SweepSpec(**spec({**grid, "values": (0.0, 2)}, initial_balance_usd=10_000))
    assert one.total == same.total == 2  # whatever they have computed of themselves
    assert one == same
    assert one.grids == same.grids
    assert len({one, same}) == len({*one.grids, *same.grids}) == 1
    others = [
        SweepSpec(**spec({**grid, "values": [0, 3]})),
        SweepSpec(**spec(grid), max_jobs=1),
        SweepSpec(**spec(grid), rank_by="win_rate"),
        SweepSpec(**{**spec(grid), "filters": {"min_trades": 1}}),
        SweepSpec(**spec(grid), tag_prefix="x"),
    ]
    assert one not in others
    assert one.grids[0] != others[0].grids[0]
    assert one != one.to_json()


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same JSON with its keys in another order and its numbers spelled as floats."""
    if isinstance(value, dict):
        keys = rng.sample(list(value), len(value))
        return {key: shuffled(value[key], rng) for key in keys}
    if isinstance(value, list):
        return [shuffled(part, rng) for part in value]
    return float(value) if isinstance(value, int) else value


def test_spelling_does_not_change_the_identity() -> None:
    sweep = SweepSpec.from_text(EXAMPLE)
    other = shuffled(json.loads(sweep.to_json()), random.Random(1))
    assert SweepSpec.model_validate(other).identity() == sweep.identity()
    assert SweepSpec.from_text(json.dumps(other)).identity() == sweep.identity()
    assert SweepSpec.from_text(sweep.to_json()).identity() == sweep.identity()


def test_defaults_written_out_do_not_change_the_identity() -> None:
    written = SweepSpec(**FIXED, initial_balance_usd=10_000, max_open_trades=1, tag=None)
    assert written.identity() == SweepSpec(**FIXED).identity()


@pytest.mark.parametrize(
    "fields",
    [{"rank_by": "win_rate"}, {"filters": {"min_trades": 3}}, {"max_jobs": 7}],
)
def test_what_does_not_define_the_jobs_is_not_in_the_identity(fields: dict[str, Any]) -> None:
    assert SweepSpec(**FIXED, **fields).identity() == SweepSpec(**FIXED).identity()


def test_what_defines_the_jobs_is_in_the_identity() -> None:
    variants = [
        spec(SPREADS, SLIPPAGES),
        spec(SLIPPAGES, SPREADS),
        spec({**SPREADS, "num": 160}, SLIPPAGES),
        spec(SPREADS, {**SLIPPAGES, "values": [0, 2.5]}),
        spec(SPREADS, SLIPPAGES, sample={"n": 5}),
        spec(SPREADS, SLIPPAGES, sample={"n": 5, "seed": 1}),
        spec(SPREADS, SLIPPAGES, sample={"n": 6}),
        spec(SPREADS, SLIPPAGES, tag_prefix="a"),
        spec(SPREADS, SLIPPAGES, tag="a"),
        spec(SPREADS, SLIPPAGES, extra={"a": 1}),
        spec(SPREADS, SLIPPAGES, data_file="other.csv"),
        spec(SPREADS, SLIPPAGES, taker_fee_a_bps=6),
        spec(SPREADS, SLIPPAGES, max_open_trades=2),
    ]
    assert len({SweepSpec(**given).identity() for given in variants}) == len(variants)


def test_the_sweep_id_is_of_jobs_data_and_engine() -> None:
    ids = {
        sweep_id(*parts)
        for parts in [("a", "b", "1"), ("c", "b", "1"), ("a", "d", "1"), ("a", "b", "2")]
    }
    assert len(ids) == 4
    assert all(len(each) == 16 for each in ids)
