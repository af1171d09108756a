"""A condition over the columns of rows, in SQL: `total_trades >= 20 AND slippage_bps > 1`."""

from __future__ import annotations

import polars as pl

from arbitrage.documents.validation import did_you_mean
from arbitrage.errors import ConfigError
from arbitrage.results.store.rows import NO_ROWS, SCHEMA

# A query inside of a condition begins with one of these, and read_csv() and its like stand in one:
# polars would read any file that it names. Anywhere in the text, since where a text in quotes or a
# comment ends is the parser's to say; in capitals, since that is how it compares.
_OF_QUERIES = ("SELECT", "FROM", "TABLE", "VALUES")


def condition(text: str) -> pl.Expr:
    """The condition that a text is.

    Raises:
        ConfigError: It is not one, names a column that rows do not have, or asks for more than a
            row has.
    """
    for word in _OF_QUERIES:
        if word in text.upper():
            raise ConfigError(f"--where looks at the columns of rows alone: it takes no {word}")
    try:
        found = pl.sql_expr(text)
        _check_columns(found.meta.root_names())
        NO_ROWS.lazy().filter(found).collect()
    except pl.exceptions.PolarsError as error:
        raise not_a_condition(error) from error
    return found


def not_a_condition(error: Exception) -> ConfigError:
    """What polars refused, as a sentence."""
    reason = next(iter(str(error).splitlines()), "")
    return ConfigError(f"--where is not a condition over the columns of rows: {reason}")


def _check_columns(names: list[str]) -> None:
    for name in names:
        if name not in SCHEMA:
            hint = did_you_mean(name.lower(), SCHEMA) or "; text stands between 'single quotes'"
            raise ConfigError(f"--where: rows have no column {name!r:.60}{hint}")
