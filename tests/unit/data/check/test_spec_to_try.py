"""The suggested spec: which thresholds it has, and that it can be read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbitrage.data.check.costs import Costs
from arbitrage.data.check.file_check import check_file
from arbitrage.data.check.spec_to_try import spec_text, spec_to_try
from arbitrage.documents.spec.sweep_spec import SweepSpec

HEADER = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b"


def with_spreads(folder: Path, *spreads_bps: float) -> Path:
    """A file whose better spreads are these, as closely as prices around 1,000 tell them."""
    rows = (
        f"{second},999,1000,{1000 + bps / 10!r},{1001 + bps / 10!r}"
        for second, bps in enumerate(spreads_bps, 1_700_000_000)
    )
    path = folder / "spreads.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def suggested(folder: Path, cost_bps: float, *spreads_bps: float) -> SweepSpec | None:
    costs = Costs.of_both_legs(cost_bps)
    check = check_file(with_spreads(folder, *spreads_bps), costs.total_bps)
    fields = spec_to_try(check, costs, "spreads.csv")
    return None if fields is None else SweepSpec.from_text(spec_text(check, fields))


def values(spec: SweepSpec | None, name: str) -> list[float]:
    assert spec is not None
    numbers = range(spec.total)
    return sorted({getattr(spec.config(number), name) for number in numbers})


def test_thresholds_go_from_the_costs_to_what_ten_rows_reach(tmp_path: Path) -> None:
    spec = suggested(tmp_path, 2, *range(1, 31), 500)
    thresholds = values(spec, "min_spread_bps")
    assert thresholds[0] == 0
    assert thresholds[-1] == pytest.approx(20)  # 22 to 30 and 500 are ten rows
    assert 20 <= len(thresholds) <= 51
    assert values(spec, "exit_spread_bps") == [-5, 0, 5, 16]  # the median
    assert spec is not None
    assert spec.lowest_threshold_bps == 2


def test_where_most_spreads_are_small_trades_close_near_0(tmp_path: Path) -> None:
    spec = suggested(tmp_path, 2, *[1] * 40, *range(1, 31))
    assert values(spec, "exit_spread_bps") == [-5, 0, 5]


def test_where_few_rows_reach_the_costs_thresholds_go_to_the_largest_spread(
    tmp_path: Path,
) -> None:
    highest = values(suggested(tmp_path, 15, *range(20)), "min_spread_bps")[-1]
    assert 3.9 <= highest <= 4


def test_a_spread_that_is_the_costs_leaves_one_threshold(tmp_path: Path) -> None:
    assert values(suggested(tmp_path, 0, -5, 0), "min_spread_bps") == [0]


def test_where_no_spread_reaches_the_costs_there_is_none(tmp_path: Path) -> None:
    assert suggested(tmp_path, 20, *range(20)) is None


@pytest.mark.parametrize("name", ["1e3", "yes", "a: b.csv", "#x.csv", "ä ö.csv", 'q"uote', "- x"])
def test_a_file_of_any_name_is_read_back(tmp_path: Path, name: str) -> None:
    check = check_file(with_spreads(tmp_path, 1, 2), 0.0)
    fields = spec_to_try(check, Costs(), name)
    assert fields is not None
    assert SweepSpec.from_text(spec_text(check, fields)).data_file == name
    assert SweepSpec.from_data(fields).data_file == name
