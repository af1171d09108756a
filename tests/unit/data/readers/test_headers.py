"""Headers of CSV files: columns that are missing, nearly right, or there twice."""

from __future__ import annotations

import pytest

from tests.helpers.inputs.data_files import GOOD, HEADER, Load, csv_of, refusal


def test_missing_columns_are_named(load: Load) -> None:
    for rows in ("", "a,1,2,3\n"):
        text = refusal(load, f"time,best_bid_a,best_bid_b,best_ask_b\n{rows}")
        assert text.startswith("CSV must have columns: timestamp, best_bid_a, best_ask_a, ")
        assert text.endswith("missing: timestamp, best_ask_a")


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_separator_is_told(load: Load, mark: str, name: str) -> None:
    text = refusal(load, csv_of(GOOD).replace(",", mark))
    assert text.startswith("CSV must have columns: timestamp, best_bid_a, ")
    assert f"missing: {HEADER.replace(',', ', ')} (" in text
    assert f"separated by {name}" in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Best_Bid_A", "'Best_Bid_A'"),
        (" best_bid_a", "' best_bid_a'"),
        ("best bid a", "'best bid a'"),
        ("BestBidA", "'BestBidA'"),
    ],
)
def test_a_name_that_is_nearly_right_is_shown(load: Load, name: str, shown: str) -> None:
    text = refusal(load, csv_of(GOOD, header=HEADER.replace("best_bid_a", name)))
    assert text.startswith("CSV must have columns: timestamp, ")
    assert f"missing: best_bid_a (the header has {shown}: write each name exactly as it " in text


def test_a_second_byte_order_mark_is_named(load: Load) -> None:
    text = refusal(load, "\ufeff\ufeff" + csv_of(GOOD))
    assert "missing: timestamp (the header has '\\ufefftimestamp', where \\ufeff is a byte " in text


def test_a_mark_beside_a_missing_column_is_not_a_separator(load: Load) -> None:
    text = refusal(load, "timestamp,best_bid_a,best_ask_a,best_bid_b,ask;b\n")
    assert text.endswith("missing: best_ask_b")


def test_a_column_that_is_there_twice_is_named(load: Load) -> None:
    text = refusal(load, f"{HEADER},best_bid_a\n{GOOD},5\n")
    assert text.startswith("CSV must have columns: ")
    assert "best_bid_a" in text.rsplit("twice", 1)[1]


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n", HEADER + "\n\n\n"])
def test_a_header_alone(load: Load, content: str) -> None:
    assert refusal(load, content) == "No valid snapshots loaded from CSV file"
