"""Walk-forward: which rows a fold trains on and is judged on, what it chooses, what it comes to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage.errors import ConfigError
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import open_data
from arbitrage.results.walk_forward.durations import duration_ns, duration_text
from arbitrage.results.walk_forward.outcome import WalkForward, path_of
from arbitrage.results.walk_forward.windows import Division, Fold
from arbitrage.sweep import SweepSpec, walk_forward
from tests import naive
from tests.conftest import HEADER
from tests.naive import Params, Row
from tests.strategies import quote

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


# -- durations


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("90s", 90, "1m 30s"),
        ("30m", 1_800, "30m"),
        ("2h", 7_200, "2h"),
        ("1.5d", 129_600, "1d 12h"),
        ("0.25s", 0.25, "0s"),
    ],
)
def test_durations_are_read_and_shown(text: str, seconds: float, shown: str) -> None:
    assert duration_ns(text) == seconds * 10**9
    assert duration_text(duration_ns(text)) == shown


@pytest.mark.parametrize("text", ["", "2", "2 h", "1h30m", "-1h", "0m", "h", "1e3s", "٣h", "2H"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a duration: write a number above 0"):
        duration_ns(text)


# -- windows


def naive_window(data: OpenedFile, begin_ns: int, end_ns: int) -> list[int]:
    return [row for row in range(data.rows) if begin_ns < data.moment_ns(row) <= end_ns]


def rows_of(window: Any) -> list[int]:
    return list(range(window.first_row, window.stop_row))


@settings(max_examples=30)
@given(st.lists(st.integers(0, 5), min_size=30, max_size=60), st.integers(1, 4))
def test_windows_follow_each_other_to_the_end_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], count: int
) -> None:
    """Rows with one stamp are in one window; each row is in one test window at most."""
    seconds = [sum(gaps[: place + 1]) for place in range(len(gaps))]
    span = seconds[-1] - seconds[0]
    if span < count * 3 + 4:
        return
    rows: list[Row] = [(stamp(at), 1.0, 2.0, 3.0, 4.0) for at in seconds]
    data = open_data(csv_file(tmp_path_factory.mktemp("gaps"), rows))
    folds = Division.of(count, "4s", "3s").folds_of(data)
    end = data.moment_ns(data.rows - 1)
    assert len(folds) == count
    for fold, left in zip(folds, range(count, 0, -1), strict=True):
        edge = end - left * 3 * 10**9
        assert rows_of(fold.test) == naive_window(data, edge, edge + 3 * 10**9)
        assert rows_of(fold.train) == naive_window(data, edge - 4 * 10**9, edge)
        assert fold.train.stop_row == fold.test.first_row
        assert (fold.train.hours, fold.test.hours) == (4 / 3_600, 3 / 3_600)
    tested = [row for fold in folds for row in rows_of(fold.test)]
    assert tested == list(range(folds[0].test.first_row, data.rows))


@pytest.fixture
def two_hours(tmp_path: Path) -> OpenedFile:
    """A row a minute, from the first to the last minute of two hours."""
    rows: list[Row] = [(stamp(60.0 * at), 1.0, 2.0, 3.0, 4.0) for at in range(120)]
    return open_data(csv_file(tmp_path, rows), name="quotes.csv")


def test_the_first_training_window_may_lack_a_hundredth(two_hours: OpenedFile) -> None:
    """119 minutes for 120; it counts as long as it is."""
    [fold, *_] = Division.of(2, "100m", "10m").folds_of(two_hours)
    assert fold.train.first_row == 0
    assert fold.train.hours == 99 / 60


def test_windows_that_do_not_fit_are_refused_with_the_span(two_hours: OpenedFile) -> None:
    with pytest.raises(ConfigError) as caught:
        Division.of(2, "98m", "12m").folds_of(two_hours)
    assert str(caught.value) == (
        "2 folds of 12m after 1h 38m of training take 2h 2m, but the data file 'quotes.csv' spans "
        "1h 59m, from 2026-01-01T00:00:00Z to 2026-01-01T01:59:00Z: take fewer folds or shorter "
        "windows"
    )
    with pytest.raises(ConfigError, match="folds is 0: take 1 to 1,000"):
        Division.of(0, "1h", "1h")


# -- the folds against the oracle


def judged_by_hand(rows: list[Row], fold: Fold) -> dict[tuple[float, float], tuple[Any, Any]]:
    """Each config's figures over the rows of both windows alone."""
    train = rows[fold.train.first_row : fold.train.stop_row]
    test = rows[fold.test.first_row : fold.test.stop_row]
    return {
        (spread, exit_bps): (
            naive.backtest(train, params_of(spread, exit_bps)).figures,
            naive.backtest(test, params_of(spread, exit_bps)).figures,
        )
        for spread in SPREADS
        for exit_bps in EXITS
    }


