"""How a sweep is cut into chunks, and which kernels run its configs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.many_configs import open_data
from arbitrage.shell.console import run_command
from tests.conftest import quotes_csv
from tests.helpers.inputs.sweeps import spec
from worker.client.sweeps.plan import (
    MOST_SECONDS_PER_CHUNK,
    SECONDS_PER_CHUNK,
    UNTIMED_CHUNK_SIZE,
    chunk_size,
)
from worker.commands import sweep as sweep_command
from worker.running.jobs.chunks import MAX_CONFIGS
from worker.running.jobs.pilots import pilot_times

THRESHOLDS = {"name": "min_spread_bps", "start": 0, "stop": 99, "num": 1_000}
LATENCIES = {"name": "latency_a_ms", "start": 1, "stop": 50, "num": 50}
SHAPES_FIRST = SweepSpec(**spec(LATENCIES, THRESHOLDS))
SHAPES_LAST = SweepSpec(**spec(THRESHOLDS, LATENCIES))
PER_CONFIG_S = 1e-3


def test_a_chunk_without_options_is_as_long_as_its_configs() -> None:
    assert chunk_size(SHAPES_FIRST, 1e-3, 0.0) == SECONDS_PER_CHUNK / 1e-3
    assert chunk_size(SHAPES_FIRST, 1e-9, 0.0) == MAX_CONFIGS
    assert chunk_size(SHAPES_FIRST, 1e9, 0.0) == 1
    assert chunk_size(SHAPES_FIRST, None, 0.0) == UNTIMED_CHUNK_SIZE


def test_a_shape_that_takes_little_leaves_a_chunk_nearly_as_it_is() -> None:
    size = chunk_size(SHAPES_FIRST, PER_CONFIG_S, 0.01)
    assert SECONDS_PER_CHUNK * 0.7 <= size * PER_CONFIG_S <= SECONDS_PER_CHUNK


@pytest.mark.parametrize("sweep", [SHAPES_FIRST, SHAPES_LAST])
def test_a_chunk_spends_most_of_its_time_on_its_configs(sweep: SweepSpec) -> None:
    """However many shapes there are in it: with the shapes last it has all 50."""
    per_shape = 0.2
    size = chunk_size(sweep, PER_CONFIG_S, per_shape)
    shapes = len({sweep.config(number).latency_a_ms for number in range(0, size, 7)})
    assert size * PER_CONFIG_S >= 0.5 * shapes * per_shape
    assert size * PER_CONFIG_S + shapes * per_shape <= MOST_SECONDS_PER_CHUNK


def test_a_chunk_whose_shapes_take_too_long_gets_fewer_of_them() -> None:
    size = chunk_size(SHAPES_LAST, PER_CONFIG_S, 10.0)
    assert 0 < size <= 12  # four of them are as long as a shape


@pytest.mark.parametrize(
    ("per_config", "size"), [(1e-3, 125), (4e-4, 250), (2e-4, 500), (1e-4, 15_000)]
)
def test_workers_share_a_sweep_of_little_work(per_config: float, size: int) -> None:
    """Its 1,000 configs in 8, 4 or 2 chunks, none of which is shorter than a tenth of a second."""
    assert chunk_size(SweepSpec(**spec(THRESHOLDS)), per_config, 0.0) == size


def test_a_sweep_is_not_cut_where_every_chunk_would_work_out_every_shape_anew() -> None:
    assert chunk_size(SHAPES_FIRST, 1e-5, 0.02) == SHAPES_FIRST.total / 8
    assert chunk_size(SHAPES_LAST, 1e-5, 0.02) == MAX_CONFIGS


def test_the_client_of_a_sweep_does_without_numba() -> None:
    """It takes as long to import as all of the start of the command's own server."""
    program = "import sys, worker.client.sweeps.run; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_pilots_tell_what_a_shape_takes_from_what_its_configs_take(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    path.write_text(quotes_csv(), encoding="utf-8")
    data = open_data(path)
    assert pilot_times(SHAPES_FIRST, data, 16).per_shape > 0
    assert pilot_times(SweepSpec(**spec(THRESHOLDS)), data, 16).per_shape == 0
    assert pilot_times(SweepSpec(**spec(THRESHOLDS)), data, 16).per_config > 0


@pytest.fixture
def explained(tmp_path: Path) -> str:
    """A sweep that goes by every road, in a file; its data file does not exist."""
    exits = {"name": "exit_spread_bps", "values": [0, 3]}
    slots = {"name": "max_open_trades", "values": [1, 2]}
    path = tmp_path / "spec.json"
    few = {**THRESHOLDS, "num": 10}
    path.write_text(json.dumps(spec(exits, slots, few)), encoding="utf-8")
    return str(path)


def test_the_plan_says_by_which_road_configs_go(
    explained: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("arbtune sweep", sweep_command, [explained, "--explain-plan"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "40 configs over quotes.csv",
        "          20  windows  no options",
        "          10  trips    options and one slot, in 1 shape",
        "          10  scan     options, and several slots or fewer than 4 of a shape",
    ]


def test_the_plan_is_an_object_for_programs(
    explained: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("arbtune sweep", sweep_command, [explained, "--explain-plan", "--json"]) == 0
    wanted = {"total": 40, "windows": 20, "trips": 10, "scan": 10, "shapes": 1}
    assert json.loads(capsys.readouterr().out) == wanted


@pytest.mark.parametrize("flag", ["--local", "--anyway", "--status", "--fresh"])
def test_what_runs_nothing_stands_alone(
    explained: str, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("arbtune sweep", sweep_command, [explained, "--explain-plan", flag]) == 1
    assert f"give it without {flag}" in capsys.readouterr().err
