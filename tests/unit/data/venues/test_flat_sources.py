"""Flat sources: a file made by hand for each with its traps, and what is refused, with its line."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.venues.flat.layouts import LAYOUTS, ONE_SIDE
from arbitrage.data.venues.flat.mapping import mapped_source
from arbitrage.data.venues.flat.table import blocks
from arbitrage.data.venues.members import members
from arbitrage.data.venues.quotes import SCHEMA
from arbitrage.data.venues.source import Reading, Source
from arbitrage.data.venues.sources import source_named, source_of
from arbitrage.errors import ArbtuneError, ConfigError, DataError

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "venues"
FLAT = {*(layout.name for layout in LAYOUTS), ONE_SIDE.name, "ccxt-lines"}
FILES = sorted(path for path in GOLDEN.glob("*") if path.stem in FLAT and path.suffix != ".quotes")
HEADLESS = GOLDEN / "binance-bookticker-headless.csv"


def quotes_of(path: Path, reading: Reading, source: Source | None = None) -> pl.DataFrame:
    batches = [
        batch
        for member in members(path, DataLimits())
        for batch in (source or source_of(member)).read(member, reading)
    ]
    return pl.concat(batches)


def told(path: Path, *, source: Source | None = None, timezone: str | None = None) -> str:
    """What is said of a file that is refused."""
    with pytest.raises(ArbtuneError) as caught:
        quotes_of(path, Reading(timezone), source)
    return str(caught.value).replace(str(path), path.name)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "raw.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_every_flat_source_has_a_golden_file() -> None:
    assert {path.stem for path in FILES} == FLAT


@pytest.mark.parametrize("path", [*FILES, HEADLESS], ids=lambda path: path.name)
def test_a_golden_file_is_told_by_its_content_and_read_as_written_beside_it(path: Path) -> None:
    [name] = {source_of(member).name for member in members(path, DataLimits())}
    assert name == path.stem.removesuffix("-headless")
    expected = pl.read_csv(path.with_name(f"{path.name}.quotes"), schema=SCHEMA)
    found = quotes_of(path, Reading("Asia/Tokyo"))
    assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_small_blocks_and_a_packing_change_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = quotes_of(path, Reading("Asia/Tokyo"))
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 64)
    assert quotes_of(packed, Reading("Asia/Tokyo")).equals(whole, null_equal=True)


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".csv"])
def test_parquet_with_the_same_columns_is_read_as_the_csv(path: Path, tmp_path: Path) -> None:
    rows = pl.read_csv(path, infer_schema=False)
    is_header = pl.concat_str(pl.all(), ignore_nulls=True) == "".join(rows.columns)
    is_blank = pl.all_horizontal(pl.all().is_null())
    rows.filter(~is_header, ~is_blank).write_parquet(tmp_path / "raw.parquet")
    found = quotes_of(tmp_path / "raw.parquet", Reading("Asia/Tokyo"))
    assert found.equals(quotes_of(path, Reading("Asia/Tokyo")), null_equal=True)


def test_parquet_with_types_of_its_own(tmp_path: Path) -> None:
    times = pl.Series([1723161254087891268, None], dtype=pl.Int64)
    table = pl.DataFrame(
        {
            "timestamp": times.cast(pl.Datetime("ns", "UTC")),
            "receipt_timestamp": times.cast(pl.Float64) / 1e9,
            "sequence_number": pl.Series([7, 8], dtype=pl.UInt32),
            "bid_0_price": pl.Series([1, 2], dtype=pl.Int32),
            "bid_0_size": [1.5, float("nan")],
            "ask_0_price": [2.0, None],
            "ask_0_size": [None, None],
        }
    )
    table.write_parquet(tmp_path / "raw.parquet")
    found = quotes_of(tmp_path / "raw.parquet", Reading())
    first = (1723161254087891268, 1723161254087891300, 7, None, 1.0, 1.5, 2.0, None)
    assert found.rows() == [first, (None, None, 8, None, 2.0, None, None, None)]


def test_headers_between_rows_are_counted() -> None:
    reading = Reading()
    quotes_of(GOLDEN / "tardis-quotes.csv", reading)
    assert reading.dropped == {"the header again": 1}


def test_a_mapping_names_the_columns_of_anything(tmp_path: Path) -> None:
    path = write(tmp_path, "when;x,B,A,Q,got", "1723161254.5,1,2,9,1723161254600", "nan,3,4,8,")
    source = mapped_source("time=when;x, bid=B,ask=A,bid_size=Q,receipt=got")
    assert quotes_of(path, Reading(), source).rows() == [
        (1723161254500000000, 1723161254600000000, None, None, 1.0, 9.0, 2.0, None),
        (None, None, None, None, 3.0, 8.0, 4.0, None),
    ]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("time=t,bid=b", "needs bid and ask, or side and price"),
        ("bid=b,ask=a", "has neither time nor receipt"),
        ("time=t,bid=b,aks=a", "no such field of a mapping: 'aks' (did you mean ask?)"),
        ("time", "'time' is not a part of a mapping (such as time=ts,bid=b,ask=a)"),
    ],
)
def test_a_mapping_that_is_none_is_refused(mapping: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        mapped_source(mapping)


HEADER = "timestamp,bid,ask"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1723161254087,1", "line 3 has 2 cells, the header has 3: fetch the file again, or take"),
        ("1723161254087,1,2,3", "line 3 has 4 cells, the header has 3"),
        ("1723161254087,x,2", "line 3: bid is 'x': not a finite number"),
        ("1723161254087,1,inf", "line 3: ask is inf: not a finite number"),
        ("1723161254087,1,1e16", "line 3: ask is 1e+16: a price above 1e15"),
        ("soon,1,2", "line 3: timestamp is 'soon': not an ISO 8601 timestamp"),
        ("1.7e12,1,2", "line 3: timestamp is '1.7e12': an epoch must be whole"),
        (
            "99999999999,1,2",
            "line 3: timestamp is 99999999999: not a time of the years 1678 to 2261",
        ),
        ("9999-01-01T00:00:00Z,1,2", "not a time of the years 1678 to 2261"),
        ("2024-08-08 23:54:14,1,2", "line 3: the time '2024-08-08 23:54:14' names no zone: say"),
        ('1723161254087,"1,2', "is not a CSV in UTF-8 (unexpected end of data)"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_a_cure(row: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, "1723161254087,1,2", row)
    assert said in told(path)


def test_a_line_is_counted_over_blocks_and_blank_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 16)
    path = write(tmp_path, HEADER, "", "1723161254087,1,2", "", "", "1723161254088,1,x")
    assert "line 6: ask is 'x'" in told(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2024-03-10 02:30:00", "America/New_York has no such time, or has it twice"),
        ("2024-11-03 01:30:00", "America/New_York has no such time, or has it twice"),
    ],
)
def test_wall_clock_times_that_are_not_or_are_twice(text: str, why: str, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, f"{text},1,2")
    assert why in told(path, timezone="America/New_York")


def test_trades_are_no_quotes(tmp_path: Path) -> None:
    """They have a time, a side, a price and an amount, as one row a side has."""
    path = write(tmp_path, "exchange,symbol,timestamp,local_timestamp,id,side,price,amount", "x")
    assert "is of no format that is known" in told(path)


def test_a_format_that_is_named_must_fit(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, "1723161254087,1,2")
    assert told(path, source=source_named("cryptofeed-ticker")) == (
        "'raw.csv' is not of the format cryptofeed-ticker: missing: receipt_timestamp; its first "
        "line is 'timestamp, bid, ask'"
    )
    with pytest.raises(ConfigError, match=r"no such format: 'cctx' \(did you mean ccxt\?\)"):
        source_named("cctx")


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="is not sound Parquet"):
        quotes_of(path, Reading())


def test_a_side_that_is_none_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "time,side,price", "1723161254087,up,2")
    assert "line 2: side is 'up': not a side; those are bid, bids," in told(path)
