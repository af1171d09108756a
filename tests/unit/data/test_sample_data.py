"""The sample shows the real problem: low thresholds lose, high ones do not trade."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from arbitrage.arbitrage_core import OrderBookSnapshot
from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import open_data
from arbitrage.shell.console import EXIT_FAILED, EXIT_OK, run_command
from scripts import make_sample_data
from scripts.make_sample_data import make_lines
from tests.helpers.by_kernels import by_kernels

DATA = Path(__file__).resolve().parents[3] / "data"
SAMPLE = DATA / "sample_arbitrage_prices.csv"
COSTS: dict[str, Any] = {
    "data_file": str(SAMPLE),
    "taker_fee_a_bps": 5.0,
    "taker_fee_b_bps": 5.0,
    "slippage_bps": 2.0,
    "max_position_usd": 1_000.0,
}


@pytest.fixture(scope="module")
def rows() -> list[OrderBookSnapshot]:
    return list(load_snapshots(SAMPLE))


@pytest.fixture(scope="module")
def data() -> OpenedFile:
    return open_data(SAMPLE)


def backtest(data: OpenedFile, min_spread_bps: float, **others: float) -> SimpleNamespace:
    """By the kernels, which are much quicker; they are the engine, see `test_golden_figures`."""
    return by_kernels(data, {**COSTS, "min_spread_bps": min_spread_bps, **others})


def make(*flags: str | Path) -> int:
    return run_command("make_sample_data", make_sample_data, [str(flag) for flag in flags])


def test_the_script_with_its_defaults_makes_the_file(tmp_path: Path) -> None:
    copy = tmp_path / "new folder" / "copy.csv"
    assert make("--output", copy) == EXIT_OK
    assert copy.read_bytes() == SAMPLE.read_bytes()
    assert list(copy.parent.iterdir()) == [copy]
    assert SAMPLE.relative_to(DATA.parent) == make_sample_data.OUTPUT


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--rows", "0"], "--rows must be at least 1"),
        (["--rows", "-5"], "--rows: must be a whole number from 0 on, not '-5'"),
        (["--rows", "1_0"], "--rows: must be a whole number from 0 on, not '1_0'"),
        (["--seed", "-1"], "--seed: must be a whole number from 0 on, not '-1'"),
    ],
)
def test_numbers_that_make_no_market_are_refused(
    flags: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(*flags, "--output", tmp_path / "copy.csv") == EXIT_FAILED
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [".", "a folder", "a file/copy.csv"])
def test_a_file_that_cannot_be_written_leaves_nothing(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a file").touch()
    assert make("--rows", "2", "--output", place) == EXIT_FAILED
    assert capsys.readouterr().err.startswith(f"arbtune: cannot write {place}: ")
    assert {path.name for path in tmp_path.rglob("*")} == {"a folder", "a file"}


def test_a_write_that_fails_at_the_end_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    copy = tmp_path / "copy.csv"
    copy.write_text("old", encoding="utf-8")
    monkeypatch.setattr(Path, "replace", full_disk)
    assert make("--rows", "2", "--output", copy) == EXIT_FAILED
    assert copy.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [copy]


def test_every_row_has_its_form_and_a_later_second(rows: list[OrderBookSnapshot]) -> None:
    lines = SAMPLE.read_text(encoding="ascii").splitlines()
    assert lines[0] == "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b"
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(,\d+\.\d\d){4}")
    assert all(form.fullmatch(line) for line in lines[1:])
    assert len(rows) == len(lines) - 1 == 20_000
    assert SAMPLE.stat().st_size < 1_200_000
    moments = [datetime.fromisoformat(row.timestamp) for row in rows]
    pauses_s = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert sum(pause > 1 for pause in pauses_s) == 39
    assert 1 == min(pauses_s) < max(pauses_s) == 45


def test_the_readme_names_the_files_hash() -> None:
    digest = hashlib.sha256(SAMPLE.read_bytes()).hexdigest()
    assert digest in (DATA / "README.md").read_text(encoding="utf-8")


def test_the_readmes_table_says_what_comes_out(data: OpenedFile) -> None:
    text = (DATA / "README.md").read_text(encoding="utf-8")
    row = re.compile(r"^\| (\d+) (\| \d+ \| [-\d.]+ \| [-\d.]+ \| [\d.]+ \|)$", re.MULTILINE)
    lines = row.findall(text.partition("## Sizes and ages")[0])
    assert [bps for bps, _ in lines] == ["0", "10", "20", "25", "30", "40", "60", "80"]
    for bps, figures in lines:
        result = backtest(data, float(bps))
        assert figures == (
            f"| {result.total_trades} | {result.net_pnl_usd:.2f} | {result.realized_pnl_usd:.2f}"
            f" | {result.max_drawdown_pct:.3f} |"
        )


def test_another_seed_makes_another_market() -> None:
    assert list(make_lines(50, 1)) != list(make_lines(50, 2))


def test_low_thresholds_lose_high_ones_do_not_trade_and_the_best_lies_between(
    data: OpenedFile,
) -> None:
    net = {bps: backtest(data, bps).net_pnl_usd or 0.0 for bps in (0.0, 5.0, 20.0, 25.0, 30.0)}
    assert net[0.0] < net[5.0] < -100
    assert max(net, key=net.__getitem__) == 25.0
    assert min(net[20.0], net[30.0]) > 50, "the best is not a lone peak"
    assert backtest(data, 80.0).total_trades == 0


@pytest.mark.parametrize("slippage_bps", [0.0, 2.0, 5.0])
def test_the_problem_is_the_same_at_any_slippage(data: OpenedFile, slippage_bps: float) -> None:
    low, middle, high = (
        backtest(data, bps, slippage_bps=slippage_bps) for bps in (0.0, 25.0, 80.0)
    )
    assert low.total_trades > 200
    assert low.realized_pnl_usd < -100
    assert (low.net_pnl_usd or 0.0) < -100
    assert 0 < (middle.net_pnl_usd or 0.0) < middle.realized_pnl_usd
    assert high.total_trades == 0


def test_there_are_trades_at_30_bps(data: OpenedFile) -> None:
    assert backtest(data, 30.0).total_trades == 33


def test_some_rows_cannot_be_traded_on(data: OpenedFile) -> None:
    skipped, _ = data.skipped_and_stale(None)
    assert skipped == 31


def test_the_widening_stops_an_account_that_bets_too_much(data: OpenedFile) -> None:
    stopped = backtest(data, 20.0, max_position_usd=100_000.0, stop_on_drawdown_pct=6.0)
    assert stopped.stopped_row is not None
    assert 12_400 <= stopped.stopped_row < 12_700
    assert stopped.open_trades == 1


def test_what_a_config_has_at_risk_shows_in_its_drawdown(data: OpenedFile) -> None:
    one = backtest(data, 12.0, max_position_usd=20_000.0)
    three = backtest(data, 12.0, max_position_usd=20_000.0, max_open_trades=3)
    assert one.stopped_row is None
    assert one.max_drawdown_pct < 3
    assert three.max_drawdown_pct > 5


def test_a_stop_in_the_widening_freezes_three_losers(data: OpenedFile) -> None:
    """Its winners are closed and its losers are not: realized profit hides what it cost."""
    stopped = backtest(
        data, 12.0, max_position_usd=20_000.0, max_open_trades=3, stop_on_drawdown_pct=5.0
    )
    assert stopped.stopped_row == 12_568
    assert stopped.open_trades == 3
    assert stopped.net_pnl_usd is not None
    assert stopped.net_pnl_usd < stopped.realized_pnl_usd - 500


def test_realized_profit_ranks_an_open_loser_first(data: OpenedFile) -> None:
    results = {bps: backtest(data, bps) for bps in (50.0, 55.0, 60.0)}
    by_realized = max(results, key=lambda bps: results[bps].realized_pnl_usd)
    by_net = max(results, key=lambda bps: results[bps].net_pnl_usd or 0.0)
    assert (by_realized, by_net) == (50.0, 55.0)
    assert (results[50.0].open_trades, results[55.0].open_trades) == (1, 0)


def test_the_end_of_the_file_leaves_a_loser_open(data: OpenedFile) -> None:
    result = backtest(data, 25.0)
    assert result.open_trades == 1
    assert result.net_pnl_usd is not None
    assert result.net_pnl_usd < result.realized_pnl_usd - 5
