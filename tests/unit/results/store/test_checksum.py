"""A part that is not what was written is told wherever its rows are read, and never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from arbitrage.errors import DataError
from arbitrage.results.export.exporting import export
from arbitrage.results.querying.plateau import shown_best
from arbitrage.results.querying.query import Query, first_lines
from arbitrage.results.store.checksum import CHECKSUM, is_whole, with_checksum
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.results.verdict.search import search_of
from tests.helpers.reports import GRIDS, reported, swept
from worker.client.answers.origin import config_from
from worker.client.answers.sweeps import print_sweeps
from worker.settings import Settings

_NAME_AND_DIGITS = len(CHECKSUM) + 2 + 32


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return swept(tmp_path, GRIDS[0], name="quotes.csv")


@pytest.fixture
def part(settings: Settings) -> Path:
    """Its only part, of which a number has become another one since it was written."""
    [path] = settings.results_dir.glob("*/*.parquet")
    written, rows = path.read_bytes(), pl.read_parquet(path)
    changed = bytearray(with_checksum(rows.with_columns(pl.col("net_pnl_usd") * 2)))
    start = written.rindex(CHECKSUM.encode())
    there = changed.rindex(CHECKSUM.encode())
    changed[there : there + _NAME_AND_DIGITS] = written[start : start + _NAME_AND_DIGITS]
    path.write_bytes(changed)
    return path


def known(settings: Settings) -> KnownSweep:
    return sweep_named("latest", settings.results_dir)


READERS: dict[str, Callable[[Settings], object]] = {
    "sweep": lambda settings: known(settings).folder.best(known(settings).spec),
    "results": lambda settings: first_lines([known(settings)], Query("net_pnl_usd")),
    "export": lambda settings: export(known(settings), settings.results_dir / "rows.csv", print),
    "verdict": lambda settings: search_of(known(settings), [settings.results_dir]),
    "explain": lambda settings: shown_best(known(settings)),
    "run --from": lambda settings: config_from("latest", settings),
    "report": reported,
}


@pytest.mark.parametrize("reader", READERS)
def test_a_part_that_is_not_what_was_written_is_told(
    settings: Settings, part: Path, reader: str
) -> None:
    with pytest.raises(DataError) as caught:
        READERS[reader](settings)
    assert str(caught.value) == (
        f"the results in {part} are not what was written: delete the file and run the sweep again, "
        "or run it with --fresh"
    )


def test_the_list_of_sweeps_says_which_part_it_is(
    settings: Settings, part: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_sweeps(settings.results_dir, 5, as_json=False)
    assert f"the results in {part} are not what was written" in capsys.readouterr().out


def test_a_part_of_a_version_without_checksums_is_read(settings: Settings) -> None:
    best = shown_best(known(settings))
    [path] = settings.results_dir.glob("*/*.parquet")
    pl.read_parquet(path).write_parquet(path)
    assert is_whole(path) is None
    assert shown_best(known(settings)) == best


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    content = bytes(with_checksum(pl.DataFrame({"a": [1, 2, None], "b": ["x", None, CHECKSUM]})))
    path.write_bytes(content)
    assert is_whole(path)
    name = content.rindex(CHECKSUM.encode())
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        is_of_the_name = name <= place < name + len(CHECKSUM) + 2
        assert is_whole(path) is (None if is_of_the_name else False)


def test_a_cell_that_looks_like_a_checksum_is_not_one(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    rows = pl.DataFrame({"tag": [f"{CHECKSUM}\x18 {'0' * 32}"]})
    path.write_bytes(with_checksum(rows))
    assert is_whole(path)
    assert pl.read_parquet(path).equals(rows)
