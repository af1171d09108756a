"""What each of many configs earns in each period."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from arbitrage.caches.compiled import one_at_a_time
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.kernel_calls import replay_all
from arbitrage.replay.kernels.layout import Floats, Integers, PeriodSheet, Windows
from arbitrage.replay.many_configs import example
from arbitrage.replay.option_calls import replay_with_options
from arbitrage.replay.periods.period_clock import Periods
from arbitrage.replay.roads import are_set, columns_of, options_of, parameters_of, some


def warm_up() -> None:
    """Load or compile every kernel of `period_profits`, which a sweep has no use for."""
    with one_at_a_time():
        data, windows, parameters, options = example()
        lines = np.arange(len(parameters.slots))
        sheets = _Sheets(Periods(1, np.array([2, 4])), np.empty((len(lines), 2)))
        replay_all(windows, parameters, sheet=sheets.by_windows(windows, lines))
        replay_with_options(data, parameters, options, partial(sheets.by_rows, lines))


def period_profits(
    data: OpenedFile, parameters: Mapping[str, Any], count: int, periods: Periods
) -> Floats:
    """The profits of `count` configs over the data in USD, an array of periods x configs.

    A config's profit in a period is what its equity has moved by from the last row before the
    period to the last row of it, of those rows that the config may trade on:

        profit = realized in the period + (unrealized at its end - unrealized at its begin)

    where realized is the sum of the trades that closed in it, in the order of closing. All of these
    are plain double additions, from 0.0 in each period: what is lost to rounding is relative to the
    money of the period, not to that of the account. No drawdown stops a run, nor does an account
    that is gone. A period without such a row has 0.0. A config's profits add up to its
    `net_pnl_usd` in a run that nothing stops, but for rounding.

    The array is all that is kept, 8 bytes for each profit: callers with many configs take some
    thousands at a time.

    Args:
        data: What `open_data` returned.
        parameters: As `arbitrage.replay.many_configs.replay` takes them.
        count: How many configs there are.
        periods: What `periods_of` said of the data.

    Raises:
        DataError: The data lack what an option needs.
    """
    columns = columns_of(parameters, count)
    run_by = parameters_of(columns)._replace(stop=np.full(count, np.inf))
    options = options_of(columns)
    sheets = _Sheets(periods, np.empty((count, len(periods))))
    has_options = are_set(options)
    plain, others = np.flatnonzero(~has_options), np.flatnonzero(has_options)
    if len(plain):
        replay_all(data.windows, some(run_by, plain), sheet=sheets.by_windows(data.windows, plain))
    if len(others):
        data.check(columns)
        runs = some(run_by, others), some(options, others)
        replay_with_options(data.with_options, *runs, partial(sheets.by_rows, others))
    return sheets.profits.T


class _Sheets(NamedTuple):
    """The sheets of runs by any road, all of which write into one array of configs x periods."""

    periods: Periods
    profits: Floats

    def by_windows(self, windows: Windows, lines: Integers) -> PeriodSheet:
        """The sheet of the runs without options, whose lines of the array these are."""
        places, closings = places_and_windows(windows, self.periods.ends)
        return self._sheet(places, closings, lines)

    def by_rows(self, lines: Integers, rows: Integers, members: Integers) -> PeriodSheet:
        """The sheet of some runs with options.

        Args:
            lines: Those of all runs with options.
            rows: The numbers of the rows that these run over.
            members: Their places among the runs with options.
        """
        ends = np.searchsorted(rows, self.periods.ends)
        return self._sheet(ends, ends, lines[members])

    def _sheet(self, ends: Integers, closings: Integers, lines: Integers) -> PeriodSheet:
        return PeriodSheet(
            ends=ends,
            closings=closings,
            profits=self.profits,
            line=lines,
            period=np.zeros(len(lines), np.int64),
            realized=np.zeros(len(lines)),
            marked=np.zeros(len(lines)),
        )


def places_and_windows(windows: Windows, ends: Integers) -> tuple[Integers, Integers]:
    """How many places lie before each of some rows, and how many windows end before it."""
    if not len(windows.first_row):
        return np.zeros_like(ends), np.zeros_like(ends)
    begun = np.searchsorted(windows.first_row, ends)
    last = np.maximum(begun - 1, 0)
    first_row, skipped = windows.first_row[last], windows.skipped
    left_out = np.searchsorted(skipped, ends) - np.searchsorted(skipped, first_row)
    places = windows.first_place[last] + (ends - first_row) - left_out
    places = np.where(begun, np.minimum(places, windows.first_place[last + 1]), 0)
    ended = windows.end_row[: -1 if windows.end_row[-1] < 0 else None]
    return places, np.searchsorted(ended, ends)
