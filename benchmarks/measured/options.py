"""Configs with options on one core: by trips, and by the plain scan."""

from __future__ import annotations

import math
import re
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from arbitrage.replay.files.prepared_rows import PreparedRows, RowFacts
from arbitrage.replay.kernel_calls import empty_tally
from arbitrage.replay.kernels.layout import Floats, Options, Parameters, RunTotals, Tally
from arbitrage.replay.kernels.options.scan_options import scan_with_options
from arbitrage.replay.option_calls import replay_with_options
from arbitrage.replay.roads import some
from benchmarks.market_data import market_data, with_options
from benchmarks.report import Section, Table, target
from benchmarks.timing import medians

ROWS, CONFIGS, SCANNED = 1_000_000, 400, 10
THRESHOLDS = (12.0, 92.0)  # bps, evenly, costs included
COST_BPS, NOTIONAL_USD, NO_STOP_PCT, BALANCE_USD = 12.0, 1_000.0, 100.0, 1e6
DRAWDOWN_PCT = 1e-9
SLOTS = (2, 10)
SHAPES, OF_EACH = 50, 8

MS = 1_000_000

INTRODUCTION = """\
The rows of the kernels' section with times (20 ms apart in the mean), sizes and ages. 400
thresholds from 12 to 92 bps, costs of 12 bps included; one thread, seconds of its CPU time, medians
of rounds in which the contestants take turns. *Trips* counts all of a call, what is worked out for
the shape included. The plain scan runs 10 of the 400, from all over them, and counts 40 times.

Before anything is timed, both are held against each other: all figures equal to the bit, drawdowns
within 1e-9 percentage points."""


class Case(NamedTuple):
    """Options of all configs of a run, and how many times as quick as the scan trips have to be."""

    name: str
    wanted: float
    exit_spread: float = 0.0
    holding_ns: int = -1
    latency_a_ns: int = 0
    latency_b_ns: int = 0
    max_age_ms: float = math.inf
    size_share: float = math.nan


LATENCY: dict[str, Any] = {"latency_a_ns": 50 * MS, "latency_b_ns": 20 * MS}
CASES = (
    Case("exit 5 bps", 10, exit_spread=5.0),
    Case("latency 50 and 20 ms", 10, **LATENCY),
    Case("exit and latency", 10, exit_spread=5.0, **LATENCY),
    Case("holding 1 s", 10, holding_ns=1_000 * MS),
    Case("age 60 ms", 10, max_age_ms=60.0),
    Case("half of the size", 5, size_share=0.5),
    Case("all of them", 5, 5.0, 1_000 * MS, 50 * MS, 20 * MS, 60.0, 0.5),
)


