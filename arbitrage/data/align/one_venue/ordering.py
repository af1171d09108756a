"""The order of one venue's quotes, which does not depend on the order of files or of their rows."""

from __future__ import annotations

import polars as pl

from arbitrage.data.venues.quotes import ASK, ASK_SIZE, BID, BID_SIZE, SEQUENCE

TIME, OTHER = "time", "other"
"""The stamp of a quote by the clock that was chosen, and by the other one."""

# Of two quotes on one stamp the later one has the higher sequence, else the later stamp of the
# other clock. Where nothing tells them apart, their values decide, so that it is always the same.
_ORDER = (TIME, SEQUENCE, OTHER, BID, ASK, BID_SIZE, ASK_SIZE)
_SAYS_BID, _SAYS_ASK = (~pl.col(side).is_nan().fill_null(value=False) for side in (BID, ASK))


def last_of_each_stamp(quotes: pl.DataFrame) -> pl.DataFrame:
    """The quotes in order, of those on one stamp the last one.

    Where some say something of one side only, the last one that speaks of the same sides.
    """
    if quotes.select(pl.any_horizontal(~_SAYS_BID, ~_SAYS_ASK).any()).item():
        sides = [pl.col(TIME), _SAYS_BID.alias("says_bid"), _SAYS_ASK.alias("says_ask")]
        ordered = quotes.sort(_ORDER).with_columns(sides)
        kept = ordered.unique([TIME, "says_bid", "says_ask"], keep="last", maintain_order=True)
        return kept.drop("says_bid", "says_ask")
    if not quotes[TIME].is_sorted():
        quotes = quotes.sort(TIME)
    shares = quotes[TIME].diff() == 0  # a stamp with the row before
    if not shares.any():
        return quotes
    is_tied = shares.fill_null(value=False) | shares.shift(-1).fill_null(value=False)
    tied = quotes.filter(is_tied).sort(_ORDER)
    last = tied.filter((tied[TIME].diff().shift(-1) != 0).fill_null(value=True))
    return pl.concat([quotes.filter(~is_tied), last]).sort(TIME)
