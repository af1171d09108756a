"""Aligning two venues, held against the plainest way of doing it, on generated quotes."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.data.align import aligning, output
from arbitrage.data.align.aligning import align
from arbitrage.data.align.one_venue import runs
from arbitrage.data.align.options import ClockName, Request, VenueFiles
from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.data.venues.flat.table import blocks
from tests.helpers.inputs.examples import examples

BEGIN_NS = 1_723_161_254_000_000_000
HEADER = (
    "origin_time,received_time,sequence_number,symbol,bid_0_price,bid_0_size,ask_0_price,ask_0_size"
)
Row = tuple[float, ...]


class Quote(NamedTuple):
    """One quote of a venue; None where a side is empty."""

    exchange_ns: int
    receipt_ns: int
    sequence: int
    bid: float | None
    bid_size: float
    ask: float | None
    ask_size: float

    def line(self) -> str:
        cells = (*self[:3], "X", *self[3:])
        return ",".join("" if cell is None else str(cell) for cell in cells)


prices = st.sampled_from([None, 100.0, 100.25, 100.5])
sizes = st.sampled_from([1.0, 2.5])
moments = st.integers(0, 12).map(lambda step: BEGIN_NS + step * 333_333)


@st.composite
def venues(draw: st.DrawFn) -> list[Quote]:
    """Quotes with many ties in time, whose sequences are all different."""
    count = draw(st.integers(1, 12))
    sequences = draw(st.permutations(range(count)))
    return [
        Quote(
            draw(moments),
            draw(moments),
            number,
            draw(prices),
            draw(sizes),
            draw(prices),
            draw(sizes),
        )
        for number in sequences
    ]


# -- the plainest way


def expected_rows(a: Sequence[Quote], b: Sequence[Quote], clock: ClockName) -> list[Row]:
    """Time, four prices, four sizes, both ages in ns: a row for each change."""
    kept: list[Row] = []
    for row in every_row(a, b, clock, sorted({stamp(quote, clock) for quote in (*a, *b)})):
        if not kept or row[1:9] != kept[-1][1:9]:
            kept.append(row)
    return kept


def every_row(
    a: Sequence[Quote], b: Sequence[Quote], clock: ClockName, times: Sequence[int]
) -> Iterator[Row]:
    for time in times:
        found = [as_of(venue, time, clock) for venue in (a, b)]
        if all(found):
            (bid_a, bid_size_a, ask_a, ask_size_a, age_a), (bid, bid_size, ask, ask_size, age) = (
                found
            )
            yield (
                *(time, bid_a, ask_a, bid, ask),
                *(bid_size_a, ask_size_a, bid_size, ask_size, age_a, age),
            )


def as_of(venue: Sequence[Quote], time: int, clock: ClockName) -> Row:
    """The quote that stood at a time and its age; empty when there was none."""
    ordered = sorted(venue, key=lambda quote: (stamp(quote, clock), quote.sequence))
    place = bisect_right([stamp(quote, clock) for quote in ordered], time)
    if not place:
        return ()
    last = ordered[place - 1]
    quote = (last.bid or 0.0, last.bid_size, last.ask or 0.0, last.ask_size)
    return (*quote, time - stamp(last, clock))


def stamp(quote: Quote, clock: ClockName) -> int:
    return quote.receipt_ns if clock == "receipt" else quote.exchange_ns


# -- what is tried


def write(path: Path, quotes: Sequence[Quote]) -> Path:
    path.write_text("\n".join([HEADER, *(quote.line() for quote in quotes)]), encoding="utf-8")
    return path


def aligned(request: Request, path: Path) -> list[Row]:
    """The rows of the file, with times and ages in ns."""
    align(request, path)
    table = load_snapshots(path)
    columns = table.frame.drop("timestamp").rows()
    times = table.moments_ns().tolist()
    return [
        (time, *row[:8], round(row[8] * 1e6), round(row[9] * 1e6))
        for time, row in zip(times, columns, strict=True)
    ]


def request_of(folder: Path, a: Sequence[Quote], b: Sequence[Quote]) -> Request:
    files = [write(folder / f"{name}.csv", quotes) for name, quotes in (("a", a), ("b", b))]
    return Request(VenueFiles("a", (files[0],)), VenueFiles("b", (files[1],)))


@contextmanager
def small_parts() -> Iterator[None]:
    """Blocks, runs, windows and groups of a few rows each, so that every seam is crossed."""
    limits = [
        (blocks, "BLOCK_BYTES", 256),
        (runs, "RUN_ROWS", 4),
        (runs, "GROUP_ROWS", 2),
        (aligning, "WINDOW_ROWS", 4),
        (output, "GROUP_ROWS", 3),
    ]
    with ExitStack() as stack:
        for module, name, value in limits:
            stack.enter_context(patch.object(module, name, value))
        yield


CLOCKS: tuple[ClockName, ...] = ("receipt", "exchange")


@given(a=venues(), b=venues(), clock=st.sampled_from(CLOCKS))
@examples(6)
def test_rows_are_those_of_the_plainest_way(
    a: list[Quote], b: list[Quote], clock: ClockName
) -> None:
    """So no row uses a quote from its future, and ages are exact to the nanosecond."""
    with TemporaryDirectory() as name, small_parts():
        request = replace(request_of(Path(name), a, b), clock=clock)
        assert aligned(request, Path(name) / "out.csv") == expected_rows(a, b, clock)


@given(a=venues(), b=venues(), seed=st.integers(0, 99), cut=st.integers(0, 12))
@examples(5)
def test_shuffled_split_and_reordered_files_change_nothing(
    a: list[Quote], b: list[Quote], seed: int, cut: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        whole = request_of(folder, a, b)
        align(whole, folder / "whole.parquet")
        shuffled = random.Random(seed).sample(a, len(a))
        parts = [
            write(folder / "1.csv", shuffled[:cut]),
            write(folder / "0.csv", [*shuffled[cut:], *shuffled[:1]]),  # one of them twice
        ]
        split = replace(whole, a=VenueFiles("a", tuple(parts)))
        turned = replace(whole, a=VenueFiles("a", tuple(reversed(parts))))
        with small_parts():
            align(split, folder / "split.parquet")
            align(turned, folder / "turned.parquet")
        first = pl.read_parquet(folder / "whole.parquet")
        assert pl.read_parquet(folder / "split.parquet").equals(first)
        content = (folder / "split.parquet").read_bytes()
        assert (folder / "turned.parquet").read_bytes() == content


@given(a=venues(), b=venues(), offset=st.integers(-(10**12), 10**12))
@examples(5)
def test_shifting_both_clocks_alike_shifts_the_stamps_alone(
    a: list[Quote], b: list[Quote], offset: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        request = request_of(folder, a, b)
        plain = aligned(request, folder / "plain.csv")
        shifted = replace(
            request,
            a=replace(request.a, offset_ns=offset),
            b=replace(request.b, offset_ns=offset),
        )
        rows = aligned(shifted, folder / "shifted.csv")
        assert rows == [(row[0] + offset, *row[1:]) for row in plain]


@given(a=venues(), b=venues(), step=st.sampled_from([100_000, 333_333, 1_000_000, 7_000_000]))
@examples(6)
def test_a_grid_has_a_row_at_each_of_its_steps(a: list[Quote], b: list[Quote], step: int) -> None:
    with TemporaryDirectory() as name, small_parts():
        request = replace(request_of(Path(name), a, b), every_ns=step)
        last = max(quote.receipt_ns for quote in (*a, *b))
        times = range(-(-BEGIN_NS // step) * step, last + 1, step)
        expected = [*every_row(a, b, "receipt", times)]
        if expected:
            assert aligned(request, Path(name) / "out.csv") == expected


sides = st.lists(
    st.tuples(moments, st.sampled_from(["bid", "ask"]), st.sampled_from([100.0, 100.5, 101.0])),
    min_size=1,
    max_size=15,
    unique_by=lambda update: update[:2],
)


@given(updates=sides, b=venues())
@examples(6)
def test_one_row_a_side_is_the_quote_that_its_rows_make(
    updates: list[tuple[int, str, float]], b: list[Quote]
) -> None:
    """Each side stands until its next row; there is no quote before both are known."""
    a: list[Quote] = []
    standing: dict[str, float] = {}
    for time in sorted({time for time, _, _ in updates}):
        standing |= {side: price for at, side, price in updates if at == time}
        if len(standing) == 2:
            a.append(Quote(time, time, len(a), standing["bid"], 0.0, standing["ask"], 0.0))
    if not a:
        return
    with TemporaryDirectory() as name, small_parts():
        folder = Path(name)
        lines = [f"{time},{side},{price}" for time, side, price in updates]
        (folder / "sides.csv").write_text("\n".join(["time,side,price", *lines]), encoding="utf-8")
        request = replace(
            request_of(folder, a, b),
            a=VenueFiles("a", (folder / "sides.csv",)),
            clock="exchange",
        )
        document = align(request, folder / "out.csv")
        found = pl.read_csv(folder / "out.csv").select("best_bid_a", "best_ask_a", "age_a_ms")
        expected = [(row[1], row[2], row[9] / 1e6) for row in expected_rows(a, b, "exchange")]
        assert found.rows() == expected
        assert document["venues"]["a"]["quotes"] == len(updates)
