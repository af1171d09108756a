"""What does not say what it is, or is damaged, is not copied: its configs are computed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.many_configs import open_data
from arbitrage.results.store.checksum import with_checksum
from arbitrage.results.store.other_sweeps import OtherSweeps
from tests.helpers.inputs.sweeps import spec
from tests.unit.results.store.grown import KEPT, KEPT_REVERSED, SPREADS, STOPS, Desk


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
    path.write_bytes(with_checksum(change(pl.read_parquet(path))))


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