def assert_as_by_hand(rows: list[Row], data: OpenedFile, found: WalkForward) -> None:
    division = Division.of(3, "60s", "30s")
    for fold, outcome in zip(division.folds_of(data), found.folds, strict=True):
        by_hand = judged_by_hand(rows, fold)
        best = max(train.net_pnl_usd for train, _ in by_hand.values())
        values = outcome.parameters
        train, test = by_hand[values["min_spread_bps"] or 0, values["exit_spread_bps"] or 0]
        assert outcome.in_sample.net_pnl_usd == train.net_pnl_usd == best
        for side, figures in ((outcome.in_sample, train), (outcome.out_of_sample, test)):
            assert side.net_pnl_usd == figures.net_pnl_usd
            assert side.total_trades == figures.total_trades
            assert side.open_trades == figures.open_trades
            assert side.net_usd_per_hour == side.net_pnl_usd / side.hours


@pytest.mark.parametrize("seed", range(3))
def test_folds_choose_and_judge_as_by_hand(tmp_path: Path, seed: int) -> None:
    rows = walk_of(Random(seed), 200)
    path = csv_file(tmp_path, rows)
    found = walk_forward(spec_of(path), folds=3, train="60s", test="30s")
    assert_as_by_hand(rows, open_data(path), found)
    assert any(fold.out_of_sample.open_trades for fold in found.folds)
    total = sum(fold.out_of_sample.net_pnl_usd for fold in found.folds)
    assert found.equity[-1].net_pnl_usd == pytest.approx(total)
    assert found.equity[-1].time == rows[-1][0]
    assert found.out_of_sample_usd_per_hour == pytest.approx(total / (90 / 3_600))
    assert len(found.equity) > 3
    trained = sum(fold.in_sample.net_pnl_usd for fold in found.folds)
    assert found.kept_share == pytest.approx((total / 90) / (trained / 180))


def test_the_equity_is_marked_at_the_ends_of_periods(tmp_path: Path) -> None:
    """Each point is what the chosen configs would have come to if the file ended there."""
    rows = walk_of(Random(5), 200)
    found = walk_forward(spec_of(csv_file(tmp_path, rows)), folds=2, train="60s", test="50s")
    by_time = {point.time: point.net_pnl_usd for point in found.equity}
    before = 0.0
    for fold in found.folds:
        first, stop = fold.out_of_sample.first_row, fold.out_of_sample.stop_row
        values = fold.parameters
        params = params_of(values["min_spread_bps"] or 0, values["exit_spread_bps"] or 0)
        for row in range(first, stop):
            if rows[row][0] in by_time:
                figures = naive.backtest(rows[first : row + 1], params).figures
                assert by_time[rows[row][0]] == pytest.approx(before + figures.net_pnl_usd)
        before += fold.out_of_sample.net_pnl_usd
    assert [*by_time] == [row[0] for row in rows[100:]]  # a second is a period of such a file


def test_the_equity_ends_where_a_drawdown_stops_the_run(tmp_path: Path) -> None:
    path = csv_file(tmp_path, walk_of(Random(5), 200))
    spec = spec_of(path, stop_on_drawdown_pct=0.005)
    found = walk_forward(spec, folds=2, train="60s", test="50s")
    stopped = [fold.out_of_sample.stopped_row for fold in found.folds]
    assert all(row is not None for row in stopped)
    assert found.equity[-1].time == stamp(stopped[-1] or 0)
    total = sum(fold.out_of_sample.net_pnl_usd for fold in found.folds)
    assert found.equity[-1].net_pnl_usd == pytest.approx(total)


def chosen(found: WalkForward) -> list[tuple[Any, Any]]:
    return [(fold.config_number, fold.in_sample) for fold in found.folds]


def with_a_bait(rows: list[Row], first_test_row: int) -> list[Row]:
    """The first row of the test pays those who hold a trade then, and who trades at a high price.

    The basis falls so far that whatever is open closes there with a large profit.
    """
    _, bid_a, ask_a, bid_b, ask_b = rows[first_test_row - 1]
    deep = 0.9
    bait = (rows[first_test_row][0], bid_a, ask_a, bid_b * deep, ask_b * deep)
    return [*rows[:first_test_row], bait, *rows[first_test_row + 1 :]]


