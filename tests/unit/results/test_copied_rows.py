"""Rows that another sweep in the results folder has are copied; only what is new is computed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import arbitrage.sweep as sweep_here
from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id
from arbitrage.replay.many_configs import open_data, replay
from arbitrage.results.store import computing, missing_rows
from arbitrage.results.store.checksum import CHECKSUM, checksum_of
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.missing_rows import MissingRows, Piece
from arbitrage.results.store.other_sweeps import OtherSweeps
from arbitrage.results.store.rows import SCHEMA, sweep_rows, with_timestamps
from arbitrage.sweep import run_sweep
from tests.conftest import HEADER
from tests.sweeps import spec

ROOT = Path(__file__).resolve().parents[3]
SPREADS = {"name": "min_spread_bps", "start": 0, "stop": 9, "step": 1}
STOPS = {"name": "stop_on_drawdown_pct", "values": [None, 0.01]}
EXITS = {"name": "exit_spread_bps", "values": [-2, 0.1, 0]}
KEPT = SweepSpec(**spec(SPREADS, STOPS, max_position_usd=1e6))
KEPT_REVERSED = SweepSpec(**spec(STOPS, SPREADS, max_position_usd=1e6))


def quotes_csv(rows: int = 200) -> str:
    """A market in which each basis point of a threshold changes the figures."""
    lines = [HEADER]
    for row in range(rows):
        gap = row * 17 % 60 / 100 - 0.1
        lines.append(f"{1_700_000_000 + row},99.99,100.01,{100 + gap:.2f},{100.02 + gap:.2f}\n")
    return "".join(lines)


@pytest.fixture(scope="module")
def quotes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data file of all sweeps here."""
    folder = tmp_path_factory.mktemp("quotes")
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return folder


