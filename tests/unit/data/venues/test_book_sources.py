"""Book sources: a file made by hand for each with its traps, and what is refused, with its line."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.venues.books.kernels.layout import AFTER_GAP, CROSSED, EARLY, GAPS, REPEATED
from arbitrage.data.venues.books.messages.collector import BESIDE, OTHERS
from arbitrage.data.venues.books.replay import TOLD
from arbitrage.data.venues.flat.table import blocks
from arbitrage.data.venues.members import members
from arbitrage.data.venues.quotes import BID, EXCHANGE, RECEIPT, SCHEMA, SEQUENCE, SYMBOL
from arbitrage.data.venues.source import Reading
from arbitrage.data.venues.sources import source_of
from arbitrage.errors import DataError

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "venues"
DROPPED = {
    "tardis-incremental-book.csv": {TOLD[EARLY]: 1, TOLD[CROSSED]: 1},
    "bybit-book.data": {TOLD[EARLY]: 1, TOLD[REPEATED]: 1, TOLD[GAPS]: 1, TOLD[AFTER_GAP]: 2},
    "okx-book.data": {TOLD[EARLY]: 1, TOLD[CROSSED]: 1},
    "hftbacktest-collector.txt": {OTHERS: 1, BESIDE: 2},
    "hftbacktest-collector.depth.txt": {
        OTHERS: 1,
        TOLD[EARLY]: 2,
        TOLD[REPEATED]: 1,
        TOLD[GAPS]: 1,
        TOLD[AFTER_GAP]: 2,
    },
}
FILES = [GOLDEN / name for name in DROPPED]


def quotes_of(*paths: Path, reading: Reading | None = None) -> pl.DataFrame:
    """The last quote of each stamp, symbol by symbol."""
    reading = reading or Reading()
    batches = [
        batch
        for path in paths
        for member in members(path, DataLimits())
        for batch in source_of(member).read(member, reading)
    ]
    quotes = pl.concat(batches).sort(SYMBOL, SEQUENCE, nulls_last=True)
    times = [SYMBOL, EXCHANGE, RECEIPT]
    return quotes.drop(SEQUENCE).unique(times, keep="last", maintain_order=True)


def told(path: Path) -> str:
    """What is said of a file that is refused."""
    with pytest.raises(DataError) as caught:
        quotes_of(path)
    return str(caught.value).replace(str(path), path.name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_golden_file_is_told_by_its_content_and_read_as_written_beside_it(path: Path) -> None:
    reading = Reading()
    [name] = {source_of(member).name for member in members(path, DataLimits())}
    assert path.name.startswith(f"{name}.")
    expected = pl.read_csv(path.with_name(f"{path.name}.quotes"), schema=SCHEMA)
    assert_frame_equal(quotes_of(path, reading=reading), expected.drop(SEQUENCE), check_exact=True)
    assert +reading.dropped == Counter(DROPPED[path.name])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_small_blocks_and_a_packing_change_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = quotes_of(path)
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)
    assert_frame_equal(quotes_of(packed), whole)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_book_is_carried_from_file_to_file(path: Path, tmp_path: Path) -> None:
    """Wherever a recording is cut between two lines; a CSV has its header in each file."""
    lines = path.read_bytes().splitlines(keepends=True)
    header = lines.pop(0) if path.suffix == ".csv" else b""
    whole = quotes_of(path)
    for cut in range(1, len(lines)):
        halves = tmp_path / "first", tmp_path / "second"
        for half, content in zip(halves, (lines[:cut], lines[cut:]), strict=True):
            half.write_bytes(header + b"".join(content).lstrip())
        assert_frame_equal(quotes_of(*halves), whole)


@pytest.mark.parametrize(
    ("name", "line", "edit", "sentence"),
    [
        pytest.param(
            "tardis-incremental-book.csv",
            4,
            (b",true,bid,99,", b",maybe,bid,99,"),
            "'tardis-incremental-book.csv', line 4: is_snapshot is 'maybe': neither true nor false",
            id="a flag",
        ),
        pytest.param(
            "tardis-incremental-book.csv",
            5,
            (b",ask,101,3", b",offer,101,3"),
            "'tardis-incremental-book.csv', line 5: side is 'offer': neither bid nor ask",
            id="a side",
        ),
        pytest.param(
            "tardis-incremental-book.csv",
            6,
            (b",102,4", b",102,"),
            "'tardis-incremental-book.csv', line 6: amount is '': there must be one",
            id="an amount",
        ),
        pytest.param(
            "bybit-book.data",
            3,
            (b'"type":"delta"', b'"type":"diff"'),
            "'bybit-book.data', line 3: type is 'diff': neither snapshot nor delta",
            id="a kind of message",
        ),
        pytest.param(
            "bybit-book.data",
            4,
            (b'"u":7,', b""),
            "'bybit-book.data', line 4: u is '': there must be one",
            id="a number of a message",
        ),
        pytest.param(
            "okx-book.data",
            2,
            (b'["102","4","0","1"]', b'["102"]'),
            "'okx-book.data', line 2: the size of a level is '': not a number",
            id="a size",
        ),
        pytest.param(
            "okx-book.data",
            3,
            (b'["101","0","0"]', b'["1o1","0","0"]'),
            "'okx-book.data', line 3: the price of a level is '1o1': not a finite number",
            id="a price",
        ),
        pytest.param(
            "okx-book.data",
            4,
            (b'"asks":[', b'"asks":'),
            "'okx-book.data', line 4 is not JSON (",
            id="JSON",
        ),
        pytest.param(
            "okx-book.data",
            4,
            (b'"asks":[["100","7","1"]]', b'"asks":{"100":"7"}'),
            "'okx-book.data', line 4 is not a message of this format: fetch the file again, or ",
            id="a list of levels",
        ),
        pytest.param(
            "hftbacktest-collector.txt",
            4,
            (b"1700000001000000004 ", b"yesterday "),
            "'hftbacktest-collector.txt', line 4 is not a time and a message: ",
            id="a time of receipt",
        ),
        pytest.param(
            "hftbacktest-collector.txt",
            2,
            (b'"B":"1.50000000",', b""),
            "'hftbacktest-collector.txt', line 2: B is '': there must be one",
            id="a field of a best quote",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    name: str, line: int, edit: tuple[bytes, bytes], sentence: str, tmp_path: Path
) -> None:
    lines = (GOLDEN / name).read_bytes().splitlines(keepends=True)
    assert edit[0] in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(*edit)
    (tmp_path / name).write_bytes(b"".join(lines))
    assert told(tmp_path / name).startswith(sentence)


def test_a_recording_that_ends_within_a_line_is_refused(tmp_path: Path) -> None:
    content = (GOLDEN / "bybit-book.data").read_bytes()
    (tmp_path / "cut.data").write_bytes(content[:-20])
    assert told(tmp_path / "cut.data").startswith("'cut.data', line 12 is not JSON (")


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    content = (GOLDEN / "okx-book.data").read_bytes().replace(b"ETH", b"\xff\xfe\xfd")
    (tmp_path / "odd.data").write_bytes(content)
    assert "is not text in UTF-8" in told(tmp_path / "odd.data")


def test_a_book_without_a_snapshot_has_no_quotes(tmp_path: Path) -> None:
    lines = (GOLDEN / "okx-book.data").read_text(encoding="utf-8").splitlines()
    (tmp_path / "updates.data").write_text("\n".join(line for line in lines if "update" in line))
    reading = Reading()
    for member in members(tmp_path / "updates.data", DataLimits()):
        assert [*source_of(member).read(member, reading)] == []
    assert +reading.dropped == Counter({TOLD[EARLY]: 4})


def test_snapshots_of_several_books_in_one_recording_are_refused(tmp_path: Path) -> None:
    content = (GOLDEN / "hftbacktest-collector.depth.txt").read_text(encoding="utf-8")
    lines = content.splitlines()
    lines[2] = lines[2].replace("BTCUSDT", "ETHUSDT")
    (tmp_path / "two.txt").write_text("\n".join(lines), encoding="utf-8")
    assert "(BTCUSDT, ETHUSDT): split it by symbol" in told(tmp_path / "two.txt")


def test_files_say_when_they_begin() -> None:
    begins = {}
    for path in FILES:
        for member in members(path, DataLimits()):
            begins[path.name] = source_of(member).begins(member.head())
    assert begins == {
        "tardis-incremental-book.csv": 1_700_000_000_000_110,
        "bybit-book.data": 1_700_000_000_050,
        "okx-book.data": 1_700_000_000_050,
        "hftbacktest-collector.txt": 1_700_000_001_000_000_001,
        "hftbacktest-collector.depth.txt": 1_700_000_001_000_000_001,
    }


def test_best_quotes_win_wherever_they_begin(tmp_path: Path) -> None:
    """Where the beginning of a recording has none, its book is read until the first one comes."""
    book = (GOLDEN / "hftbacktest-collector.depth.txt").read_bytes().splitlines(keepends=True)
    best = (GOLDEN / "hftbacktest-collector.txt").read_bytes().splitlines(keepends=True)[1:2]
    (tmp_path / "soon").write_bytes(b"".join([*book, *best]))
    assert quotes_of(tmp_path / "soon").height == 1
    (tmp_path / "book").write_bytes(b"".join(book))
    (tmp_path / "late").write_bytes(b"".join([*best, *book]))
    both = quotes_of(tmp_path / "book", tmp_path / "late")
    assert both.height == quotes_of(tmp_path / "book").height + 1
    assert both[BID].last() == 100.0
