"""In sample against out of sample, where walk-forward was run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl

from arbitrage.results.report.charts.series import grouped_bars, line_chart
from arbitrage.results.report.known import Known, number, setting, share
from arbitrage.results.report.page.parts import Figure, Section, Table
from arbitrage.results.report.sections.winner import thinned
from arbitrage.results.walk_forward.outcome import FoldOutcome, WalkForward

NAME, TITLE = "walk-forward", "In sample against out of sample"
_IN, _OUT = "in sample", "out of sample"
_POINTS = 400
_COLUMNS = (
    *("fold", "chosen", "tested from", "until"),
    *("in sample, USD", "in sample, USD an hour"),
    *("out of sample, USD", "out of sample, USD an hour"),
)


def kept_sentence(known: Known) -> list[str]:
    """What walk-forward kept of the profit, in a sentence, or nothing where it was not run."""
    walk = known.walk
    if walk is None:
        return []
    kept = "" if walk.kept_share is None else f", {share(walk.kept_share)} of it,"
    told = (
        "Walk-forward: what was chosen on past rows earned "
        f"{number(walk.in_sample_usd_per_hour)} USD an hour there, and "
        f"{number(walk.out_of_sample_usd_per_hour)}{kept} on the rows that followed: "
        f"{number(walk.out_of_sample_usd)} USD in all, in {walk.out_of_sample_length}."
    )
    return [told]


def walk_forward_section(known: Known) -> Section:
    """Each fold, and the profit out of sample over time."""
    walk = known.walk
    if walk is None:
        how = known.why_no_walk or (
            "Walk-forward was not run: arbtune walk-forward chooses on past rows again and again, "
            "and tells what that earned on the rows that followed."
        )
        return Section(NAME, TITLE, sentences=[how])
    sentences = [*kept_sentence(known), _chosen(known, walk), _last(walk.folds[-1])]
    return Section(NAME, TITLE, sentences=sentences, figures=[*_figures(walk)])


def _chosen(known: Known, walk: WalkForward) -> str:
    """Which configs the folds chose, and whether that is the best one."""
    numbers = [fold.config_number for fold in walk.folds if fold.config_number is not None]
    chosen = Counter(numbers)
    if not chosen:
        return "No fold chose a config."
    [(number_, times)] = chosen.most_common(1)
    best = -1 if known.best is None else known.best["config_number"]
    told = (
        f"{times:,} of {len(walk.folds):,} folds chose config {number_:,} "
        f"({known.told(known.spec.config(number_)) or 'the only one'})"
    )
    if number_ == best:
        return f"{told}, which is the best config of the whole file."
    if chosen[best]:
        return f"{told}; the best config of the whole file was chosen by {chosen[best]:,}."
    return f"{told}; none chose the best config of the whole file, so this says little of it."


def walk_cautions(known: Known) -> list[str]:
    """What speaks against the best config in its walk-forward; it belongs to the verdict."""
    return [] if known.walk is None else [*_cautions(known, known.walk)]


def _cautions(known: Known, walk: WalkForward) -> Iterator[str]:
    numbers = [fold.config_number for fold in walk.folds if fold.config_number is not None]
    if not numbers:
        yield "Walk-forward says nothing of the best config: no fold chose a config."
    elif known.best is None or known.best["config_number"] not in numbers:
        yield (
            f"Walk-forward says little of the best config: none of its {len(walk.folds):,} folds "
            "chose it."
        )
    if (last := walk.folds[-1].out_of_sample.net_pnl_usd) < 0:
        yield f"The last fold of walk-forward, the nearest to now, lost {number(-last)} USD."


def _last(fold: FoldOutcome) -> str:
    """The fold nearest to now, beside what it was chosen for."""
    return (
        f"The last fold earned {number(fold.out_of_sample.net_usd_per_hour)} USD an hour on the "
        f"rows that followed, and {number(fold.in_sample.net_usd_per_hour)} in sample."
    )


def _figures(walk: WalkForward) -> Iterator[Figure]:
    folds = [*enumerate(walk.folds, 1)]
    bars = pl.DataFrame(
        [
            (f"fold {place}", kind, side.net_usd_per_hour)
            for place, fold in folds
            for kind, side in ((_IN, fold.in_sample), (_OUT, fold.out_of_sample))
        ],
        schema={"fold": pl.String, "kind": pl.String, "usd_per_hour": pl.Float64},
        orient="row",
    )
    yield Figure(
        "folds",
        "Net profit of each fold in USD an hour.",
        grouped_bars(bars, "fold", "usd_per_hour", "kind", "net profit, USD an hour"),
        Table(
            "The folds",
            _COLUMNS,
            [_row(place, fold) for place, fold in folds],
        ),
    )
    if walk.equity:
        yield _equity(walk)


def _row(place: int, fold: FoldOutcome) -> tuple[str, ...]:
    chosen = ", ".join(f"{name} {setting(value)}" for name, value in fold.parameters.items())
    return (
        f"{place}",
        fold.stands_aside or chosen or f"config {fold.config_number}",
        fold.out_of_sample.begin,
        fold.out_of_sample.end,
        *(
            number(value)
            for side in (fold.in_sample, fold.out_of_sample)
            for value in (side.net_pnl_usd, side.net_usd_per_hour)
        ),
    )


def _equity(walk: WalkForward) -> Figure:
    points = pl.DataFrame(
        [(point.time, point.net_pnl_usd) for point in walk.equity],
        schema={"time": pl.String, "net_usd": pl.Float64},
        orient="row",
    )
    curve = thinned(points.with_row_index("period", 1), _POINTS)
    return Figure(
        "unseen",
        "Net profit out of sample over the periods, in USD.",
        line_chart(curve, "period", "net_usd", ["time", "net_usd"]),
        Table(
            f"Net profit out of sample after {curve.height:,} of {points.height:,} periods",
            ("time", "net, USD"),
            [(time, number(net_usd)) for _, time, net_usd in curve.iter_rows()],
        ),
    )