class Desk:
    """A results folder, and how many configs have been computed for it."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.computed = 0

    def run(self, sweep: SweepSpec) -> pl.DataFrame:
        self.computed = 0
        return run_sweep(sweep, results_dir=self.results)

    def grown(self, *grids: dict[str, Any], **fields: Any) -> pl.DataFrame:
        """The rows of a sweep, which are those that it has without any other."""
        sweep = SweepSpec(**spec(*grids, **{"max_position_usd": 1e6, **fields}))
        rows = self.run(sweep)
        computed, self.computed = self.computed, 0
        assert rows.equals(run_sweep(sweep), null_equal=True)
        assert self.computed == sweep.total
        self.computed = computed
        return rows

    def folder(self, sweep: SweepSpec) -> SweepFolder:
        digest = open_data(sweep.data_path).data_sha256
        return SweepFolder(self.results, sweep_id(sweep.identity(), digest, ENGINE_VERSION))


@pytest.fixture
def desk(quotes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """With a finished sweep of ten spreads and two stops."""
    monkeypatch.chdir(quotes)
    place = Desk(tmp_path / "results")

    def counted(data: Any, columns: Any, count: int) -> Any:
        place.computed += count
        return replay(data, columns, count)

    monkeypatch.setattr(computing, "replay", counted)
    rows = place.run(KEPT)
    assert place.computed == 20
    assert 0 < rows["stopped_row"].null_count() < 20
    assert rows["net_pnl_usd"].n_unique() > 5
    return place


# The grids and fields of a sweep, and how many of its configs the sweep of the fixture has not.
GROWN: dict[str, tuple[list[dict[str, Any]], dict[str, Any], int]] = {
    "the slow grid wider": ([{**SPREADS, "stop": 19}, STOPS], {}, 20),
    "the fast grid wider": ([SPREADS, {**STOPS, "values": [0.01, 5, None]}], {}, 10),
    "a value between all": ([{**SPREADS, "step": 0.5}, STOPS], {}, 18),
    "a list for the range": ([{"name": "min_spread_bps", "values": [*range(10)]}, STOPS], {}, 0),
    "num for step": (
        [{"name": "min_spread_bps", "start": 0, "stop": 9, "num": 10}, STOPS],
        {},
        0,
    ),
    "backwards": ([{"name": "min_spread_bps", "start": 9, "stop": 0, "step": -1}, STOPS], {}, 0),
    "another order": ([STOPS, SPREADS], {}, 0),
    "one grid more": ([SPREADS, EXITS, STOPS], {}, 40),
    "one value fixed": ([STOPS], {"min_spread_bps": 3}, 0),
    "a null fixed": ([SPREADS], {}, 0),
    "a sample of it": ([SPREADS, STOPS], {"sample": {"n": 7, "seed": 3}}, 0),
    "a sample of a wider one": (
        [{**SPREADS, "stop": 29}, STOPS],
        {"sample": {"n": 60, "seed": 3}},
        40,
    ),
    "other tags and names": ([SPREADS, STOPS], {"tag_prefix": "x", "extra": {"a": 1}}, 0),
    "another ranking of more": (
        [{**SPREADS, "stop": 10}, STOPS],
        {"rank_by": "win_rate", "filters": {"min_trades": 5}},
        2,
    ),
    "the same bits, however they are computed": (
        [{"name": "min_spread_bps", "values": [0.1 * 30, 9 * 0.1 / 0.1, 0.3]}, STOPS],
        {},
        2,
    ),
    "one number fixed otherwise": ([SPREADS, STOPS], {"slippage_bps": 3}, 20),
    "another field": ([SPREADS, STOPS], {"latency_a_ms": 1}, 20),
    "nothing in common": ([{**SPREADS, "start": 0.5, "stop": 9.5}, STOPS], {}, 20),
}


@pytest.mark.parametrize("case", GROWN)
def test_only_what_is_new_is_computed(desk: Desk, case: str) -> None:
    grids, fields, new = GROWN[case]
    rows = desk.grown(*grids, **fields)
    assert desk.computed == new
    assert rows["config_number"].to_list() == [*range(rows.height)]
    if "tag_prefix" in fields:
        assert rows["tag"].to_list() == [f"x-{number}" for number in range(rows.height)]


def test_a_sample_is_copied_from(desk: Desk) -> None:
    sample = {"sample": {"n": 25, "seed": 5}}
    desk.grown({**SPREADS, "stop": 29}, {**STOPS, "values": [1, 2]}, **sample)
    assert desk.computed == 25
    desk.grown({**SPREADS, "stop": 29}, {**STOPS, "values": [1, 2]})
    assert desk.computed == 60 - 25


def test_a_sweep_is_copied_from_as_far_as_it_has_come(desk: Desk) -> None:
    desk.grown({**SPREADS, "stop": 39}, STOPS, max_jobs=50)
    assert desk.computed == 30
    desk.grown({**SPREADS, "stop": 39}, {**STOPS, "values": [None]})
    assert desk.computed == 40 - 25


def test_several_sweeps_are_copied_from(desk: Desk) -> None:
    desk.grown({**SPREADS, "start": 20, "stop": 29}, STOPS)
    assert desk.computed == 20
    desk.grown({**SPREADS, "stop": 29}, STOPS)
    assert desk.computed == 20


def test_another_name_of_the_same_data_is_copied_and_other_data_are_not(
    desk: Desk, quotes: Path
) -> None:
    (quotes / "copy.csv").write_text(quotes_csv(), encoding="utf-8")
    rows = desk.grown(SPREADS, STOPS, data_file="copy.csv")
    assert desk.computed == 0
    assert set(rows["data_file"]) == {"copy.csv"}
    (quotes / "other.csv").write_text(quotes_csv(rows=150), encoding="utf-8")
    desk.grown(SPREADS, STOPS, data_file="other.csv")
    assert desk.computed == 20


def test_another_engine_has_other_rows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_here, "ENGINE_VERSION", "99")
    desk.grown(SPREADS, {**STOPS, "values": [None, 0.01, 5]})
    assert desk.computed == 30


def test_what_is_there_is_not_touched_and_a_second_run_writes_nothing(desk: Desk) -> None:
    def files() -> dict[Path, int]:
        paths = [path for path in desk.results.rglob("*") if path.is_file()]
        return {path: path.stat().st_mtime_ns for path in paths if path.name != ".lock"}

    before = files()
    desk.grown({**SPREADS, "step": 0.5}, STOPS)
    after = files()
    assert before.items() <= after.items()
    for path in after:
        assert path.suffix == ".json" or pl.read_parquet(path).schema == SCHEMA
    desk.grown({**SPREADS, "step": 0.5}, STOPS)
    assert (desk.computed, files()) == (0, after)


def test_a_config_that_failed_is_tried_anew(desk: Desk) -> None:
    folder = desk.folder(KEPT)
    with folder.exclusively():
        rows = folder.rows(20).collect()
        folder.clear()
        failed = sweep_rows(KEPT, 0, 20, rows.to_dict(), {3: "killed", 4: "killed"})
        folder.write_part(failed)
    desk.grown(STOPS, SPREADS)
    assert desk.computed == 2


def test_a_zero_has_no_sign(desk: Desk) -> None:
    desk.grown(SPREADS, STOPS, {"name": "exit_spread_bps", "values": [-0.0, 1]})
    assert desk.computed == 20


# What does not say what it is


def edited(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}), encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"data_sha256": "0" * 64},
        {"engine_version": "1"},
        {"spec": []},
        {"spec": {"data_file": "quotes.csv", "surprise": 1}},
        {"spec": json.loads(SweepSpec(**spec(STOPS, SPREADS, max_position_usd=1e6)).to_json())},
        {"sweep_id": "0" * 16},
    ],
    ids=["data", "engine", "no spec", "unknown spec", "another spec", "id"],
)
def test_a_description_that_is_not_of_its_folder_is_passed_over(
    desk: Desk, changes: dict[str, Any]
) -> None:
    edited(desk.folder(KEPT).path.with_suffix(".json"), **changes)
    desk.grown(SPREADS, {**STOPS, "values": [0.01]})
    assert desk.computed == 10


def test_a_folder_without_a_description_is_passed_over(desk: Desk) -> None:
    desk.folder(KEPT).path.with_suffix(".json").unlink()
    desk.grown(SPREADS)
    assert desk.computed == 10


def rewritten(desk: Desk, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change the rows of the part of the fixture; its checksum fits the new ones."""
    [path] = desk.folder(KEPT).path.glob("*.parquet")
    rows = change(pl.read_parquet(path))
    rows.write_parquet(path, metadata={CHECKSUM: checksum_of(rows)})


