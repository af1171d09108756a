"""`arbtune data align` as a user calls it: what it writes, says and refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig
from arbitrage.data.snapshot_table import load_snapshots
from worker.cli import main

TARDIS = "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount"
BOOKTICKER = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time"
BEGIN_US = 1_723_161_254_000_000
BEGIN_MS = BEGIN_US // 1000


def written(name: str, *lines: str) -> str:
    Path(name).write_text("\n".join(lines), encoding="utf-8")
    return name


def tardis(
    name: str, rows: Sequence[tuple[int, int, float, float]], symbol: str = "BTCUSDT"
) -> str:
    """A file of quotes: sent and received so many us after the beginning, bid and ask."""
    lines = [
        f"venue,{symbol},{BEGIN_US + sent},{BEGIN_US + received},1.5,{ask},{bid},2.5"
        for sent, received, bid, ask in rows
    ]
    return written(name, TARDIS, *lines)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two venues: a has quotes at 1, 3 and 5 ms (one of them repeated), b at 2 and 4 ms."""
    monkeypatch.chdir(tmp_path)
    a = [(500, 1000, 100, 101), (2500, 3000, 100, 101), (4500, 5000, 102, 103)]
    b = [(1500, 2000, 104, 105), (3500, 4000, 104, 106)]
    return tardis("a.csv", a), tardis("b.csv", b)


def call(*arguments: str) -> int:
    return main(["data", "align", *arguments])