def options(*, quick: bool, rounds: int) -> Section:
    """Measure and report."""
    rows = with_options(market_data(ROWS // 10 if quick else ROWS))
    facts = RowFacts("", len(rows.row), 0, (), None)
    data = PreparedRows(facts, rows, np.empty(0))
    section = Section("Options", "options", [INTRODUCTION])
    table = Table(["options", "trades", "plain scan s", "trips s", "ratio"])
    lines = []
    for case in CASES:
        trades, seconds = _measured(data, case, rounds)
        ratio = seconds["scan"] / seconds["trips"]
        table.rows.append(
            [case.name, f"{trades:,}", *(f"{seconds[name]:.3f}" for name in ("scan", "trips")),
             f"{ratio:.1f}"]
        )  # fmt: skip
        lines.append(target(f"{case.name}, trips to plain scan", ratio, case.wanted))
    title = f"### {CONFIGS} configs, {len(rows.row):,} rows"
    section.parts += [title, table, "\n".join(lines), *_several_slots(data, rounds)]
    section.parts += _memory_of_shapes(ROWS // 10 if quick else 5 * ROWS)
    return section


def _measured(data: PreparedRows, case: Case, rounds: int) -> tuple[int, dict[str, float]]:
    """How many trades the configs make, and the seconds that they take."""
    parameters, own = _parameters(), _options(case)
    scanned = np.arange(0, CONFIGS, CONFIGS // SCANNED)
    scan = partial(_scan, data, some(parameters, scanned), some(own, scanned))
    trips = partial(replay_with_options, data, parameters, own)
    found = trips()
    _check(case.name, scan(), found[:, scanned])
    seconds = medians({"scan": scan, "trips": trips}, rounds, time.thread_time)
    seconds["scan"] *= CONFIGS / SCANNED
    return _trades(found), seconds


def _several_slots(data: PreparedRows, rounds: int) -> list[str | Table]:
    """What the plain scan takes for configs with several slots, which no other kernel serves."""
    few = np.arange(0, CONFIGS, CONFIGS // SCANNED)
    own = some(_options(CASES[2]), few)
    runs = {
        count: partial(_scan, data, some(_parameters(count), few), own) for count in (1, *SLOTS)
    }
    seconds = medians({str(count): run for count, run in runs.items()}, rounds, time.thread_time)
    table = Table(["slots", "trades", "plain scan, ns a row"])
    for count, run in runs.items():
        trades = _trades(run())
        each = seconds[str(count)] / len(few) / len(data.rows.row) * 1e9
        table.rows.append([str(count), f"{trades:,}", f"{each:.1f}"])
    return [f"### Several slots, exit and latency, {len(few)} configs by the plain scan", table]


def _memory_of_shapes(count: int) -> list[str | Table]:
    """What a call needs beside the rows of the file, whose exits make many shapes.

    Of many rows: arrays above 32 MB go back to the system as soon as nobody needs them.
    """
    rows = with_options(market_data(count))
    data = PreparedRows(RowFacts("", count, 0, (), None), rows, np.empty(0))
    table = Table([f"{SHAPES} shapes", "bytes a row"])
    chosen = np.arange(SHAPES * OF_EACH)
    exits = np.repeat(np.linspace(0.0, 5.0, SHAPES), OF_EACH)
    for case in (CASES[2], CASES[-1]):
        own = some(_options(case), chosen)._replace(exit_spread=exits)
        run = partial(replay_with_options, data, some(_parameters(), chosen), own)
        table.rows.append([case.name, f"{_peak_bytes(run) / count:.0f}"])
    return ["### Memory of many shapes, beside that of the rows", table]


def _peak_bytes(run: partial[Tally]) -> int:
    """By how much memory grows in a run, at its peak."""
    before = _status_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is told from here on
    run()
    return _status_bytes("VmHWM") - before


def _status_bytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1_024 if found else 0


def _scan(data: PreparedRows, parameters: Parameters, own: Options) -> Tally:
    tally = empty_tally(parameters)
    scan_with_options(data.rows, parameters, own, tally, None, None)
    return tally


def _trades(tally: Tally) -> int:
    return int(RunTotals[Floats]._make(tally).opened.sum())


def _check(what: str, scanned: Tally, found: Tally) -> None:
    """Hold the trips against the plain scan."""
    for name, theirs, ours in zip(RunTotals._fields, scanned, found, strict=True):
        allowed = DRAWDOWN_PCT if name == "drawdown" else 0.0
        if not (np.abs(ours - theirs) <= allowed).all():
            raise SystemExit(f"trips differ from the plain scan: {what}, {name}")


def _parameters(slots: int = 1) -> Parameters:
    return Parameters(
        threshold=np.linspace(*THRESHOLDS, CONFIGS),
        cost=_filled(COST_BPS),
        notional=_filled(NOTIONAL_USD),
        slots=np.full(CONFIGS, slots, np.int64),
        balance=_filled(BALANCE_USD),
        stop=_filled(NO_STOP_PCT),
    )


def _options(case: Case) -> Options:
    return Options(
        exit_spread=_filled(case.exit_spread),
        holding_ns=np.full(CONFIGS, case.holding_ns, np.int64),
        latency_a_ns=np.full(CONFIGS, case.latency_a_ns, np.int64),
        latency_b_ns=np.full(CONFIGS, case.latency_b_ns, np.int64),
        max_age_ms=_filled(case.max_age_ms),
        size_share=_filled(case.size_share),
        least_usd=_filled(0.0),
    )


def _filled(value: float) -> Floats:
    return np.full(CONFIGS, value)
