"""`arbtune sweep` through real workers: its rows are right, and complete ones are kept."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.replay.files.data_cache import open_data
from arbitrage.results.store.rows import SCHEMA
from arbitrage.sweep import SweepSpec
from tests.acceptance.queue.sweeps.desk import GRIDS, SPREADS, Desk, files_of, one_sentence
from tests.conftest import WorkerProcess
from tests.helpers.inputs.sweeps import spec
from worker.ledger.ledger import State


@pytest.mark.usefixtures("sweep_worker")
def test_the_rows_are_those_of_this_process_and_of_single_jobs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = spec(*GRIDS, max_position_usd=1e6, sample={"n": 25, "seed": 3}, tag_prefix="s")
    answer = desk.sweep(sweep, "--json")
    assert answer.returncode == 0, answer.stderr
    rows = desk.rows(sweep)
    assert rows.equals(desk.here(sweep))
    assert rows.schema == SCHEMA
    assert rows["config_number"].to_list() == list(range(25))
    assert 0 < rows["stopped_row"].null_count() < 25

    monkeypatch.chdir(desk.root)
    parsed = SweepSpec(**sweep)
    for row in rows.iter_rows(named=True):
        config = parsed.config(row["config_number"])
        metrics = ArbitrageTuningRunner(config).run()  # of a small file: by the streaming engine
        figures = {**metrics.model_dump(), "max_drawdown_pct": row["max_drawdown_pct"]}
        assert row["max_drawdown_pct"] == pytest.approx(metrics.max_drawdown_pct, abs=1e-9)
        assert {name: row[name] for name in FIGURE_NAMES} == {
            name: figures[name] for name in FIGURE_NAMES
        }
        assert {name: row[name] for name in config.model_dump()} == config.model_dump()

    summary = json.loads(answer.stdout)
    folder = desk.folder(sweep)
    first = rows.sort("net_pnl_usd", "config_number", descending=[True, False]).to_dicts()[0]
    job = {
        "config": parsed.config(first["config_number"]).model_dump(),
        "metrics": {name: first[name] for name in FIGURE_NAMES},
    }
    facts = open_data(desk.root / "quotes.csv").facts
    assert facts.empty == 1
    assert summary == {
        "sweep_id": folder.sweep_id,
        "total": 25,
        "succeeded": 25,
        "failed": 0,
        "results_dir": str(folder.path),
        "best": {**first, **job},
        "traded": rows.filter(pl.col("total_trades") > 0).height,
        "lowest_threshold_bps": 12.0,
        "data": facts.of_rows(),
        "cautions": [],
        "copied": {},
    }
    assert desk.ledger.with_prefix(f"{folder.sweep_id}.", State) == []  # Redis has forgotten them


def test_a_finished_sweep_computes_nothing_and_rewrites_no_file(
    sweep_worker: WorkerProcess, desk: Desk
) -> None:
    sweep = spec(*GRIDS)
    first = desk.sweep(sweep, "--json")
    files, jobs = files_of(desk.folder(sweep)), len(sweep_worker.events("job.finished"))
    for flag in ((), ("--collect",)):
        again = desk.sweep(sweep, "--json", *flag)
        assert (again.returncode, again.stdout) == (0, first.stdout)
    status = desk.sweep(sweep, "--json", "--status")
    nothing_open = {"chunks": {"running": 0, "queued": 0, "to_collect": 0}}
    assert (status.returncode, json.loads(status.stdout)) == (
        0,
        json.loads(first.stdout) | nothing_open,
    )
    assert files_of(desk.folder(sweep)) == files
    assert len(sweep_worker.events("job.finished")) == jobs
    fresh = desk.sweep(sweep, "--fresh", "--json")
    assert (fresh.returncode, fresh.stdout) == (0, first.stdout)
    assert files_of(desk.folder(sweep)) != files


@pytest.mark.usefixtures("sweep_worker")
def test_a_sweep_that_grows_goes_on_with_what_is_there(desk: Desk) -> None:
    sweep = spec(*GRIDS)
    assert desk.sweep({**sweep, "max_jobs": 10}).returncode == 0
    before = files_of(desk.folder(sweep))
    assert desk.sweep(sweep).returncode == 0
    after = files_of(desk.folder(sweep))
    kept = {name: found for name, found in before.items() if name.endswith(".parquet")}
    assert kept.items() <= after.items()
    assert desk.rows(sweep).equals(desk.here(sweep))


@pytest.mark.usefixtures("sweep_worker")
def test_a_sweep_in_which_nothing_trades_crowns_no_best(desk: Desk) -> None:
    sweep = spec({**SPREADS, "start": 500, "stop": 560})
    refused = one_sentence(desk.sweep(sweep))
    assert "no config of this sweep would trade: the largest spread in quotes.csv is " in refused
    assert "(min_spread_bps and costs) is 512 bps; --anyway runs it all the same" in refused
    assert not [*desk.results.rglob("*.json"), *desk.results.rglob("*.parquet")]  # nothing began
    answer = json.loads(desk.sweep(sweep, "--json", "--anyway").stdout)
    assert (answer["best"], answer["traded"], answer["lowest_threshold_bps"]) == (None, 0, 512.0)
    assert 0 < answer["data"]["largest_spread_bps"] < 512
    no_trade, skipped = answer["cautions"]
    assert no_trade.startswith("no config traded: the largest spread in the file is ")
    assert skipped == "1 of 101 rows are skipped: 1 with an empty book (a price of 0 or below)"
    shown = desk.sweep(sweep)
    assert shown.returncode == 0
    assert shown.stdout.splitlines()[2:] == answer["cautions"]


@pytest.mark.usefixtures("sweep_worker")
def test_the_best_can_be_enqueued_and_comes_to_the_same(desk: Desk) -> None:
    sweep = spec(*GRIDS, tag_prefix="s", extra={"why": ["a test"]})
    best = json.loads(desk.sweep(sweep, "--json").stdout)["best"]
    enqueue = [sys.executable, "-m", "worker.cli", "enqueue", "--jobs=-", "--wait", "--json"]
    done = subprocess.run(
        enqueue,
        input=json.dumps(best["config"]),
        env=desk.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    metrics = json.loads(done.stdout)["metrics"]
    drawdown = metrics.pop("max_drawdown_pct")
    assert drawdown == pytest.approx(best["metrics"].pop("max_drawdown_pct"), abs=1e-9)
    assert {name: metrics[name] for name in best["metrics"]} == best["metrics"]