def test_a_row_for_each_change_with_prices_sizes_and_ages(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = files
    assert call("--a", a, "--b", b, "-o", "out.csv") == 0
    told = capsys.readouterr()
    assert told.out.startswith("out.csv: 3 rows\n")
    assert told.err == ""
    assert Path("out.csv").read_text(encoding="utf-8") == (
        "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b,bid_size_a,ask_size_a,bid_size_b,"
        "ask_size_b,age_a_ms,age_b_ms\n"
        "2024-08-08T23:54:14.002Z,100.0,101.0,104.0,105.0,2.5,1.5,2.5,1.5,1.0,0.0\n"
        "2024-08-08T23:54:14.004Z,100.0,101.0,104.0,106.0,2.5,1.5,2.5,1.5,1.0,0.0\n"
        "2024-08-08T23:54:14.005Z,102.0,103.0,104.0,106.0,2.5,1.5,2.5,1.5,0.0,1.0\n"
    )


def test_the_provenance_stands_beside_a_csv_and_in_a_parquet(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = files
    assert call("--a", a, "--b", b, "-o", "out.csv", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert call("--a", a, "--b", b, "-o", "deep/er/out.parquet") == 0
    beside = json.loads(Path("out.csv.json").read_text(encoding="utf-8"))
    metadata = pq.read_metadata("deep/er/out.parquet").metadata
    assert json.loads(metadata[b"arbtune"]) == beside
    assert printed == {"output": "out.csv", **beside}
    assert beside["rows"] == 3
    assert beside["dropped_rows"] == {
        "before both venues had quoted": 1,
        "prices and sizes as in the row before": 1,
    }
    venue = beside["venues"]["a"]
    assert (venue["quotes"], venue["clock"]) == (3, "receipt")
    [file] = venue["files"]
    assert (file["name"], file["format"], file["quotes"]) == ("a.csv", "tardis-quotes", 3)
    assert len(file["sha256"]) == 64
    parquet = pl.read_parquet("deep/er/out.parquet")
    assert parquet.schema["timestamp"] == pl.Datetime("ms", "UTC")
    assert parquet.drop("timestamp").equals(pl.read_csv("out.csv").drop("timestamp"))
    assert load_snapshots("deep/er/out.parquet")[0].timestamp == "2024-08-08T23:54:14.002Z"


def test_the_same_files_give_the_same_bytes_in_any_order(files: tuple[str, str]) -> None:
    a, b = files
    more = tardis("c.csv", [(9000, 9500, 99, 100)])
    assert call("--a", a, more, "--b", b, "-o", "1.parquet") == 0
    assert call("--a", more, "--a", a, "--b", b, "-o", "2.parquet") == 0
    assert call("--a", "[ac].csv", "--b", b, "-o", "3.parquet") == 0
    first, second, third = (Path(f"{number}.parquet").read_bytes() for number in (1, 2, 3))
    assert first == second == third


def test_every_option_of_the_model_runs_on_what_comes_out(files: tuple[str, str]) -> None:
    a, b = files
    assert call("--a", a, "--b", b, "-o", "out.parquet") == 0
    config = TuningConfig(
        data_file="out.parquet",
        min_spread_bps=1,
        taker_fee_a_bps=0,
        taker_fee_b_bps=0,
        slippage_bps=0,
        max_position_usd=1000,
        latency_a_ms=1,
        latency_b_ms=0.5,
        max_quote_age_ms=0.5,
        size_share=0.5,
    )
    metrics = ArbitrageTuningRunner(config).run()
    assert metrics.config_summary is not None
    assert metrics.config_summary["stale_snapshots"] == 3


def test_a_grid_has_all_its_rows(files: tuple[str, str]) -> None:
    a, b = files
    assert call("--a", a, "--b", b, "-o", "out.csv", "--every", "500us") == 0
    rows = pl.read_csv("out.csv")
    assert rows["timestamp"].to_list() == [
        f"2024-08-08T23:54:14.{us:06}Z" for us in range(2000, 5001, 500)
    ]
    assert rows["age_a_ms"].to_list() == [1.0, 1.5, 0.0, 0.5, 1.0, 1.5, 0.0]


def test_offsets_shift_a_clock(files: tuple[str, str]) -> None:
    a, b = files
    assert call("--a", a, "--b", b, "-o", "out.csv", "--offset-b", "-1.5") == 0
    assert pl.read_csv("out.csv")["timestamp"].to_list() == [
        "2024-08-08T23:54:14.001000Z",
        "2024-08-08T23:54:14.002500Z",
        "2024-08-08T23:54:14.005000Z",
    ]


def test_the_order_is_that_of_the_chosen_clock(files: tuple[str, str]) -> None:
    a, b = files
    assert call("--a", a, "--b", b, "-o", "out.csv", "--clock", "exchange") == 0
    assert pl.read_csv("out.csv")["timestamp"][0] == "2024-08-08T23:54:14.001500Z"


def test_a_recorder_whose_clock_is_behind_is_told_with_the_offset_that_mends_it(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, b = files
    a = tardis("late.csv", [(1_300_250, 1000, 100, 101), (3000, 3500, 100, 102)])
    assert call("--a", a, "--b", b, "-o", "out.csv") == 0
    assert capsys.readouterr().err == (
        "arbtune: warning: venue a: 1 of 2 quotes were received before they were sent, by up to "
        "1,299.250 ms: the recorder's clock is behind that of the exchange; --offset-a 1300 would "
        "mend it. Where one recorder made both venues' files, pass the same offset for both, or "
        "their order changes\n"
    )
    assert call("--a", a, "--b", b, "-o", "out.csv", "--offset-a", "1300") == 0
    assert "received before" not in capsys.readouterr().err


def test_venues_on_different_clocks_are_warned_of(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, b = files
    a = written("archive.csv", BOOKTICKER, f"7,100,1,101,1,{BEGIN_MS + 1}")
    assert call("--a", a, "--b", b, "-o", "out.csv") == 0
    assert (
        "a is ordered by its exchange times and venue b by its receipt" in capsys.readouterr().err
    )
    assert call("--a", a, "--b", b, "-o", "out.csv", "--clock", "receipt") == 1
    assert "(venue a) has no receipt times: use --clock exchange" in capsys.readouterr().err
    assert call("--a", a, b, "--b", b, "-o", "out.csv") == 1
    assert "choose the clock that all of them have with --clock" in capsys.readouterr().err


def test_updates_on_one_stamp_end_with_the_highest_sequence(files: tuple[str, str]) -> None:
    _, b = files
    lines = [f"{number},{100 + number},1,200,1,{BEGIN_MS + 10}" for number in (7, 9, 8)]
    a = written("archive.csv", BOOKTICKER, *lines)
    assert call("--a", a, "--b", b, "-o", "out.csv", "--clock", "exchange") == 0
    assert pl.read_csv("out.csv")["best_bid_a"].to_list() == [109.0]
    note = json.loads(Path("out.csv.json").read_text(encoding="utf-8"))
    assert note["venues"]["a"]["dropped"] == {"superseded by a later one on the same stamp": 2}


def test_a_side_without_a_quote_is_a_price_of_0_which_the_engine_skips(
    files: tuple[str, str],
) -> None:
    _, b = files
    rows = [f"v,X,{BEGIN_US},{BEGIN_US + 1},,,100,2", f"v,X,{BEGIN_US},{BEGIN_US + 9},1,101,,"]
    assert call("--a", written("x.csv", TARDIS, *rows), "--b", b, "-o", "out.csv") == 0
    found = pl.read_csv("out.csv").select("best_bid_a", "best_ask_a", "bid_size_a", "ask_size_a")
    assert found.row(0) == (0.0, 101.0, 0.0, 1.0)


def test_quotes_without_a_time_are_left_out_and_told(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, b = files
    a = written("ccxt.csv", "timestamp,bid,ask", f"{BEGIN_MS},100,101", ",1,2")
    assert call("--a", a, "--b", b, "-o", "out.csv", "--clock", "exchange") == 0
    assert "venue a: left out: 1 (no time by the clock" in capsys.readouterr().err
    columns = pl.read_csv("out.csv").columns
    assert [name for name in columns if "size" in name] == ["bid_size_b", "ask_size_b"]


def test_several_symbols_are_listed_until_one_is_named(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = files
    other = tardis("eth.csv", [(500, 1000, 10, 11)], "ETHUSDT")
    assert call("--a", a, other, "--b", b, "-o", "out.csv") == 1
    assert capsys.readouterr().err.endswith(
        "has quotes of several symbols (BTCUSDT, ETHUSDT): name the one that is meant with "
        "--symbol-a\n"
    )
    assert call("--a", a, other, "--b", b, "-o", "out.csv", "--symbol-a", "ETHUSDT") == 0
    assert set(pl.read_csv("out.csv")["best_bid_a"]) == {10.0}
    assert call("--a", a, other, "--b", b, "-o", "out.csv", "--symbol-a", "XRP") == 1
    assert "of the symbol 'XRP': there is BTCUSDT, ETHUSDT" in capsys.readouterr().err


def test_prices_are_converted_by_a_rate_as_of_the_row(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = files
    rate = tardis("rate.csv", [(0, 1500, 1.5, 2.5), (0, 4500, 3, 5)], "USDTUSD")
    assert call("--a", a, "--b", b, "-o", "out.csv", "--fx-b", rate) == 0
    rows = pl.read_csv("out.csv").select("best_bid_a", "best_bid_b", "best_ask_b")
    assert rows.rows() == [(100.0, 208.0, 210.0), (100.0, 208.0, 212.0), (102.0, 416.0, 424.0)]
    assert capsys.readouterr().err == ""
    assert call("--a", a, "--b", b, "-o", "out.csv", "--fx-b", "2") == 0
    assert "the prices of venue b are multiplied by 2 throughout" in capsys.readouterr().err
    assert pl.read_csv("out.csv")["best_bid_b"].to_list() == [208.0] * 3
    note = json.loads(Path("out.csv.json").read_text(encoding="utf-8"))
    assert note["constant_rates"] == {"b": 2.0}


def test_venues_that_never_quoted_at_the_same_time_are_warned_of(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    a, _ = files
    b = tardis("later.csv", [(9_000_000, 9_001_000, 10, 11)])
    assert call("--a", a, "--b", b, "-o", "out.csv") == 0
    assert "the venues did not quote at the same time: a from 2024-08-08T23:54:14.001" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("-o out.txt", "'out.txt' ends in neither .parquet nor .csv: name the output so"),
        ("-o a.csv", "'a.csv' is a raw file of venue a: name another"),
        ("-o out.csv --timezone Mars", "no such time zone: 'Mars'"),
        ("-o out.csv --every 0s", "--every must be a step such as 100ms, 1s, 5m or 1h"),
        ("-o out.csv --offset-a nan", "--offset-a must be a number of milliseconds"),
        ("-o out.csv --fx-a -1", "--fx-a must be a rate above 0 or a file, not '-1'"),
        ("-o out.csv --fx-a nope.csv", "Data file not found: nope.csv"),
        ("-o out.csv --format-a tardis", "no such format: 'tardis'"),
        ("-o out.csv --map-a time=t", "needs bid and ask"),
        ("-o out.csv --every 1d", "there is no moment at which both venues had quoted"),
        ("-o a.csv/out.csv", "a.csv: "),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_left(
    flags: str, said: str, files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = files
    before = sorted(Path.cwd().iterdir())
    assert call("--a", a, "--b", b, *flags.split()) == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert sorted(Path.cwd().iterdir()) == before


def test_a_bad_row_leaves_what_was_there_before(files: tuple[str, str]) -> None:
    a, b = files
    written("out.csv", "precious")
    written(b, TARDIS, f"v,X,{BEGIN_US},{BEGIN_US},x,1,1,1")
    assert call("--a", a, "--b", b, "-o", "out.csv") == 1
    assert Path("out.csv").read_text(encoding="utf-8") == "precious"
    assert not [path for path in Path.cwd().iterdir() if path.name.startswith(".arbtune")]
