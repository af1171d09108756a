"""The document of a walk-forward: read as it was written."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from arbitrage.errors import ConfigError
from arbitrage.results.walk_forward.outcome import WalkForward, path_of
from arbitrage.sweep import walk_forward
from tests.unit.results.walk_forward.walked import csv_file, flat, spec_of, walk_of


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
