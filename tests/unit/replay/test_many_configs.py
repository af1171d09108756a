"""Replays of prepared files: the engine's figures, and no compiling after the warm-up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig
from arbitrage.caches.cache_folder import cache_folder
from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.replay.many_configs import open_data, replay_one
from tests.conftest import HEADER, JOB, quotes_csv

UNTRADABLE = "2024-01-01T00:02:00Z,0,0,100,101\n2024-01-01T00:02:01Z,100,100,100,101\n"
RUNS = [
    {"min_spread_bps": spread, "max_open_trades": slots, "stop_on_drawdown_pct": stop}
    for spread in (0.0, 20.0, 80.0)
    for slots in (1, 3)
    for stop in (None, 0.005)
]


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    """A small market whose first rows and last rows are not tradable."""
    header, *rows = quotes_csv().splitlines(keepends=True)
    early = UNTRADABLE.replace("2024", "2023")
    path = tmp_path / "quotes.csv"
    path.write_text(header + early + "".join(rows) + UNTRADABLE, encoding="utf-8")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


@pytest.mark.parametrize("run", RUNS)
def test_the_figures_are_the_engine_s(quotes: Path, run: dict[str, float | None]) -> None:
    config = TuningConfig.model_validate({**JOB, **run, "data_file": str(quotes)})
    metrics = ArbitrageTuningRunner(config).run()  # of a small file: by the streaming engine
    data = open_data(quotes)
    found = replay_one(data, config.model_dump(include=set(NUMERIC_FIELDS)))
    drawdown = found.pop("max_drawdown_pct")
    assert drawdown == pytest.approx(metrics.max_drawdown_pct, abs=1e-9)
    assert found == {name: getattr(metrics, name) for name in found}
    assert metrics.config_summary is not None
    assert (data.rows, data.skipped) == (104, 4)
    assert metrics.config_summary["skipped_snapshots"] == 4


COUNT_PROGRAM = """
import sys
from numba.core.dispatcher import Dispatcher
from arbitrage.replay.kernels import period_sheet, trades, windows
from arbitrage.replay.kernels.options import extremes, replay_trips, scan_options
from arbitrage.replay.kernels.options import sizes, trips, ways
from arbitrage.replay.many_configs import warm_up

def variants():
    modules = (extremes, replay_trips, scan_options, sizes, trades, trips, ways, windows)
    modules = (*modules, period_sheet)
    kernels = {name: kernel for module in modules for name, kernel in vars(module).items()}
    return {
        name: (len(kernel.signatures), sum(kernel.stats.cache_misses.values()))
        for name, kernel in kernels.items() if isinstance(kernel, Dispatcher)
    }

warm_up()
before = variants()
print(*map(sum, zip(*before.values())))
assert "numba.core.typing.mathdecl" not in sys.modules, "only compiling needs it"
"""

REPLAY_PROGRAM = """
from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.replay.many_configs import open_data, replay
from arbitrage.replay.periods import period_profits
from arbitrage.replay.periods.period_clock import periods_of
from arbitrage.results.explain import recording

period_profits.warm_up()
recording.warm_up()
before = variants()
assert not sum(compiled for _, compiled in before.values())
for _ in range(2):  # prepared, and mapped
    data = open_data(sys.argv[1])
    for slots in (1, 3):
        numbers = {**dict.fromkeys(NUMERIC_FIELDS, 1.0), "max_open_trades": slots}
        plain = {"max_quote_age_ms": None, "size_share": None, "max_holding_seconds": None}
        plain |= dict.fromkeys(("exit_spread_bps", "latency_a_ms", "latency_b_ms"), 0)
        delayed = {**plain, "latency_a_ms": 1, "max_holding_seconds": 1}
        for options in (plain, delayed):
            replay(data, {**numbers, **options}, 5)
            period_profits.period_profits(data, {**numbers, **options}, 5, periods_of(data))
            recording.recorded(data, {**numbers, **options}, data.rows)
assert variants() == before, (before, variants())
"""


def counted(cache: Path, program: str, *arguments: str) -> tuple[list[int], str]:
    """Kernels loaded and kernels compiled by the warm-up; and what was said."""
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "ARBTUNE_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return [int(word) for word in answer.stdout.split()], answer.stderr


def test_nothing_compiles_after_the_warm_up(quotes: Path) -> None:
    (loaded, compiled), said = counted(cache_folder(), COUNT_PROGRAM + REPLAY_PROGRAM, str(quotes))
    assert (compiled, said) == (0, "")
    assert loaded > 0


def as_installed_in(prefix: Path) -> str:
    return f"import sys; sys.prefix = {str(prefix)!r}\n{COUNT_PROGRAM}"


def test_a_cache_that_cannot_be_written_to_serves_its_kernels(tmp_path: Path) -> None:
    """A file stands where the folder should be, and a copy came with the program."""
    shipped = tmp_path / "prefix" / "share" / "arbtune"
    shutil.copytree(cache_folder() / "kernels", shipped / "kernels")
    for path in [shipped, *shipped.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (tmp_path / "cache").write_text("no folder", encoding="utf-8")
    (loaded, compiled), said = counted(tmp_path / "cache", as_installed_in(tmp_path / "prefix"))
    assert (compiled, said.count("\n")) == (0, 1)
    assert "is not used, because it is not a folder" in said
    assert loaded > 0


def test_kernels_that_came_with_the_program_are_used_where_they_are(tmp_path: Path) -> None:
    prefix, cache = tmp_path / "prefix", tmp_path / "cache"
    shutil.copytree(cache_folder() / "kernels", prefix / "share" / "arbtune" / "kernels")
    (loaded, compiled), said = counted(cache, as_installed_in(prefix))
    assert (compiled, said) == (0, "")
    assert loaded > 0


ENGINE_PROGRAM = """
import sys
from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig

for run in sys.argv[1:]:
    rows, slots = run.split()
    numbers = dict.fromkeys(("taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps"), 0)
    config = TuningConfig(data_file=f"{rows}.csv", min_spread_bps=0, max_position_usd=1,
                          max_open_trades=int(slots), **numbers)
    trades = ArbitrageTuningRunner(config).run().total_trades
    by = "kernels" if "arbitrage.replay.many_configs" in sys.modules else "engine"
    print(rows, slots, trades, by)
"""


def test_the_work_that_is_expected_chooses_the_engine(tmp_path: Path) -> None:
    """Each row opens a trade, and none closes: with many slots the engine looks at all of them.

    One process makes all these runs: what loads the kernels is quick from there on.
    """
    for rows in (500, 5_000):
        lines = (f"{second},99,100,{101 + second % 7},109\n" for second in range(rows))
        tmp_path.joinpath(f"{rows}.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    runs = [
        *("500 1 1 engine", "500 1000000 500 engine", "5000 1 1 engine", "5000 3 3 engine"),
        *("5000 5000 5000 kernels", "5000 1 1 kernels"),
    ]
    said = subprocess.run(
        [sys.executable, "-c", ENGINE_PROGRAM, *(run.rsplit(" ", 2)[0] for run in runs)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines() == runs
