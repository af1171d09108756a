"""`arbtune data align` of books: archives as venues offer them, a book in several files, a gap."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest

from worker.cli import main

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "venues"
BYBIT = GOLDEN / "bybit-book.data"
OKX = GOLDEN / "okx-book.data"
PRICES = ("best_bid_a", "best_ask_a", "best_bid_b", "best_ask_b")
SYMBOLS = ("--symbol-a", "BTCUSDT", "--symbol-b", "BTC-USDT")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def aligned(*arguments: str) -> pl.DataFrame:
    assert main(["data", "align", *arguments, "-o", "out.parquet"]) == 0
    return pl.read_parquet("out.parquet")


def test_two_archives_as_their_venues_offer_them(capsys: pytest.CaptureFixture[str]) -> None:
    """The book of A is not known from its gap at 400 ms to its snapshot at 600 ms."""
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.write(BYBIT, BYBIT.name)
    with tarfile.open("b.tar.gz", "w:gz") as packed:
        packed.add(OKX, OKX.name)
    rows = aligned("--a", "a.zip", "--b", "b.tar.gz", *SYMBOLS)
    begin = 1_700_000_000_000
    found = rows.select(pl.col("timestamp").dt.epoch("ms") - begin, *PRICES, "age_a_ms").rows()
    assert found == [
        (100, 100.0, 101.0, 100.0, 101.0, 0.0),
        (200, 99.0, 101.0, 100.0, 0.0, 0.0),
        (300, 101.0, 102.0, 99.0, 100.0, 0.0),
        (400, 0.0, 0.0, 99.0, 100.0, 0.0),
        (500, 0.0, 0.0, 97.0, 98.0, 100.0),
        (600, 98.0, 0.0, 97.0, 98.0, 0.0),
        (700, 98.0, 99.5, 97.0, 98.0, 0.0),
    ]
    told = capsys.readouterr().err
    assert "venue a: left out: 1 (gaps in a book's sequence: nothing is known of it until" in told
    assert "venue a: left out: 2 (changes of a book after a gap in its sequence)" in told
    assert "venue b: left out: 1 (changes of a book before its first snapshot)" in told


def test_a_book_in_several_files_whatever_they_are_called() -> None:
    lines = BYBIT.read_text(encoding="utf-8").splitlines(keepends=True)
    for name, part in (("z.data", lines[:3]), ("m.data", lines[3:7]), ("a.data", lines[7:])):
        Path(name).write_text("".join(part), encoding="utf-8")
    other = ("--b", str(OKX), *SYMBOLS)
    whole = aligned("--a", str(BYBIT), *other)
    assert aligned("--a", "?.data", *other).equals(whole)
    assert aligned("--a", "m.data", "a.data", "z.data", *other).equals(whole)


def test_an_archive_that_was_cut_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with tarfile.open("b.tar.gz", "w:gz") as packed:
        packed.add(OKX, OKX.name)
    content = Path("b.tar.gz").read_bytes()
    Path("b.tar.gz").write_bytes(content[:-40])
    arguments = ["--a", str(BYBIT), "--b", "b.tar.gz", *SYMBOLS, "-o", "out.parquet"]
    assert main(["data", "align", *arguments]) == 1
    assert "'b.tar.gz' is a damaged archive" in capsys.readouterr().err
    assert not Path("out.parquet").exists()


def test_a_recording_without_the_exchanges_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Spot's best quotes have no time of the exchange: by that clock there is nothing to align."""
    spot = "spot.txt"
    lines = (GOLDEN / "hftbacktest-collector.txt").read_text(encoding="utf-8").splitlines()
    Path(spot).write_text("\n".join(line for line in lines if '"T"' not in line), encoding="utf-8")
    shutil.copy(GOLDEN / "hftbacktest-collector.depth.txt", "futures.txt")
    assert aligned("--a", spot, "--b", "futures.txt").height
    capsys.readouterr()
    arguments = ["--a", spot, "--b", "futures.txt", "--clock", "exchange", "-o", "out.csv"]
    assert main(["data", "align", *arguments]) == 1
    assert "exchange" in capsys.readouterr().err
