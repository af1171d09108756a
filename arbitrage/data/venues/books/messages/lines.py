"""JSON lines, decoded many at a time; the line of one that cannot be is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from arbitrage.data.venues.flat.table.blocks import blocks
from arbitrage.data.venues.source import Member
from arbitrage.errors import DataError

LINES_AT_ONCE = 4_096
NUMBER, TEXT = "line", "text"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file.

    Attributes:
        name: What messages call the file.
        table: The number of each line, from 1 on, its text, and what else is known of it.
    """

    name: str
    table: pl.DataFrame

    def where(self, condition: pl.Expr) -> Lines:
        """Those whose text is so."""
        return Lines(self.name, self.table.filter(condition))

    def decoded(self, shape: pl.Struct) -> pl.DataFrame:
        """The fields of a JSON object a line, null where it lacks them, beside what else is known.

        Args:
            shape: The fields; one of text has numbers, too, as they are written.

        Raises:
            DataError: A line is not such an object.
        """
        try:
            objects = self.table[TEXT].str.json_decode(shape)
        except pl.exceptions.PolarsError:
            objects = None
        if objects is None or len(objects) != self.table.height:
            raise self._bad_line(shape)
        return objects.struct.unnest().with_columns(self.table.drop(TEXT))

    def error(self, row: int, why: str) -> DataError:
        """The error of a line, `row` counted from 0 among these."""
        return DataError(
            f"{self.name!r}, line {self.table[NUMBER][row]:,} {why}: fetch the file again, or take "
            "the line out"
        )

    def _bad_line(self, shape: pl.Struct) -> DataError:
        """The error of the first line that cannot be decoded."""
        for row, text in enumerate(self.table[TEXT]):
            try:
                json.loads(text)
                if len(self.table[TEXT][row : row + 1].str.json_decode(shape)) == 1:
                    continue
            except ValueError as error:
                return self.error(row, f"is not JSON ({error})")
            except pl.exceptions.PolarsError:
                pass
            return self.error(row, "is not a message of this format")
        return self.error(0, "or one of those after it is not a message of this format")


def json_lines(member: Member) -> Iterator[Lines]:
    """The lines of a file that are not blank, in batches.

    Raises:
        DataError: It is not text in UTF-8.
    """
    for block in blocks(member.stream, 1):
        texts = pl.Series(TEXT, block.text.split(b"\n"), pl.Binary)
        numbers = pl.int_range(block.first_line, block.first_line + len(texts), eager=True)
        try:
            table = pl.DataFrame({NUMBER: numbers, TEXT: texts.cast(pl.String)})
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"{member.name!r}, from line {block.first_line:,} on, is not text in UTF-8: fetch "
                "the file again"
            ) from error
        table = table.with_columns(pl.col(TEXT).str.strip_chars()).filter(pl.col(TEXT) != "")
        yield from (Lines(member.name, part) for part in table.iter_slices(LINES_AT_ONCE))
