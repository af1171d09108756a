"""Which clock a venue's quotes are put in order by, and whether the recorder's clock was behind."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from arbitrage.data.align.one_venue.ordering import OTHER, TIME
from arbitrage.data.align.options import ClockName
from arbitrage.data.venues.quotes import EXCHANGE, RECEIPT
from arbitrage.errors import DataError

COLUMNS: dict[ClockName, str] = {"receipt": RECEIPT, "exchange": EXCHANGE}
_OTHER: dict[ClockName, ClockName] = {"receipt": "exchange", "exchange": "receipt"}
NS_PER_MS = 1_000_000


@dataclass
class VenueClock:
    """The clock of one venue, decided by the first quotes of each of its files.

    Attributes:
        label: What messages call the venue.
        wanted: The clock that the user asks for; None: receipt where there is one.
        offset_ns: What is added to it.
        chosen: The clock, once there was a quote.
        behind: How many quotes were received before they were sent.
        compared: How many quotes have both times.
        lag_ns: By how much the worst of these was received before it was sent.
    """

    label: str
    wanted: ClockName | None
    offset_ns: int
    chosen: ClockName | None = None
    behind: int = 0
    compared: int = 0
    lag_ns: int = 0

    def begin(self, quotes: pl.DataFrame, name: str) -> None:
        """Look at the first quotes of a file.

        Raises:
            DataError: It does not have the clock that is wanted, or that the files before it have.
        """
        clock = self.wanted or ("receipt" if _has(quotes, "receipt") else "exchange")
        if not _has(quotes, clock):
            raise DataError(self._without(quotes, name, clock))
        if self.chosen not in (None, clock):
            raise DataError(
                f"{name!r} is of a source with {clock} times only, and another file of venue "
                f"{self.label} has {self.chosen} times: choose the clock that all of them have "
                "with --clock"
            )
        self.chosen = clock

    def _without(self, quotes: pl.DataFrame, name: str, clock: ClockName) -> str:
        told = f"{name!r} (venue {self.label}) has no {clock} times"
        if _has(quotes, _OTHER[clock]):
            return f"{told}: use --clock {_OTHER[clock]}"
        return f"{told}, and no others: there is nothing to align it by"

    def read(self, quotes: pl.DataFrame) -> pl.DataFrame:
        """The quotes with their stamps by both clocks, without those that have none."""
        chosen = self.chosen or "receipt"
        self._compare(quotes, chosen)
        stamped = quotes.with_columns(
            (pl.col(COLUMNS[chosen]) + self.offset_ns).alias(TIME),
            pl.col(COLUMNS[_OTHER[chosen]]).alias(OTHER),
        )
        return stamped.filter(pl.col(TIME).is_not_null()) if stamped[TIME].null_count() else stamped

    def _compare(self, quotes: pl.DataFrame, chosen: ClockName) -> None:
        shift = self.offset_ns if chosen == "receipt" else 0
        lag = quotes[EXCHANGE] - quotes[RECEIPT] - shift
        self.compared += lag.len() - lag.null_count()
        worst = lag.max()
        if isinstance(worst, int) and worst > 0:
            self.behind += int((lag > 0).sum())
            self.lag_ns = max(self.lag_ns, worst)

    def warning(self) -> str | None:
        """What to tell of a recorder's clock that was behind."""
        if not self.behind:
            return None
        offset = -(-(self.offset_ns + self.lag_ns) // NS_PER_MS)
        cure = f"--offset-{self.label} {offset} would mend it"
        if self.chosen != "receipt":
            cure = f"with --clock receipt, --offset-{self.label} {offset} would mend it"
        return (
            f"venue {self.label}: {self.behind:,} of {self.compared:,} quotes were received before "
            f"they were sent, by up to {self.lag_ns / NS_PER_MS:,.3f} ms: the recorder's clock is "
            f"behind that of the exchange; {cure}. Where one recorder made both venues' files, "
            "pass the same offset for both, or their order changes"
        )


def _has(quotes: pl.DataFrame, clock: ClockName) -> bool:
    return quotes[COLUMNS[clock]].null_count() < quotes.height
