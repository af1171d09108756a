"""Answers that were kept beside a sweep and are not what was written there."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from arbitrage.replay.many_configs import open_data
from arbitrage.results.querying.plateau import shown_best
from arbitrage.results.report.kept import kept_verdict, kept_walk
from arbitrage.results.report.known import Known
from arbitrage.results.report.sections.verdict import verdict_section
from arbitrage.results.report.sections.walk_forward import walk_forward_section
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.results.verdict.breaking import kept_by_walk_forward
from arbitrage.results.verdict.search import tried_sweep
from arbitrage.results.verdict.verdict import EDGE, LUCK, Verdict
from arbitrage.results.verdict.verdict import path_of as path_of_verdict
from arbitrage.results.walk_forward.outcome import FoldOutcome, Point, Side, WalkForward
from arbitrage.results.walk_forward.outcome import path_of as path_of_walk
from arbitrage.sweep import judge
from tests.helpers.reports import GRIDS, swept

OTHERS: tuple[Any, ...] = (None, "x", -1, 0, 10**9, 1.5, math.nan, math.inf, [], {}, [1], {"a": 1})


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> KnownSweep:
    folder = tmp_path_factory.mktemp("kept")
    swept(folder, *GRIDS[:2], name="quotes.csv")
    return sweep_named("latest", folder / "results")


@pytest.fixture(scope="module")
def verdict(sweep: KnownSweep) -> Verdict:
    """One with all that a verdict can have."""
    results_dir = sweep.folder.path.parent
    found = judge(sweep.spec, n_bootstrap=50, results_dir=results_dir)
    assert found.test is not None
    figures = {**found.winner["figures"], "stopped_row": 3, "closed_trades": 12}
    return replace(
        found,
        verdict=LUCK,
        p_value=0.5,
        winner={**found.winner, "figures": figures},
        test={**found.test, "best": {"sweep_id": found.sweep_id, "config_number": 1}},
    )


@pytest.fixture(scope="module")
def walk(sweep: KnownSweep) -> WalkForward:
    side = Side("a", "b", 1.0, 0, 10, 12.5, 3)
    parameters: dict[str, float | None] = {"min_spread_bps": 15.0, "max_open_trades": 1}
    fold = FoldOutcome(3, parameters, None, side, replace(side, net_pnl_usd=5.0))
    aside = FoldOutcome(None, {}, "no config traded", side, side)
    return WalkForward(
        sweep_id=sweep.sweep_id,
        data_file="quotes.csv",
        data_sha256=sweep.description.data_sha256,
        engine_version="2",
        configs=27,
        rank_by="net_pnl_usd",
        train_seconds=10,
        test_seconds=10,
        folds=[fold, fold, aside],
        equity=[Point("t1", 2.0), Point("t2", 5.0)],
    )


def mutants(document: Any) -> Iterator[Any]:
    """The document with one value in it exchanged, or one name gone, for each value and name."""
    yield from (other for other in OTHERS if other != document or type(other) is not type(document))
    places = [*document.items()] if isinstance(document, dict) else []
    places = [*enumerate(document)] if isinstance(document, list) else places
    for place, value in places:
        if isinstance(document, dict):
            yield {name: document[name] for name in document if name != place}
        for mutant in mutants(value):
            whole = document.copy()
            whole[place] = mutant
            yield whole


def told_of_each(
    document: dict[str, Any], path: Path, tell: Callable[[], object]
) -> Iterator[object]:
    """What is told of every fourth mutant of a kept document: each value has a dozen."""
    for mutant in islice(mutants(document), 0, None, 4):
        path.write_text(json.dumps(mutant), encoding="utf-8")
        yield tell()


@pytest.mark.parametrize("name", [LUCK, EDGE])
def test_no_kept_verdict_ends_a_report(sweep: KnownSweep, verdict: Verdict, name: str) -> None:
    if name == EDGE:
        verdict = replace(verdict, verdict=EDGE, p_value=0.01)
    path = path_of_verdict(sweep.folder.path.parent, sweep.sweep_id)
    best = shown_best(sweep)

    def tell() -> bool:
        found, why = kept_verdict(sweep)
        known = Known(sweep, best, found, None, None, why_no_verdict=why)
        assert (found is None) == (str(path) in verdict_section(known).sentences[0])
        return found is None and known.no_evidence == []

    told = [*told_of_each(verdict.as_json(), path, tell)]
    assert told.count(True) > 0.5 * len(told)
    verdict.write(path.parent)
    assert kept_verdict(sweep) == (verdict, "")
    path.unlink()
    assert kept_verdict(sweep) == (None, "")


def test_no_kept_walk_forward_ends_a_report(sweep: KnownSweep, walk: WalkForward) -> None:
    path = path_of_walk(sweep.folder.path.parent, sweep.sweep_id)
    best, short = shown_best(sweep), replace(walk, folds=walk.folds[1:], equity=walk.equity[1:])

    def tell() -> bool:
        found, why = kept_walk(sweep)
        known = Known(sweep, best, None, found, None, why_no_walk=why)
        sections = walk_forward_section(known), verdict_section(known)
        assert (found is None) == (str(path) in sections[0].sentences[0])
        return found is None

    told = [*told_of_each(asdict(short), path, tell)]
    assert told.count(True) > 0.4 * len(told)
    walk.write(path.parent)
    assert kept_walk(sweep) == (walk, "")
    path.unlink()
    assert kept_walk(sweep) == (None, "")


def test_what_is_kept_of_another_sweep_is_not_shown(
    sweep: KnownSweep, verdict: Verdict, walk: WalkForward
) -> None:
    folder, other = sweep.folder.path.parent, "f" * 16
    data = open_data(folder.parent / "quotes.csv")
    replace(verdict, sweep_id=other).write(folder)
    replace(walk, sweep_id=other).write(folder)
    for kept, place in ((kept_verdict, path_of_verdict), (kept_walk, path_of_walk)):
        path = place(folder, sweep.sweep_id)
        place(folder, other).rename(path)
        found, why = kept(sweep)
        assert found is None
        assert f"in {path} is of another sweep, {other}, and is not shown" in why
    assert kept_by_walk_forward(tried_sweep(sweep), data) is None
    walk.write(folder)
    assert kept_by_walk_forward(tried_sweep(sweep), data) is not None
