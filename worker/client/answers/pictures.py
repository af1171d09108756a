"""The pictures of a page about a sweep: an equity, and its two main parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from arbitrage.results.report.two_parameters import heatmap_of
from arbitrage.results.store.known_sweeps import KnownSweep
from arbitrage.shell.pictures.console import picture_console
from arbitrage.shell.pictures.heatmap import heatmap_text
from arbitrage.shell.pictures.sparkline import sparkline_lines


def print_pictures(
    known: KnownSweep, *, equity: Sequence[float] | None = None, plain: bool = False
) -> None:
    """Print what there is to see of a sweep on stdout; `plain` is for logs.

    Args:
        known: The sweep.
        equity: That of its best config, in USD; None where it is not wanted.
        plain: Whether neither colour nor marks beyond ASCII are wanted.

    Raises:
        DataError: A part of the sweep is damaged.
    """
    console = picture_console(plain=plain)
    for picture in _pictures(known, equity, plain=plain or console.options.ascii_only):
        console.print()
        console.print(picture)


def _pictures(
    known: KnownSweep, equity: Sequence[float] | None, *, plain: bool
) -> Iterator[str | Text]:
    if equity is not None:
        yield sparkline_lines("equity, USD", equity, plain=plain)
    if heatmap := heatmap_of(known.folder, known.spec):
        yield heatmap_text(heatmap)