def baited(tmp_path: Path) -> tuple[SweepSpec, SweepSpec]:
    """A file, and the same with a bait for whoever sees one row of the test window."""
    rows = walk_of(Random(8), 91)
    # A low threshold opens on the last row of the training window, and holds there at a loss.
    rows[60] = at(60, quote(0, 100.0, 7.0, 0.5, 0.5))
    plain = csv_file(tmp_path, rows, "plain.csv")
    return spec_of(plain), spec_of(csv_file(tmp_path, with_a_bait(rows, 61), "bait.csv"))


def test_a_training_window_sees_no_row_of_its_test(tmp_path: Path) -> None:
    plain, bait = (
        walk_forward(spec, folds=1, train="60s", test="30s") for spec in baited(tmp_path)
    )
    assert chosen(plain) == chosen(bait)
    assert plain.folds[0].out_of_sample != bait.folds[0].out_of_sample


def test_the_bait_is_taken_by_who_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without which the test above would tell nothing."""
    honest: Callable[[Division, OpenedFile], list[Fold]] = Division.folds_of

    def looks_ahead(division: Division, data: OpenedFile) -> list[Fold]:
        return [
            fold._replace(train=fold.train._replace(stop_row=fold.train.stop_row + 1))
            for fold in honest(division, data)
        ]

    monkeypatch.setattr(Division, "folds_of", looks_ahead)
    plain, bait = (
        walk_forward(spec, folds=1, train="60s", test="30s") for spec in baited(tmp_path)
    )
    assert plain.folds[0].config_number != bait.folds[0].config_number
    assert bait.folds[0].in_sample.net_pnl_usd > plain.folds[0].in_sample.net_pnl_usd


def test_nothing_leaks_into_a_test_window(tmp_path: Path) -> None:
    """A trade that the training window leaves open does not close in the test window."""
    rows: list[Row] = []
    for second in range(91):
        basis = 30.0 if second == 60 or (10 <= second < 15) else 0.0
        rows.append(at(second, quote(0, 100.0, basis, 0.5, 0.5)))
    spec = spec_of(csv_file(tmp_path, rows))
    [fold] = walk_forward(spec, folds=1, train="60s", test="30s").folds
    assert fold.in_sample.open_trades == 1
    assert fold.out_of_sample.total_trades == 0
    assert fold.out_of_sample.net_pnl_usd == 0


# -- what stands aside, ties, what moves


def flat(count: int) -> list[Row]:
    return [at(second, quote(0, 100.0, 0.0, 0.5, 0.5)) for second in range(count)]


def stands_aside(found: WalkForward) -> list[str | None]:
    return [fold.stands_aside for fold in found.folds]


def test_a_fold_without_trades_stands_aside_with_nothing(tmp_path: Path) -> None:
    rows = flat(61) + [at(61 + place, row) for place, row in enumerate(walk_of(Random(1), 60))]
    found = walk_forward(spec_of(csv_file(tmp_path, rows)), folds=2, train="50s", test="30s")
    assert stands_aside(found) == ["no config traded", None]
    [aside, other] = found.folds
    assert (aside.config_number, aside.parameters) == (None, {})
    assert (aside.in_sample.net_pnl_usd, aside.out_of_sample.net_pnl_usd) == (0, 0)
    assert found.out_of_sample_usd_per_hour == other.out_of_sample.net_pnl_usd / (60 / 3_600)


def test_a_fold_in_which_no_config_passes_or_earns_stands_aside(tmp_path: Path) -> None:
    path = csv_file(tmp_path, walk_of(Random(1), 121))
    filtered = spec_of(path, filters={"min_trades": 1_000})
    assert stands_aside(walk_forward(filtered, folds=1, train="60s", test="30s")) == [
        "no config passes the filters"
    ]
    grids = [{"name": "min_spread_bps", "values": [0, 1_000]}]
    dear = spec_of(path, grids=grids, slippage_bps=30)
    assert stands_aside(walk_forward(dear, folds=1, train="60s", test="30s")) == [
        "the best by net_pnl_usd does not trade"
    ]


def test_a_window_without_rows_earns_nothing(tmp_path: Path) -> None:
    """The file has a gap as long as two windows."""
    rows = walk_of(Random(3), 60)
    late = [at(240 + place, row) for place, row in enumerate(walk_of(Random(3), 60))]
    path = csv_file(tmp_path, [*rows, *late])
    found = walk_forward(spec_of(path), folds=4, train="50s", test="60s")
    assert stands_aside(found) == [None, "no config traded", "no config traded", "no config traded"]
    first = found.folds[0].out_of_sample
    assert (first.first_row, first.stop_row, first.net_pnl_usd) == (60, 60, 0)


def test_of_equals_the_middle_is_chosen(tmp_path: Path) -> None:
    """Peaks of 30 bps: thresholds from 2 to 20 bps open the same trades."""
    rows: list[Row] = []
    for second in range(121):
        basis = 30.0 if second % 10 < 3 else -6.0
        rows.append(at(second, quote(0, 100.0, basis, 0.5, 0.5)))
    grids = [{"name": "min_spread_bps", "values": [4, 8, 12, 16, 20, 40, 50]}]
    spec = spec_of(csv_file(tmp_path, rows), grids=grids)
    [fold] = walk_forward(spec, folds=1, train="60s", test="60s").folds
    assert fold.parameters == {"min_spread_bps": 12}
    low_first = spec_of(Path(spec.data_file), grids=grids, rank_by="win_rate")
    [fold] = walk_forward(low_first, folds=1, train="60s", test="60s").folds
    assert fold.parameters == {"min_spread_bps": 12}


def cycles(peaks: list[float], home_half_spread: float) -> list[tuple[float, float]]:
    """Basis and half spread, a row a second: each peak stands five rows, then the basis is home."""
    return [
        (peak, 0.5) if at < 5 else (-1.0, home_half_spread) for peak in peaks for at in range(10)
    ]


def moving_optimum(folder: Path) -> Path:
    """Small peaks pay until the middle; then books are wide at home, and large peaks alone pay."""
    early = cycles([15.0] * 36, 0.1)
    late = cycles([15.0, 15.0, 60.0] * 12, 25.0)
    rows: list[Row] = []
    for second, (basis, half) in enumerate([*early, *late]):
        rows.append(at(second, quote(0, 100.0, basis, half, half)))
    return csv_file(folder, rows)


def test_it_shows_an_optimum_that_moves_halfway(tmp_path: Path) -> None:
    grids = [{"name": "min_spread_bps", "values": [2, 4, 6, 8, 30, 35, 40]}]
    spec = spec_of(moving_optimum(tmp_path), grids=grids)
    found = walk_forward(spec, folds=4, train="3m", test="2m")
    moves = found.moves["min_spread_bps"]
    assert moves.values[0] == moves.values[1] == 4
    assert moves.values[-1] == 35
    assert moves.changes == 1
    rates = [fold.out_of_sample.net_usd_per_hour for fold in found.folds]
    assert rates[0] > 0 > min(rates)
    assert rates[-1] > 0
    assert found.spread["folds_with_profit"] == sum(rate > 0 for rate in rates)
    assert (found.spread["lowest"], found.spread["highest"]) == (min(rates), max(rates))
    assert found.kept_share is not None
    assert found.kept_share < 0.5
    still = SweepSpec(**{**FIXED, "data_file": spec.data_file, "grids": grids, "max_jobs": 1})
    assert walk_forward(still, folds=4, train="3m", test="2m").moves["min_spread_bps"].changes == 0


# -- the document


def test_the_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = csv_file(tmp_path, walk_of(Random(1), 200))
    found = walk_forward(spec_of(path), folds=2, train="60s", test="60s")
    found.write(tmp_path)
    place = path_of(tmp_path, found.sweep_id)
    assert place.name == f"{found.sweep_id}.walk-forward.json"
    assert WalkForward.read(place) == found
    document = found.as_json()
    assert document["version"] == 1
    assert document["kept_share"] == found.kept_share
    assert document["folds"][0]["in_sample"]["net_usd_per_hour"] > 0
    assert not any(math.isnan(point["net_pnl_usd"]) for point in document["equity"])


def test_a_document_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    path = csv_file(tmp_path, walk_of(Random(1), 200))
    found = walk_forward(spec_of(path), folds=2, train="60s", test="60s")
    place = path_of(tmp_path, found.sweep_id)
    place.mkdir()
    with pytest.raises(ConfigError, match=f"cannot write results to {place}: "):
        found.write(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": 2}'])
def test_a_document_that_is_not_one_is_none(tmp_path: Path, text: str) -> None:
    place = path_of(tmp_path, "0" * 16)
    assert WalkForward.read(place) is None
    place.write_text(text, encoding="utf-8")
    assert WalkForward.read(place) is None


def test_a_share_of_no_profit_is_none(tmp_path: Path) -> None:
    found = walk_forward(spec_of(csv_file(tmp_path, flat(121))), folds=2, train="60s", test="30s")
    assert found.kept_share is None
    assert found.moves == {}
    assert replace(found, folds=found.folds[:1]).spread["standard_deviation"] is None
