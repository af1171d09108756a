"""`arbtune data check` against plain loops over the rows, whatever the batches are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.data.check.file_check import Counters
from arbitrage.data.columns import COLUMNS, OPTIONAL_COLUMNS, SCHEMA
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.strategies import markets
from tests.helpers.oracles import terms

PRICES = slice(1, 5)
LIMITS_MS = (0, 1, 10, 100, 1_000, 10_000, 60_000)
QUANTILES = ("0", "0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99", "0.999", "1")


class Full(NamedTuple):
    """A row of a file with all columns; `t_ns` is its timestamp, an epoch."""

    t_ns: int
    bid_a: float
    ask_a: float
    bid_b: float
    ask_b: float
    bid_size_a: float
    ask_size_a: float
    bid_size_b: float
    ask_size_b: float
    age_a_ms: float
    age_b_ms: float

    @property
    def plain(self) -> terms.Row:
        return str(self.t_ns), self.bid_a, self.ask_a, self.bid_b, self.ask_b


STEPS_NS = st.sampled_from([0, 0, 1, 10**6, 10**9, 10**9, 10**9, 5 * 10**9, 3_600 * 10**9])
AGAIN = st.sampled_from([[], [], [], [0], [10**9], [10**9, 0, 10**9, 10**9]])
SIZES = st.sampled_from([0.0, 0.5, 1.0, 3.0])
AGES = st.sampled_from([0.0, 0.5, 10.0, 99.0, 1e5, math.nan])


@st.composite
def full_rows(draw: st.DrawFn) -> list[Full]:
    rows: list[Full] = []
    t_ns = draw(st.sampled_from([10**18, 17 * 10**17]))
    for _, *prices in draw(markets().filter(len)):
        finite = [price if math.isfinite(price) else -1.0 for price in prices]
        t_ns += draw(STEPS_NS)
        sizes, ages = (draw(st.tuples(*[cell] * n)) for cell, n in ((SIZES, 4), (AGES, 2)))
        rows.append(Full(t_ns, *finite, *sizes, *ages))
        for step_ns in draw(AGAIN):
            t_ns += step_ns
            rows.append(rows[-1]._replace(t_ns=t_ns))
    return rows


def frame_of(rows: Sequence[Full]) -> pl.DataFrame:
    texts = [(str(row.t_ns), *row[1:]) for row in rows]
    schema = {name: SCHEMA[name] for name in (*COLUMNS, *OPTIONAL_COLUMNS)}
    return pl.DataFrame(texts, schema=schema, orient="row")


# -- the figures once more, slow and obvious


def round_figure(value: float) -> Decimal:
    """The least of 1, 2, 5 times a power of ten at or above a value."""
    candidates = (Decimal(digit).scaleb(power) for power in range(-30, 40) for digit in (1, 2, 5))
    return next(figure for figure in candidates if figure >= Decimal(value))


def unusual(values: Iterable[float]) -> tuple[float, float, int] | tuple[None, None, None]:
    above_zero = sorted(value for value in values if value > 0)
    if not above_zero:
        return None, None, None
    usual = round_figure(above_zero[math.ceil(Fraction(95, 100) * len(above_zero)) - 1])
    bound = usual * 10
    return float(usual), float(bound), sum(Decimal(value) > bound for value in above_zero)


def largest(values: Sequence[float], at: Sequence[int]) -> tuple[float, str] | tuple[None, None]:
    """The first of the largest values, and the timestamp of its row."""
    if not values:
        return None, None
    place = values.index(max(values))
    return values[place], str(at[place])


def quantiles(values: Iterable[float]) -> list[float] | None:
    rising = sorted(values)
    if not rising:
        return None
    return [rising[max(0, math.ceil(Fraction(share) * len(rising)) - 1)] for share in QUANTILES]


def reason(bid_ask: Sequence[float]) -> str:
    bid, ask = bid_ask
    if bid <= 0 or ask <= 0:
        return "empty"
    return "crossed" if bid > ask else "locked" if bid == ask else "usable"


def books(rows: Sequence[Full]) -> dict[str, Any]:
    first = ("empty", "crossed", "locked", "usable")
    of_a, of_b = [reason(row[1:3]) for row in rows], [reason(row[3:5]) for row in rows]
    of_rows = [min(pair, key=first.index) for pair in zip(of_a, of_b, strict=True)]
    return {
        "a": {name: of_a.count(name) for name in first[:3]},
        "b": {name: of_b.count(name) for name in first[:3]},
        "rows": {f"{name}_snapshots": of_rows.count(name) for name in first[:3]},
    }


def stillness(rows: Sequence[Full], prices: slice) -> tuple[float, str]:
    runs: list[list[int]] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before[prices] != row[prices]:
            runs.append([])
        runs[-1].append(row.t_ns)
    lengths = [run[-1] - run[0] for run in runs]
    place = lengths.index(max(lengths))
    return lengths[place] / 10**9, str(runs[place][0])


def moves(rows: Sequence[Full], prices: slice) -> dict[str, Any]:
    mids = [(bid + ask) / 2 for bid, ask in (tuple(row)[prices] for row in rows)]
    found = [abs((mid - before) / before * 10_000) for before, mid in pairwise(mids)]
    move, at = largest(found, [row.t_ns for row in rows[1:]])
    usual, bound, count = unusual(found)
    return {
        "usual_move_bps": usual,
        "jump_bound_bps": bound,
        "jumps": count,
        "largest_move_bps": move,
        "largest_move_at": at,
    }


def venue(rows: Sequence[Full], prices: slice, counted: dict[str, int]) -> dict[str, Any]:
    seconds, since = stillness(rows, prices)
    still = {"longest_still_seconds": seconds, "longest_still_from": since}
    return {**counted, **still, **moves(tradable(rows), prices)}


def tradable(rows: Sequence[Full]) -> list[Full]:
    return [row for row in rows if terms.is_tradable(row.plain)]


def better(row: Full) -> float:
    return terms.spread_bps(terms.better_side(row.plain), row.plain)


def times(rows: Sequence[Full]) -> dict[str, Any]:
    moments = [row.t_ns for row in rows]
    steps = [after - before for before, after in pairwise(moments)]
    longest, after = largest(steps, moments)
    usual, bound, gaps = unusual(steps)
    return {
        "first": str(moments[0]),
        "last": str(moments[-1]),
        "span_seconds": (moments[-1] - moments[0]) / 10**9,
        "repeated_stamps": steps.count(0),
        "usual_step_seconds": None if usual is None else usual / 10**9,
        "gap_bound_seconds": None if bound is None else bound / 10**9,
        "gaps": gaps,
        "largest_step_seconds": None if longest is None else longest / 10**9,
        "largest_step_after": after,
    }


def counts(rows: Sequence[Full]) -> dict[str, int]:
    pairs = list(pairwise(rows))
    return {
        "snapshots_count": len(rows),
        "skipped_snapshots": len(rows) - len(tradable(rows)),
        **books(rows)["rows"],
        "repeated_rows": sum(repr(one) == repr(other) for one, other in pairs),
        "unchanged_prices": sum(one[PRICES] == other[PRICES] for one, other in pairs),
    }


def older_ms(row: Full) -> float:
    ages = (row.age_a_ms, row.age_b_ms)
    return math.inf if any(map(math.isnan, ages)) else max(ages)


def ages(rows: Sequence[Full]) -> dict[str, Any]:
    cells = {name: [getattr(row, name) for row in rows] for name in ("age_a_ms", "age_b_ms")}
    known = {name: [age for age in cells[name] if age == age] for name in cells}  # noqa: PLR0124
    return {
        "unknown": {name: len(rows) - len(known[name]) for name in cells},
        "largest_ms": {name: max(known[name], default=None) for name in cells},
        "stale": [
            {"max_quote_age_ms": limit, "rows": sum(older_ms(row) > limit for row in rows)}
            for limit in LIMITS_MS
        ],
    }


def capacity_usd(row: Full) -> float:
    if terms.better_side(row.plain) == terms.LONG_A_SHORT_B:
        return min(row.ask_size_a, row.bid_size_b) * row.ask_a
    return min(row.ask_size_b, row.bid_size_a) * row.ask_b


def opening(rows: Sequence[Full], cost_bps: float) -> dict[str, Any]:
    opens = [better(row) >= cost_bps for row in tradable(rows)]
    begun = sum(here and not before for before, here in zip([False, *opens], opens, strict=False))
    share = sum(opens) / len(opens) if opens else None
    return {"cost_bps": cost_bps, "rows": sum(opens), "share": share, "stretches": begun}


# -- the properties


@examples(12)
@given(
    rows=full_rows(),
    size=st.sampled_from([1, 7, 1_000]),
    cost_bps=st.sampled_from([0.0, 0.5, 12.0]),
)
def test_every_figure_is_that_of_plain_loops(rows: list[Full], size: int, cost_bps: float) -> None:
    counters = Counters(cost_bps)
    counters.add_all(frame_of(rows).iter_slices(size))
    found = counters.check("name", "hash").as_json()
    counted = books(rows)
    assert (found["data_file"], found["data_sha256"]) == ("name", "hash")
    assert found["columns"] == list(OPTIONAL_COLUMNS)
    assert found["rows"] == counts(rows)
    assert found["times"] == times(rows)
    assert found["venues"]["a"] == venue(rows, slice(1, 3), counted["a"])
    assert found["venues"]["b"] == venue(rows, slice(3, 5), counted["b"])
    assert found["ages"] == ages(rows)
    assert found["opening"] == opening(rows, cost_bps)
    check_sizes(found["sizes"], rows, cost_bps)
    check_spreads(found["spreads"], rows)


def check_sizes(found: dict[str, Any], rows: list[Full], cost_bps: float) -> None:
    names = ("bid_size_a", "ask_size_a", "bid_size_b", "ask_size_b")
    cells = {name: [getattr(row, name) for row in rows] for name in names}
    assert found["zeros"] == {name: cells[name].count(0.0) for name in names}
    assert found["largest"] == {name: max(cells[name]) for name in names}
    open_rows = [row for row in tradable(rows) if better(row) >= cost_bps]
    assert listed(found["capacity_usd"]) == quantiles(map(capacity_usd, open_rows))


def check_spreads(found: dict[str, Any], rows: list[Full]) -> None:
    usable = tradable(rows)
    sides = {
        name.lower(): [terms.spread_bps(name, row.plain) for row in usable]
        for name in (terms.LONG_A_SHORT_B, terms.LONG_B_SHORT_A)
    }
    best = [better(row) for row in usable]
    for name, spreads in {**sides, "better": best}.items():
        assert listed(found[name]) == quantiles(spreads)
    at = [row.t_ns for row in usable]
    assert (found["largest_bps"], found["largest_at"]) == largest(best, at)
    assert found["crossing_rows"] == sum(spread > 0 for spread in best)
    for level in found["above"]:
        assert level["rows"] == sum(spread > level["bps"] for spread in best)
    few = min(len(best), max(10, len(best) // 10_000))
    assert found["worth_a_threshold_bps"] == (sorted(best)[-few] if best else None)
    check_histogram(found["histogram"], sides)


def check_histogram(bins: list[dict[str, Any]], sides: dict[str, list[float]]) -> None:
    """Each bin has the spreads between its ends, and together they have all of them."""
    for name, spreads in sides.items():
        for one in bins:
            low = -math.inf if one["from_bps"] is None else one["from_bps"]
            high = math.inf if one["to_bps"] is None else one["to_bps"]
            assert one[name] == sum(low <= spread < high for spread in spreads)
        assert sum(one[name] for one in bins) == len(spreads)
    assert len(bins) <= 20
    for before, after in pairwise(bins):
        assert before["to_bps"] == after["from_bps"]


def listed(found: dict[str, float] | None) -> list[float] | None:
    return None if found is None else list(found.values())
