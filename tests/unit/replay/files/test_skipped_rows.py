"""Why rows are not tradable, and the largest spread of those that are."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbitrage.data.files.data_file import opened_data_file
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.files.prepared_file import FileFacts
from arbitrage.replay.files.preparing import prepare_file

HEAD = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b\n"
TRADABLE = "100,101,103.02,104"
ROWS = {
    "0,101,103,104": "empty",
    "100,101,-1,104": "empty",
    "102,101,0,104": "empty",  # crossed as well: an empty book says more
    "102,101,103,104": "crossed",
    "100,100,105,104": "crossed",
    "100,100,103,104": "locked",
    "100,101,104,104": "locked",
}


def facts_of(folder: Path, rows: list[str]) -> FileFacts:
    """What is known of a file of these rows, without the cache, which may have it already."""
    path = folder / "quotes.csv"
    lines = [f"2024-01-01T00:00:{number:02}Z,{row}\n" for number, row in enumerate(rows)]
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    limits = DataLimits()
    with opened_data_file(path, limits, path.name) as file:
        return prepare_file(file, limits, Arrays.in_memory())


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_skipped_for_one_reason(tmp_path: Path, row: str) -> None:
    facts = facts_of(tmp_path, [TRADABLE, row, row])
    counts = {"empty": facts.empty, "crossed": facts.crossed, "locked": facts.locked}
    assert counts == {"empty": 0, "crossed": 0, "locked": 0, ROWS[row]: 2}
    assert facts.skipped == 2
    assert facts.largest_spread_bps == pytest.approx(200.0)


def test_where_no_row_is_tradable_there_is_no_spread(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, list(ROWS))
    assert facts.of_rows() == {
        "snapshots_count": 7,
        "skipped_snapshots": 7,
        "empty_snapshots": 3,
        "crossed_snapshots": 2,
        "locked_snapshots": 2,
        "largest_spread_bps": None,
    }


def test_the_largest_spread_may_be_negative(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, ["99,100,99,100", "99.5,100,99,100"])
    assert facts.largest_spread_bps == pytest.approx(-50.0)
    assert (facts.skipped, facts.empty, facts.crossed, facts.locked) == (0, 0, 0, 0)
