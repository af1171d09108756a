"""What each of many configs earns in each period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.kernel_calls import empty_tally
from arbitrage.replay.kernels.layout import Floats, PeriodSheet
from arbitrage.replay.kernels.options.scan_options import scan_with_options
from arbitrage.replay.periods.period_clock import Periods
from arbitrage.replay.roads import are_set, columns_of, options_of, parameters_of


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
    options = options_of(columns)
    if are_set(options).any():
        data.check(columns)
    unstopped = parameters_of(columns)._replace(stop=np.full(count, np.inf))
    rows, profits = data.with_options.rows, np.zeros((count, len(periods)))
    sheet = PeriodSheet(np.searchsorted(rows.row, periods.ends), profits)
    scan_with_options(rows, unstopped, options, empty_tally(unstopped), sheet, None)
    return profits.T
