"""`run_sweep`: the rows of single runs, in the order of their numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.errors import DataError
from arbitrage.results.store.rows import SCHEMA
from arbitrage.sweep import SweepSpec, run_sweep
from tests.conftest import quotes_csv
from tests.helpers.inputs.sweeps import spec

GRIDS = (
    {"name": "min_spread_bps", "start": 0, "stop": 60, "num": 4},
    {"name": "max_position_usd", "values": [1000, 3e6]},
    {"name": "max_open_trades", "values": [1, 3]},
    {"name": "stop_on_drawdown_pct", "values": [None, 0.5]},
)


@pytest.fixture
def quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory holds `quotes.csv`, some of whose rows are not tradable."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "quotes.csv"
    empty_book = "2024-01-01T00:02:00Z,0,0,100,101\n"
    path.write_text(quotes_csv() + empty_book, encoding="utf-8")
    return path


def row_of(number: int, config: TuningConfig) -> dict[str, Any]:
    """What a single run reports, as a row."""
    metrics = ArbitrageTuningRunner(config).run().model_dump()
    return {
        "config_number": number,
        **config.model_dump(),
        **{name: metrics[name] for name in FIGURE_NAMES},
        "status": "success",
        "error": None,
    }


def test_the_data_file_may_lie_beside_the_spec(
    quotes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = SweepSpec(**spec(*GRIDS, max_jobs=3))
    path = quotes.with_name("sweep.json")
    path.write_text(sweep.to_json(), encoding="utf-8")
    here = run_sweep(sweep)
    monkeypatch.chdir("/")
    assert run_sweep(SweepSpec.from_file(path)).equals(here)
    with pytest.raises(FileNotFoundError, match=r"Data file not found: quotes\.csv"):
        run_sweep(sweep)


def test_the_rows_are_those_of_single_runs(quotes: Path) -> None:
    sweep = SweepSpec(**spec(*GRIDS, sample={"n": 20, "seed": 3}, tag_prefix="s"))
    rows = run_sweep(sweep)
    assert rows.schema == SCHEMA
    drawdowns = pl.col("max_drawdown_pct").round(9)  # what fast paths may differ by
    single = [row_of(number, sweep.config(number)) for number in range(sweep.total)]
    expected = pl.DataFrame(single, schema=SCHEMA)
    assert rows.with_columns(drawdowns).equals(expected.with_columns(drawdowns))
    assert quotes.name in set(rows["data_file"])


def test_the_rows_show_every_kind_of_run(quotes: Path) -> None:
    """So that the comparison above compares something."""
    rows = run_sweep(SweepSpec(**spec(*GRIDS)))
    assert quotes.exists()
    assert rows["config_number"].to_list() == list(range(32))
    assert 0 < rows["stopped_row"].null_count() < 32
    assert rows["stopped_row"].null_count() == rows["stopped_timestamp"].null_count()
    assert rows["total_trades"].min() == 0
    assert rows["total_trades"].n_unique() > 3
    assert rows["net_pnl_usd"].n_unique() > 5


def test_more_configs_than_are_replayed_at_once(
    quotes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = SweepSpec(**spec(*GRIDS))
    whole = run_sweep(sweep)
    monkeypatch.setattr("arbitrage.results.store.computing._CONFIGS_AT_ONCE", 5)
    assert run_sweep(sweep).equals(whole)
    assert quotes.exists()


def test_a_file_that_is_none_or_bad_is_said_in_its_own_words(quotes: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Data file not found: none\.csv"):
        run_sweep(SweepSpec(**spec(data_file="none.csv")))
    quotes.write_text("timestamp,best_bid_a\n", encoding="utf-8")
    with pytest.raises(DataError, match="CSV must have columns"):
        run_sweep(SweepSpec(**spec()))


def test_a_spec_is_read_without_polars() -> None:
    """A worker's parent reads specs, and must not start what polars starts."""
    program = "import sys, arbitrage.documents.spec.sweep_spec; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


POOL_PROGRAM = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.sweep import SweepSpec, run_sweep

def said(work, *arguments):
    try:
        return work(*arguments)
    except (ValueError, RuntimeError) as error:
        return str(error)

def tell_of_pool(how):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(how)) as pool:
        sweeps = pool.map(said, [run_sweep] * 3, [spec] * 3)
        print(*{rows if isinstance(rows, str) else rows.height for rows in sweeps})
        metrics = pool.submit(said, job.run).result()
        print(metrics if isinstance(metrics, str) else metrics.total_trades)

if __name__ == "__main__":
    spec = SweepSpec.from_text(sys.argv[1])
    job = ArbitrageTuningRunner(spec.config(0))
    tell_of_pool("fork")
    run_sweep(spec)
    tell_of_pool("spawn")
    tell_of_pool("fork")
"""
REFUSED = "this process was forked while polars ran in its parent, and would wait for its threads"


def test_a_pool_of_processes_works_or_says_why_it_cannot(quotes: Path, tmp_path: Path) -> None:
    """A fork leaves the threads behind that polars computes in: it would wait for them for ever.

    So one works before polars has run, and none does afterwards; a spawned process always works.
    """
    program = tmp_path / "pool.py"
    program.write_text(POOL_PROGRAM, encoding="utf-8")
    text = SweepSpec(**spec(*GRIDS, data_file=str(quotes))).to_json()
    answer = subprocess.run(
        [sys.executable, str(program), text], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    expected = ["32", "10", "32", "10", REFUSED, f"Tuning job failed: {REFUSED}"]
    lines = answer.stdout.splitlines()
    assert len(lines) == len(expected)
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True)), lines