def test_a_part_without_a_column_of_today_is_passed_over(desk: Desk) -> None:
    rewritten(desk, lambda rows: rows.drop("exits_beyond_size"))
    desk.grown(SPREADS)
    assert desk.computed == 10


def test_a_part_without_a_checksum_is_passed_over(desk: Desk) -> None:
    [path] = desk.folder(KEPT).path.glob("*.parquet")
    pl.read_parquet(path).write_parquet(path)
    desk.grown(SPREADS)
    assert desk.computed == 10


def test_a_row_of_another_config_is_not_copied(desk: Desk) -> None:
    """Parts that were brought into the folder by hand: their own columns tell."""
    strange = pl.col("config_number").is_in([2, 8, 9])
    slippage = pl.when(strange).then(2.5).otherwise(2.0)
    rewritten(desk, lambda rows: rows.with_columns(slippage_bps=slippage))
    desk.grown(STOPS, SPREADS)
    assert desk.computed == 3


def test_a_row_that_stands_twice_is_copied_once(desk: Desk) -> None:
    rewritten(desk, lambda rows: pl.concat([rows, rows.head(5)]).sort("config_number"))
    desk.grown(STOPS, SPREADS)
    assert desk.computed == 0


def test_a_flipped_bit_never_makes_a_wrong_row(desk: Desk) -> None:
    """Most of them are read as another number."""
    folder, digest = desk.folder(KEPT_REVERSED), open_data(KEPT.data_path).data_sha256
    others = OtherSweeps(folder, digest, ENGINE_VERSION, lambda _: None)
    true = others.figures(KEPT_REVERSED, 0, 20)
    [part] = desk.folder(KEPT).path.glob("*.parquet")
    content, luck, intact = part.read_bytes(), random.Random(5), 0
    for _ in range(150):
        flipped, bit = bytearray(content), luck.randrange(8 * len(content))
        flipped[bit // 8] ^= 1 << bit % 8
        part.write_bytes(flipped)
        found = others.figures(KEPT_REVERSED, 0, 20)
        assert found.equals(true) or found.is_empty()
        intact += found.height > 0
    assert intact < 150


@pytest.mark.parametrize("damage", ["cut", "emptied", "a folder"])
def test_a_damaged_part_is_named_and_its_configs_are_computed(desk: Desk, damage: str) -> None:
    [path] = desk.folder(KEPT).path.glob("*.parquet")
    content = path.read_bytes()
    if damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.warns(
        UserWarning, match=rf"{path.name} cannot be read: what it had is computed anew"
    ):
        desk.grown({**SPREADS, "stop": 10}, STOPS)
    assert desk.computed == 22


def test_a_folder_that_vanishes_while_it_is_read_costs_a_computation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = pl.read_parquet

    def vanished(path: Path, **options: Any) -> pl.DataFrame:
        desk.folder(KEPT).clear()
        return read(path, **options)

    monkeypatch.setattr(pl, "read_parquet", vanished)
    with pytest.warns(UserWarning, match="cannot be read: what it had is computed anew"):
        desk.grown({**SPREADS, "stop": 10}, STOPS)
    assert desk.computed == 22


def test_one_damaged_sweep_leaves_the_others(desk: Desk) -> None:
    desk.grown({**SPREADS, "start": 20, "stop": 29}, STOPS)
    [path] = desk.folder(KEPT).path.glob("*.parquet")
    path.write_bytes(b"PAR1")
    with pytest.warns(UserWarning, match="cannot be read"):
        desk.grown({**SPREADS, "stop": 29}, STOPS)
    assert desk.computed == 40


# Pieces


def missing(desk: Desk, sweep: SweepSpec) -> MissingRows:
    folder = desk.folder(sweep)
    digest = open_data(sweep.data_path).data_sha256
    return MissingRows(sweep, folder, OtherSweeps(folder, digest, ENGINE_VERSION, pytest.fail))


def kept(pieces: MissingRows, piece: Piece) -> None:
    data = open_data(pieces.spec.data_path)
    figures = replay(data, pieces.spec.columns_of(piece.new), len(piece.new))
    pieces.keep(piece, with_timestamps(figures, data.timestamp), {})


@pytest.mark.parametrize(("most_new", "most"), [(1, 50), (3, 4), (7, 7), (100, 100), (2, 30)])
def test_pieces_are_as_large_as_they_may_be(desk: Desk, most_new: int, most: int) -> None:
    sweep = SweepSpec(**spec({**SPREADS, "step": 0.25}, STOPS, max_position_usd=1e6))
    pieces = [*missing(desk, sweep).pieces(most_new, most)]
    covered = [number for piece in pieces for number in range(piece.start, piece.stop)]
    assert covered == [*range(sweep.total)]
    new = [number for piece in pieces for number in piece.new.tolist()]
    assert new == [number for number in range(74) if number % 8 > 1]
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        assert sorted([*piece.known["config_number"], *piece.new]) == [
            *range(piece.start, piece.stop)
        ]
        assert len(piece.new) <= most_new
        assert piece.stop - piece.start <= most
        is_full = piece.stop - piece.start == most
        assert is_full or after is None or after.new[0] == after.start


@pytest.mark.parametrize("at_once", [10, 33, 500_000])
def test_the_rest_is_cut_as_before_whatever_is_there(
    desk: Desk, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a client that comes back finds the chunks that it had sent."""
    monkeypatch.setattr(missing_rows, "_LOOKED_FOR_AT_ONCE", at_once)
    sweep = SweepSpec(**spec({**SPREADS, "step": 0.25}, STOPS, max_position_usd=1e6))
    rest = missing(desk, sweep)
    pieces = [*rest.pieces(5, 8)]
    with rest.folder.exclusively():
        for piece in pieces[1::3]:
            kept(rest, piece)
    again = [*missing(desk, sweep).pieces(5, 8)]
    left = [piece for place, piece in enumerate(pieces) if place % 3 != 1]
    assert [piece[:2] for piece in again] == [piece[:2] for piece in left]
    for piece, before in zip(again, left, strict=True):
        assert piece.known.equals(before.known)
        assert piece.new.tolist() == before.new.tolist()


def test_a_piece_is_halved_by_what_is_new(desk: Desk) -> None:
    sweep = SweepSpec(**spec({**SPREADS, "step": 0.25}, STOPS, max_position_usd=1e6))
    rest = missing(desk, sweep)
    [piece] = rest.pieces(100, 100)
    pieces = [piece]
    while any(len(piece.new) > 1 for piece in pieces):
        pieces = [
            half
            for piece in pieces
            for half in (piece.halves() if len(piece.new) > 1 else (piece,))
        ]
    assert len(pieces) == 54
    assert {len(piece.new) for piece in pieces} == {1}
    with rest.folder.exclusively():
        for piece in pieces:
            kept(rest, piece)
    assert rest.folder.rows(sweep.total).collect().equals(run_sweep(sweep))
    assert (rest.copied.total(), rest.computed) == (20, 54)
    assert set(rest.copied) == {desk.folder(KEPT).sweep_id}


# Any two sweeps

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "min_spread_bps": st.sampled_from([0.0, 0.1 + 0.2, 0.3, 5.0, 20.0, 40.0]),
    "slippage_bps": st.sampled_from([0.0, 2.0, 2.5, 1e-300]),
    "max_open_trades": st.integers(1, 3),
    "stop_on_drawdown_pct": st.sampled_from([None, 0.01, 5.0]),
    "exit_spread_bps": st.sampled_from([0.0, -0.0, 1.0]),
    "max_holding_seconds": st.sampled_from([None, 3.0]),
}


@st.composite
def sweeps(draw: st.DrawFn) -> SweepSpec:
    names = draw(st.lists(st.sampled_from([*FIELDS]), min_size=1, max_size=3, unique=True))
    grids = [
        {"name": name, "values": draw(st.lists(FIELDS[name], min_size=1, max_size=4, unique=True))}
        for name in names
    ]
    fixed = {
        name: draw(values)
        for name, values in FIELDS.items()
        if name not in names and draw(st.booleans())
    }
    every = SweepSpec(**{**spec(*grids), **fixed})
    size = draw(st.none() | st.integers(1, every.total))
    sample = None if size is None else {"n": size, "seed": draw(st.integers(0, 3))}
    limit = draw(st.none() | st.integers(1, 9))
    return SweepSpec(**{**spec(*grids), **fixed, "sample": sample, "max_jobs": limit})


@settings(max_examples=40, deadline=None)
@given(some=st.lists(sweeps(), min_size=1, max_size=3), last=sweeps())
def test_any_sweep_has_the_same_rows_with_and_without_the_folders_of_others(
    quotes: Path, tmp_path_factory: pytest.TempPathFactory, some: list[SweepSpec], last: SweepSpec
) -> None:
    results = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(quotes)
        for sweep in some:
            run_sweep(sweep, results_dir=results)
        rows = run_sweep(last, results_dir=results)
        alone = run_sweep(last)
    assert rows.equals(alone)
    for name, dtype in SCHEMA.items():
        if dtype == pl.Float64:
            bits = [
                frame[name].fill_null(np.nan).to_numpy().view(np.int64) for frame in (rows, alone)
            ]
            assert (bits[0] == bits[1]).all()


# Deaths

RUN = """
import os, signal, sys
from arbitrage.sweep import SweepSpec, run_sweep
syncs, sync = iter(range(1, 1000)), os.fsync
def killed_at_the_last(handle):
    if next(syncs) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    sync(handle)
os.fsync = killed_at_the_last
import arbitrage.results.store.computing
arbitrage.results.store.computing._CONFIGS_AT_ONCE = 7
run_sweep(SweepSpec.from_text(sys.argv[1]), results_dir=sys.argv[2])
"""


def test_a_run_that_was_killed_goes_on_with_what_it_had_kept(desk: Desk) -> None:
    sweep = SweepSpec(**spec({**SPREADS, "step": 0.5}, STOPS, max_position_usd=1e6))
    command = [sys.executable, "-c", RUN, sweep.to_json(), str(desk.results), "5"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run(command, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    parts = desk.folder(sweep).parts(sweep.total)
    assert len(parts) == 2
    there = sum(part.stop - part.start for part in parts)
    desk.grown({**SPREADS, "step": 0.5}, STOPS)
    assert there == 14
    assert desk.computed == sum(number // 2 % 2 for number in range(there, sweep.total))
