"""A walk-forward on a page of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from arbitrage.documents.spec.grids import exact
from arbitrage.results.verdict.words.texts import counted
from arbitrage.results.walk_forward.durations import duration_text
from arbitrage.results.walk_forward.outcome import FoldOutcome, Move, Side, WalkForward, path_of
from arbitrage.shell.console import printable
from arbitrage.shell.pictures.sparkline import sparkline_lines

WIDTH = 80
_NS = 10**9
_LINE = "{:>4}  {:<19} {:>11} {:>12} {:>13} {:>7}"
_SECONDS = len("2024-01-15T00:00:00")  # of a time in a line


def print_page(found: WalkForward, results_dir: Path) -> None:
    """Print the page on stdout."""
    print(*page(found), sep="\n")
    print(f"kept in {path_of(results_dir, found.sweep_id)}")


def page(found: WalkForward) -> Iterator[str]:
    """Its lines, but for where it is kept."""
    yield from _filled(f"walk-forward of sweep {found.sweep_id} over {printable(found.data_file)}")
    train, test = (
        duration_text(round(seconds * _NS)) for seconds in (found.train_seconds, found.test_seconds)
    )
    configs = counted(found.configs, "config")
    yield from _filled(
        f"{configs}, by {found.rank_by}: chosen on {train}, judged on the {test} that follow"
    )
    yield ""
    yield _LINE.format("", "", "", "in sample", "out of sample", "").rstrip()
    yield _LINE.format("fold", "judged after (UTC)", "config", "USD/h", "USD/h", "trades")
    for number, fold in enumerate(found.folds, start=1):
        yield from _fold(number, fold)
    trades = sum(fold.out_of_sample.total_trades for fold in found.folds)
    rates = found.in_sample_usd_per_hour, found.out_of_sample_usd_per_hour
    yield _LINE.format("all", "", "", *(f"{rate:z,.2f}" for rate in rates), trades)
    yield ""
    yield from _filled(kept_sentence(found))
    yield from _filled(_total_sentence(found))
    yield from _filled(_spread_sentence(found))
    for name, move in found.moves.items():
        yield from _filled(_move_sentence(name, move))
    yield ""
    profits = [0.0, *(point.net_pnl_usd for point in found.equity)]
    yield from sparkline_lines("out of sample, USD", profits).splitlines()


def _fold(number: int, fold: FoldOutcome) -> Iterator[str]:
    when = fold.out_of_sample.begin[:_SECONDS].replace("T", " ")
    if fold.config_number is None:
        yield f"{number:>4}  {when} stands aside: {fold.stands_aside}"
        return
    yield _LINE.format(
        number,
        when,
        fold.config_number,
        _rate(fold.in_sample),
        _rate(fold.out_of_sample),
        fold.out_of_sample.total_trades,
    )


def _rate(side: Side) -> str:
    return f"{side.net_usd_per_hour:z,.2f}"


def kept_sentence(found: WalkForward) -> str:
    """What is left of the profit on rows that nothing was chosen on."""
    share = found.kept_share
    if share is None:
        return "kept: nothing to keep, the chosen configs earned nothing in sample"
    if share <= 0:
        return f"kept: nothing; {share:.0%} of the profit in sample, the chosen configs lost money"
    return f"kept: {share:.0%} of the profit an hour in sample was earned out of sample"


def _total_sentence(found: WalkForward) -> str:
    return (
        f"in all: {found.out_of_sample_usd:z,.2f} USD out of sample, in "
        f"{found.out_of_sample_length}"
    )


def _spread_sentence(found: WalkForward) -> str:
    spread = found.spread
    return (
        f"folds: {spread['lowest']:z,.2f} to {spread['highest']:z,.2f} USD/h out of sample, "
        f"median {spread['median']:z,.2f}; {spread['folds_with_profit']} of {len(found.folds)} "
        "earned"
    )


def _move_sentence(name: str, move: Move) -> str:
    if not move.changes:
        return f"{name}: {exact(move.values[0])} wherever one was chosen"
    times = {1: "once", 2: "twice"}.get(move.changes, f"{move.changes} times")
    return f"{name}: {' '.join(map(exact, move.values))} (moves {times})"


def _filled(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
