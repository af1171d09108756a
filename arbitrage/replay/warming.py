"""Every compiled kernel of the product, ahead of its first use."""

from __future__ import annotations

from arbitrage.data.venues.books.kernels import warming as books
from arbitrage.replay import many_configs
from arbitrage.replay.periods import period_profits


def warm_up_all() -> None:
    """Load or compile every kernel: of sweeps, of profits per period, of books."""
    many_configs.warm_up()
    period_profits.warm_up()
    books.warm_up()
