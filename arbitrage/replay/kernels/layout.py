"""What the kernels read and write: arrays in named tuples, which compiled code takes as they are.

Floats are float64 and integers int64. Prices are in the quote currency, spreads and costs in bps.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Value = TypeVar("Value", float, Floats)

BPS = 10_000.0

# Columns of `Windows.records`, a cache line each: the row's entry spread; what a trade that opens
# there earns before costs in bps, where its window ends, at best and at worst until then, and the
# largest fall on the way; its place among the rows in windows; its window; and whether the window
# before ends on this very row (1.0) or not (0.0).
SPREAD, GROSS, BEST, WORST, FALL, PLACE, WINDOW, FLIPS = range(8)
RECORD_FIELDS = 8

# Columns of `Windows.rests`; the rise is the largest between two rows. Of each place they would
# be a third of all bytes that are kept; so one in `REST` has them.
HIGHEST, LOWEST, RISE = range(3)
REST_FIELDS, REST = 3, 8

# The difference of two computed profits may be larger than the profit of the difference, by this
# much of the numbers that they were computed from.
NOISE = 16 * 2.0**-52


class Prices(NamedTuple):
    """The best quotes of every row of a file."""

    bid_a: Floats
    ask_a: Floats
    bid_b: Floats
    ask_b: Floats


class Quotes(NamedTuple):
    """The tradable rows as the plain scan reads them.

    `best` is the better side's entry spread; `exit_ab` what the short leg's ask stands above the
    long leg's bid for LONG_A_SHORT_B; `row` the row's number in the file, from 0.
    """

    best: Floats
    spread_ab: Floats
    spread_ba: Floats
    exit_ab: Floats
    exit_ba: Floats
    ask_a: Floats
    ask_b: Floats
    row: Integers


class Windows(NamedTuple):
    """The windows of a file (see `arbitrage.replay.kernels`).

    Of each window: `first_place` (one longer than there are windows) where its rows start, and
    `first_row`, the number of its first row; `end_exit`, `end_row`, the exit and the number of the
    row on which its trades close, NaN and -1 where the file ends before.

    Of each row in a window, which is a *place*: `spread` of the window's side, `price` of the long
    leg, `exit`.

    `skipped`: the rows of the file that are not tradable, by their numbers.

    `rests`, (places / `REST`, 3): of each `REST`th place the extremes of the exits from there to
    its window's end, see `HIGHEST`; `rest_of` has those of any place.

    `records`, (records, 8): what a trade comes to that opens there, see `SPREAD`.

    `levels`, some spreads, rising from zero. Of each: `openings[level_start[i] : level_start[i+1]]`
    are the first records to reach it, one of every window that does.
    """

    first_place: Integers
    first_row: Integers
    end_exit: Floats
    end_row: Integers
    spread: Floats
    price: Floats
    exit: Floats
    skipped: Integers
    rests: Floats
    records: Floats
    levels: Floats
    level_start: Integers
    openings: Integers


class Parameters(NamedTuple):
    """Configs, one element each: threshold and cost of one execution in bps, money in USD."""

    threshold: Floats
    cost: Floats
    notional: Floats
    slots: Integers
    balance: Floats
    stop: Floats


class Rows(NamedTuple):
    """The rows that are tradable by their prices, with all that a file says of them.

    `age_ms` is the larger of both venues' ages, infinite where one is unknown. Columns that a file
    does not have are empty.
    """

    bid_a: Floats
    ask_a: Floats
    bid_b: Floats
    ask_b: Floats
    bid_size_a: Floats
    ask_size_a: Floats
    bid_size_b: Floats
    ask_size_b: Floats
    age_ms: Floats
    time_ns: Integers
    row: Integers


class Options(NamedTuple):
    """What `Parameters` have no room for, one element a config.

    `holding_ns` is -1 and `size_share` NaN where there is none, `max_age_ms` infinite.
    """

    exit_spread: Floats
    holding_ns: Integers
    latency_a_ns: Integers
    latency_b_ns: Integers
    max_age_ms: Floats
    size_share: Floats
    least_usd: Floats


# Columns of a trip, a cache line: where the trade opens and where it closes, the number of rows
# where it never does; what it earns before costs in bps (NaN where it never closes), at best and at
# worst between opening and closing, and the largest fall on the way; its entry spread and the price
# of the long leg.
(
    TRIP_OPENS,
    TRIP_CLOSES,
    TRIP_GROSS,
    TRIP_BEST,
    TRIP_WORST,
    TRIP_FALL,
    TRIP_ENTRY,
    TRIP_PRICE,
) = range(8)

# Columns of what a trip finds of sizes, a cache line too: on the row of the decision the ask of the
# long leg, the smaller size of both legs, and which quotes the trade hits (0 for ask_a and bid_b, 2
# for ask_b and bid_a); the rows on which these two have changed; the smaller of the sizes that
# closing meets.
SIZE_ASK, SIZE_ENTRY, SIZE_LEG, SIZE_FREE, SIZE_FREE_TOO, SIZE_EXIT = range(6)

LINE_FIELDS = 8
BLOCK = 64


class Spreads(NamedTuple):
    """The entry spreads of rows: the better one, each side's, and the best of each `BLOCK`."""

    best: Floats
    ab: Floats
    ba: Floats
    highest: Floats


class Sizes(NamedTuple):
    """How configs respect displayed sizes, one element each; `share` is NaN where one does not."""

    share: Floats
    least_usd: Floats


class Shape(NamedTuple):
    """What decides from the rows alone how a trade goes; `holding_ns` is -1 where there is none."""

    exit_spread: float
    holding_ns: int
    latency_a_ns: int
    latency_b_ns: int


class Trips(NamedTuple):
    """The trips of a stretch of rows, a line a row.

    Lines of `records`, see `TRIP_OPENS`, and of `sizes`, see `SIZE_ASK`, which has none where no
    config respects sizes. They are filled for rows on which a trade may be decided.
    """

    records: Floats
    sizes: Floats


class PeriodSheet(NamedTuple):
    """Where runs write what they earn in each period, and how far each has come.

    Of each period: `ends`, how many places (in a run by windows) or rows (in any other) lie before
    its end; `closings`, in a run by windows how many windows end before it, and in any other the
    same as `ends`. A trade that is closed by a lower window or row closes before the period ends.

    `profits` is (lines, periods), in USD. Of each run: its `line`, the `period` that it is in, what
    it has `realized` since that began, and what its open trades were worth then (`marked`).
    """

    ends: Integers
    closings: Integers
    profits: Floats
    line: Integers
    period: Integers
    realized: Floats
    marked: Floats


class RunTotals(NamedTuple, Generic[Value]):
    """What a run came to: a number each, or of many runs an array each.

    All are floats, so that a tally is one array; the counts and `stopped_row`, which is -1 where no
    stop fired, are whole.
    """

    opened: Value
    closed: Value
    wins: Value
    realized: Value
    unrealized: Value
    drawdown: Value
    stopped_row: Value
    beyond_size: Value


Tally = Floats
"""Room for the totals of many runs, (fields of `RunTotals`, runs)."""
