"""The columns that a data file may have beside the five: displayed sizes, and ages of quotes."""

from __future__ import annotations

import io
import math
from typing import Any
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pytest

from arbitrage.arbitrage_core import OrderBookSnapshot
from arbitrage.data.columns import AGES, OPTIONAL_COLUMNS, SIZES
from arbitrage.data.readers import csv_rows
from arbitrage.data.rules.checked_rows import ROWS_AT_ONCE
from tests.helpers.inputs.data_files import GOOD, HEADER, Load, csv_of, refusal

ALL = f"{HEADER},{','.join(OPTIONAL_COLUMNS)}"
WHOLE = f"{GOOD},5,6.5,0,8,0,12.25"


def with_cell(column: str, cell: str) -> str:
    """The whole row with another cell in one column."""
    cells = WHOLE.split(",")
    cells[ALL.split(",").index(column)] = cell
    return ",".join(cells)


def parquet(rows: int = 2, /, **columns: Any) -> bytes:
    """The whole row some times over, with these columns in place of its own."""
    stamp, *numbers = WHOLE.split(",")
    whole = zip(ALL.split(","), [stamp, *map(float, numbers)], strict=True)
    table = pl.DataFrame({name: [cell] * rows for name, cell in whole})
    content = io.BytesIO()
    table.with_columns(**{n: pl.Series(c, strict=False) for n, c in columns.items()}).write_parquet(
        content
    )
    return content.getvalue()


# -- what loads


def test_a_file_without_them_has_snapshots_and_columns_without_them(load: Load) -> None:
    table = load(csv_of(GOOD, GOOD))
    assert table.frame.columns == HEADER.split(",")
    for snapshot in (table[1], table[:1][0], *table):
        assert snapshot[5:] == (None,) * 6


@pytest.mark.parametrize(
    "content", [csv_of(WHOLE, WHOLE, header=ALL), csv_of(WHOLE, WHOLE, header=ALL, end="\r\n")]
)
def test_a_file_with_all_of_them_has_whole_snapshots(load: Load, content: str) -> None:
    table = load(content)
    whole = OrderBookSnapshot(
        "2024-01-01T00:00:00Z", 1.0, 2.0, 3.0, 4.0, 5.0, 6.5, 0.0, 8.0, 0.0, 12.25
    )
    assert list(table) == table[:] == [table[0], table[-1]] == [whole, whole]
    assert list(load(parquet())) == [whole, whole]


def test_a_file_may_have_some_of_them_in_any_place(load: Load) -> None:
    header = f"age_b_ms,{HEADER},note,ask_size_b"
    table = load(csv_of(f"7,{GOOD},x,9", header=header))
    assert table.frame.columns == [*HEADER.split(","), "ask_size_b", "age_b_ms"]
    [snapshot] = table
    assert (snapshot.ask_size_b, snapshot.age_b_ms) == (9.0, 7.0)
    assert (snapshot.bid_size_a, snapshot.ask_size_a, snapshot.bid_size_b) == (None, None, None)
    assert snapshot.age_a_ms is None
    assert table[0] == snapshot


@pytest.mark.parametrize("cell", ["", '""', " ", '" "'])
@pytest.mark.parametrize("column", AGES)
def test_an_age_that_is_not_known_is_an_empty_cell(load: Load, column: str, cell: str) -> None:
    [before, snapshot, after] = load(csv_of(WHOLE, with_cell(column, cell), WHOLE, header=ALL))
    assert math.isnan(getattr(snapshot, column))
    assert before == after
    others = snapshot._replace(**{column: getattr(before, column)})
    assert others == before


@pytest.mark.parametrize("column", AGES)
@pytest.mark.parametrize("kind", [pa.float64(), pa.int32(), pa.string(), pa.decimal128(5, 2)])
def test_in_parquet_it_is_a_null(load: Load, column: str, kind: pa.DataType) -> None:
    cells = pa.array(["2", None] if kind == pa.string() else [2, None], kind)
    first, second = (getattr(row, column) for row in load(parquet(**{column: cells})))
    assert first == 2.0
    assert math.isnan(second)


@pytest.mark.parametrize("content", ["csv", "parquet"])
def test_ages_may_be_unknown_throughout(load: Load, content: str) -> None:
    row = WHOLE.rsplit(",", 2)[0]
    nulls = dict.fromkeys(AGES, pl.Series([None, None]))
    table = load(parquet(**nulls) if content == "parquet" else csv_of(f"{row},,", header=ALL))
    assert all(math.isnan(age) for row in table for age in (row.age_a_ms or 0, row.age_b_ms or 0))


