"""The rows of a data file, prepared for configs with options: right, kept, and made when needed."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from random import Random

import numpy as np
import pytest

from arbitrage.data.columns import OPTIONAL_COLUMNS
from arbitrage.data.files.data_file import opened_data_file
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.errors import DataError
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.files import data_cache
from arbitrage.replay.files.data_cache import file_digest, open_data, open_rows
from arbitrage.replay.files.prepared_rows import PreparedRows
from arbitrage.replay.files.preparing import prepare_rows
from arbitrage.replay.model.backtester import ArbitrageBacktester
from arbitrage.replay.model.engine import ArbitrageEngine
from arbitrage.replay.model.engine_config import ArbitrageConfig
from tests.helpers.inputs import options
from tests.helpers.inputs.data_files import GOOD, HEADER, csv_of
from tests.helpers.inputs.options import Market
from tests.unit.replay.files.cached import check_mapped, content, settled

ALL = f"{HEADER},{','.join(OPTIONAL_COLUMNS)}"


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    """Three tradable rows between two that are not, with all columns."""
    rows = [
        "2024-01-01T00:00:00Z,0,0,3,4,1,1,1,1,5,5",
        "2024-01-01T00:00:01Z,1,2,3,4,10,20,30,40,1,2",
        "2024-01-01T00:00:02Z,1,2,3,4,11,21,31,41,9,",
        "2024-01-01T00:00:02Z,1,2,3,4,12,22,32,42,9,8",
        "2024-01-01T00:00:03Z,1,1,3,4,1,1,1,1,,0",
    ]
    return settled(tmp_path / "quotes.csv", csv_of(*rows, header=ALL))


def entries(cache: Path) -> set[str]:
    return {meta.parent.name.partition("-")[2] for meta in cache.glob("[!.]*/meta.json")}


ROWS, FILE = f"rows-{data_cache.FORMAT}", f"{data_cache.FORMAT}"


# -- what is in them


@pytest.mark.usefixtures("cache")
def test_rows_are_those_that_prices_make_tradable(quotes: Path) -> None:
    data = open_rows(quotes)
    rows = data.rows
    assert rows.row.tolist() == [1, 2, 3]
    assert rows.bid_a.tolist() == [1.0] * 3
    assert rows.ask_b.tolist() == [4.0] * 3
    assert rows.bid_size_a.tolist() == [10.0, 11.0, 12.0]
    assert rows.ask_size_b.tolist() == [40.0, 41.0, 42.0]
    assert rows.age_ms.tolist() == [2.0, math.inf, 9.0]
    seconds = 1_704_067_200
    assert rows.time_ns.tolist() == [(seconds + after) * 10**9 for after in (1, 2, 2)]
    assert data.columns == OPTIONAL_COLUMNS
    assert data.data_sha256 == file_digest(quotes)


def market_file(path: Path, market: Market) -> Path:
    """A file of the market, whose prices are finite as in any file."""
    lines = []
    for (stamp, *prices), more in zip(*market, strict=True):
        cells = [price if math.isfinite(price) else 0.0 for price in prices]
        ages = ["" if math.isinf(age) else repr(age) for age in (more.age_a_ms, more.age_b_ms)]
        sizes = [more.bid_size_a, more.ask_size_a, more.bid_size_b, more.ask_size_b]
        lines.append(",".join([stamp, *map(repr, [*cells, *sizes]), *ages]))
    return settled(path, csv_of(*lines, header=ALL))


def prepared_rows(path: Path) -> PreparedRows:
    """Without the cache."""
    arrays = Arrays.in_memory()
    with opened_data_file(path, DataLimits(), "x") as file:
        facts = prepare_rows(file, DataLimits(), arrays)
    return PreparedRows.of_arrays(asdict(facts), arrays.finish())


@pytest.mark.parametrize("seed", range(20))
def test_they_are_what_the_engine_sees(tmp_path: Path, seed: int) -> None:
    market = options.market(Random(seed), n_rows=80)
    if not market[0]:
        return
    path = market_file(tmp_path / "quotes.csv", market)
    data = prepared_rows(path)
    for found, expected in zip(data.rows, options.rows_of(*market), strict=True):
        np.testing.assert_array_equal(found, expected)
    snapshots = load_snapshots(path)
    kept = [(n, row) for n, row in enumerate(snapshots) if row.is_tradable]
    assert data.rows.row.tolist() == [number for number, _ in kept]
    assert data.rows.time_ns.tolist() == [row.moment_ns for _, row in kept]
    for limit_ms in (None, 0.0, 1.0, 50.0, 100.5, 1e9):
        config = ArbitrageConfig(0.0, 0.0, 0.0, 0.0, 1.0, max_quote_age_ms=limit_ms)
        stats = ArbitrageBacktester(ArbitrageEngine(config)).run(snapshots).stats
        counts = data.skipped(math.inf if limit_ms is None else limit_ms)
        assert counts == (stats.skipped_snapshots, stats.stale_snapshots)


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("columns", "empty"),
    [
        ([], ["bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b", "age_ms"]),
        (["ask_size_a"], ["bid_size_a", "bid_size_b", "ask_size_b", "age_ms"]),
        (["age_b_ms"], ["bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b", "age_ms"]),
        (["age_a_ms", "age_b_ms"], ["bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b"]),
    ],
)
def test_columns_that_a_file_does_not_have_are_empty(
    tmp_path: Path, columns: list[str], empty: list[str]
) -> None:
    row = ",".join([GOOD, *("7" for _ in columns)])
    path = settled(tmp_path / "quotes.csv", csv_of(row, row, header=",".join([HEADER, *columns])))
    for _ in range(2):
        data = open_rows(path)
        assert data.columns == tuple(columns)
        lengths = {name: len(array) for name, array in data.rows._asdict().items()}
        assert lengths == {name: 0 if name in empty else 2 for name in lengths}
        assert data.skipped(math.inf) == (0, 0)


@pytest.mark.usefixtures("cache")
def test_times_out_of_reach_are_refused_when_they_are_needed(tmp_path: Path) -> None:
    path = settled(tmp_path / "quotes.csv", csv_of("0001-01-01,1,2,3,4", "9999-12-31,1,2,3,4"))
    for _ in range(2):
        data = open_rows(path)
        assert data.rows.row.tolist() == [0, 1]
        with pytest.raises(DataError, match="the timestamp '0001-01-01' is too far from 1970"):
            data.need_times()


@pytest.mark.usefixtures("cache")
def test_times_within_reach_are_not(quotes: Path) -> None:
    open_rows(quotes).need_times()


# -- how they are kept


def test_they_are_an_entry_of_their_own_made_when_first_asked_for(
    cache: Path, quotes: Path, reads: list[str]
) -> None:
    open_data(quotes)
    assert entries(cache) == {FILE}
    first = open_rows(quotes)
    assert entries(cache) == {FILE, ROWS}
    assert len(reads) == 2
    assert content(open_rows(quotes)) == content(first)
    assert open_data(quotes).facts.rows == 5
    assert len(reads) == 2


def test_they_need_no_other_entry(cache: Path, quotes: Path, reads: list[str]) -> None:
    for _ in range(2):
        assert open_rows(quotes).rows.row.tolist() == [1, 2, 3]
    assert entries(cache) == {ROWS}
    assert len(reads) == 1


@pytest.mark.usefixtures("cache")
def test_they_are_mapped_and_not_read(quotes: Path) -> None:
    for data in (open_rows(quotes), open_rows(quotes)):
        check_mapped(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "an array cut short": lambda entry: os.truncate(entry / "time_ns.npy", 100),
    "an array gone": lambda entry: (entry / "age_ms.npy").unlink(),
    "meta data of another kind": lambda entry: shutil.copy(
        entry.with_name(entry.name.replace("-rows", "")) / "meta.json", entry / "meta.json"
    ),
    "no meta data": lambda entry: (entry / "meta.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_built_again(
    cache: Path, quotes: Path, reads: list[str], damage: str
) -> None:
    open_data(quotes)
    expected = content(open_rows(quotes))
    DAMAGES[damage](cache / f"{file_digest(quotes)}-{ROWS}")
    assert content(open_rows(quotes)) == expected
    assert len(reads) == 3
    assert content(open_rows(quotes)) == expected
    assert len(reads) == 3  # whole again


@pytest.mark.parametrize("kept", [ROWS, FILE])
def test_a_file_is_recognised_as_long_as_one_of_its_entries_is_there(
    cache: Path, quotes: Path, tmp_path: Path, reads: list[str], kept: str
) -> None:
    open_data(quotes)
    open_rows(quotes)
    for entry in (FILE, ROWS):
        if entry != kept:
            shutil.rmtree(cache / f"{file_digest(quotes)}-{entry}")
    open_data(settled(tmp_path / "another.csv", csv_of(GOOD)))  # which puts out what is too old
    before = len(reads)
    if kept == ROWS:
        open_rows(quotes)
    else:
        open_data(quotes)
    assert len(reads) == before


def test_both_entries_count_for_the_bound(
    cache: Path, quotes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_rows(quotes)
    monkeypatch.setattr(data_cache, "MAX_CACHE_BYTES", 1)
    open_data(settled(tmp_path / "another.csv", csv_of(GOOD)))
    assert entries(cache) == {FILE}


@pytest.mark.usefixtures("cache")
def test_limits_and_bad_files_are_as_for_any_config(quotes: Path, tmp_path: Path) -> None:
    open_rows(quotes)
    with pytest.raises(DataError, match=r"'q' has more than 4 rows \(ARBTUNE_MAX_ROWS\)"):
        open_rows(quotes, DataLimits(max_rows=4), name="q")
    with pytest.raises(DataError, match=r"'q' is larger than 99 bytes \(ARBTUNE_MAX_BYTES\)"):
        open_rows(quotes, DataLimits(max_bytes=99), name="q")
    with pytest.raises(FileNotFoundError, match="Data file not found: q"):
        open_rows(tmp_path / "none", name="q")
    bad = settled(tmp_path / "bad.csv", csv_of(f"{GOOD},-1", header=f"{HEADER},bid_size_b"))
    with pytest.raises(DataError, match="Invalid row 2: bid_size_b is '-1': a size below 0"):
        open_rows(bad)


def test_without_a_usable_folder_they_are_right_all_the_same(
    cache: Path, quotes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = content(open_rows(quotes))
    cache.chmod(0o777)
    assert content(open_rows(quotes)) == expected
    assert "is not used, because other users may write" in caplog.text
