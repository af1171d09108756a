"""The sentences of a check, each with a label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from arbitrage.data.check.counts.ages import Ages
from arbitrage.data.check.counts.sizes import Sizes
from arbitrage.data.check.counts.times import Times
from arbitrage.data.check.document import FileCheck, Rows, VenueQuotes
from arbitrage.shell.console import printable

Paragraph: TypeAlias = tuple[str, str]
"""A label of a few letters, and the text beside it."""

_NOT_KNOWN = "the times of the rows are beyond 1677-09-22 to 2262-04-11, steps are not measured"


def facts(check: FileCheck) -> Iterator[Paragraph]:
    """What there is besides spreads."""
    yield "file", printable(check.data_file)
    yield "rows", _rows(check.rows)
    yield "times", f"{check.times.first} to {check.times.last}"
    yield "", _steps(check.times)
    yield "repeats", _repeats(check)
    for venue, quotes in check.venues.items():
        yield f"venue {venue.upper()}", _books(quotes)
        yield "", _moves(quotes)
    yield "ages", _ages(check.ages) if check.ages else "not in the file"
    yield "sizes", _sizes(check.sizes) if check.sizes else "not in the file"


def openings(check: FileCheck) -> Iterator[Paragraph]:
    """What would open a trade."""
    spreads, opening = check.spreads, check.opening
    tradable = check.rows.snapshots_count - check.rows.skipped_snapshots
    if spreads.largest_bps is None or opening.share is None:
        yield "spreads", "no row is tradable"
        return
    yield "largest", f"{number(spreads.largest_bps)} bps, at {spreads.largest_at}"
    above = [f"{one.rows:,} above {number(one.bps)}" for one in spreads.above[1:]]
    yield (
        "crossing",
        f"{_of(spreads.crossing_rows, tradable)} rows have a better spread above 0 bps"
        + (f"; {', '.join(above)}" if above else ""),
    )
    opened = f"{_of(opening.rows, tradable)} rows would open a trade"
    cost = f"at {number(opening.cost_bps)} bps an execution"
    yield "costs", f"{cost} {opened}, in {opening.stretches:,} stretches"


def number(value: float | None) -> str:
    """A number in six digits."""
    return "unknown" if value is None else f"{value:,.6g}"


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.2%})"


def _rows(rows: Rows) -> str:
    return (
        f"{rows.snapshots_count:,}; {rows.skipped_snapshots:,} are not tradable: "
        f"{rows.empty_snapshots:,} empty, {rows.crossed_snapshots:,} crossed, "
        f"{rows.locked_snapshots:,} locked"
    )


def _steps(times: Times) -> str:
    if times.span_seconds is None:
        return _NOT_KNOWN
    span = f"{number(times.span_seconds)} s"
    if times.largest_step_seconds is None:
        return span
    usual = ""
    if times.usual_step_seconds is not None:
        usual = (
            f"; 95 % of the steps are at most {number(times.usual_step_seconds)} s; "
            f"gaps above {number(times.gap_bound_seconds)} s: {times.gaps:,}"
        )
    return (
        f"{span}{usual}; the largest step, {number(times.largest_step_seconds)} s, "
        f"follows {times.largest_step_after}"
    )


def _repeats(check: FileCheck) -> str:
    stamps = check.times.repeated_stamps
    return (
        f"of the row before: its time {'unknown' if stamps is None else f'{stamps:,}'}, "
        f"its four prices {check.rows.unchanged_prices:,}, all of it {check.rows.repeated_rows:,}"
    )


def _books(quotes: VenueQuotes) -> str:
    still = ""
    if quotes.longest_still_seconds is not None:
        still = (
            f"; unchanged for {number(quotes.longest_still_seconds)} s at most, "
            f"from {quotes.longest_still_from}"
        )
    return f"{quotes.empty:,} empty, {quotes.crossed:,} crossed, {quotes.locked:,} locked{still}"


def _moves(quotes: VenueQuotes) -> str:
    if quotes.largest_move_bps is None:
        return "no moves: fewer than two rows are tradable"
    usual = ""
    if quotes.usual_move_bps is not None:
        usual = (
            f"95 % of its moves are at most {number(quotes.usual_move_bps)} bps; "
            f"jumps above {number(quotes.jump_bound_bps)} bps: {quotes.jumps:,}; "
        )
    return (
        f"{usual}the largest move, {number(quotes.largest_move_bps)} bps, "
        f"at {quotes.largest_move_at}"
    )


def _ages(ages: Ages) -> str:
    columns = (
        f"{name}: at most {number(ages.largest_ms[name])}, {unknown:,} unknown"
        for name, unknown in ages.unknown.items()
    )
    stale = [f"{one.rows:,} above {number(one.max_quote_age_ms)}" for one in ages.stale]
    older = [f"rows with an age in ms: {', '.join(stale)}"] if stale else []
    return "; ".join([*columns, *older])


def _sizes(sizes: Sizes) -> str:
    zeros = ", ".join(f"{name} {count:,}" for name, count in sizes.zeros.items())
    capacity = ""
    if sizes.capacity_usd:
        low, middle, high = (
            number(value)
            for value in (sizes.capacity_usd.p5, sizes.capacity_usd.p50, sizes.capacity_usd.p95)
        )
        capacity = (
            f"; where a trade would open it could take {middle} USD (half of the rows), "
            f"{low} to {high} (5 % to 95 %)"
        )
    return f"rows of size 0: {zeros}{capacity}"