def test_sizes_and_ages_have_no_bounds_but_zero(load: Load) -> None:
    row = f"{GOOD},1e300,1e-300,0,-0.0,0.0,1e300"
    [snapshot] = load(csv_of(row, header=ALL))
    assert snapshot[5:] == (1e300, 1e-300, 0.0, 0.0, 0.0, 1e300)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [WHOLE, with_cell("age_b_ms", ""), with_cell("age_a_ms", "")])
def test_a_plain_file_with_them_takes_the_fast_road(end: str, last: str) -> None:
    text = csv_of(WHOLE, last, header=ALL, end=end).encode()
    with patch.object(csv_rows, "_NumberedRows", side_effect=AssertionError):
        [block] = csv_rows.read_csv([text], "x", 10)
    assert block.numbers.height == 2
    assert block.numbers.null_count().sum_horizontal().item() == 0


# -- what is refused

NO_NUMBER = ["abc", "nan", "NULL", "inf", "-inf", "1e400", "1_000", "1 2", "-1", "-1e-300"]


@pytest.mark.parametrize("column", OPTIONAL_COLUMNS)
@pytest.mark.parametrize("cell", NO_NUMBER)
def test_a_bad_cell_is_named_with_its_line_column_and_value(
    load: Load, column: str, cell: str
) -> None:
    text = refusal(load, csv_of(WHOLE, with_cell(column, cell), WHOLE, header=ALL))
    assert text.startswith(f"Invalid row 3: {column} is {cell!r}: ")
    assert ("below 0" if cell.startswith("-1") else "not a finite number") in text


@pytest.mark.parametrize("column", OPTIONAL_COLUMNS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.5, True])
def test_in_parquet_too(load: Load, column: str, value: float) -> None:
    cells = [value] * 2 if value is True else [1.0, value]
    row = 1 if value is True else 2
    text = refusal(load, parquet(**{column: cells}))
    assert text.startswith(f"Invalid row {row}: {column} is ")
    assert refusal(load, parquet(**{column: [[1.0], [2.0]]})).startswith("Invalid row 1: ")


@pytest.mark.parametrize("column", SIZES)
def test_a_size_must_be_there(load: Load, column: str) -> None:
    advice = "the cell is empty; where a venue shows no size, write 0"
    text = refusal(load, csv_of(with_cell(column, ""), header=ALL))
    assert text == f"Invalid row 2: {column} is '': {advice}"
    text = refusal(load, parquet(**{column: [1.0, None]}))
    assert text.endswith(advice)
    assert text.startswith(f"Invalid row 2: {column} is ")


def test_what_to_write_for_an_unknown_age_is_told(load: Load) -> None:
    text = refusal(load, csv_of(with_cell("age_a_ms", "n/a"), header=ALL))
    assert text.endswith("not a finite number; where it is not known, leave the cell empty")
    assert "an age below 0" in refusal(load, csv_of(with_cell("age_a_ms", "-2"), header=ALL))


def test_a_row_too_short_is_not_one_with_an_unknown_age(load: Load) -> None:
    for cells in (WHOLE.rsplit(",", 1)[0], WHOLE.rsplit(",", 2)[0]):
        text = refusal(load, csv_of(WHOLE, cells, WHOLE, header=ALL))
        assert text == f"Invalid row 3: {cells.count(',') + 1} cells, but the header has 11"
    assert refusal(load, csv_of(WHOLE, f"{WHOLE},", header=ALL)).startswith("Invalid row 3: 12 ")


def test_one_that_is_there_twice_is_named(load: Load) -> None:
    text = refusal(load, csv_of(f"{GOOD},1,2", header=f"{HEADER},bid_size_a,bid_size_a"))
    assert text.startswith("CSV must have columns: ")
    assert text.endswith("; twice: bid_size_a")


def test_of_a_long_parquet_file_the_row_is_named(load: Load) -> None:
    rows = ROWS_AT_ONCE + 2
    sizes = pl.Series([1.0] * (rows - 1) + [-1.0])
    text = refusal(load, parquet(rows, bid_size_b=sizes))
    assert text == f"Invalid row {rows}: bid_size_b is -1.0: a size below 0"
