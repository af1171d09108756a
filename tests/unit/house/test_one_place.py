"""A list of fields exists once: CONTRIBUTING.md's first two walks, in a copy of the packages.

The copy gets a config field and a figure by one line each, and by one where the figure is computed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import JOB, quotes_csv

ROOT = Path(__file__).resolve().parents[3]
FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in JOB.items()]

# The file, the line after which a walk puts another one, and that line.
WALKS = (
    (
        "arbitrage/documents/config.py",
        '    tag: Text | None = Field(default=None, description="free text for the experiment")\n',
        '    patience_bps: NonNegative = Field(default=3.0, description="how patient, in bps")\n',
    ),
    (
        "arbitrage/documents/figures.py",
        "    stopped_timestamp: str | None = None\n",
        "    doubled_trades: int | None = None\n",
    ),
    (
        "arbitrage/replay/model/backtester.py",
        "            total_trades=opened,\n",
        "            doubled_trades=2 * opened,\n",
    ),
    (
        "arbitrage/replay/many_configs.py",
        '        "total_trades": opened,\n',
        '        "doubled_trades": 2 * opened,\n',
    ),
)

SWEEP = """
import json, sys
import polars
from arbitrage.sweep import SweepSpec, run_sweep
from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.results.store.folder import SweepFolder
from worker.running.jobs.chunk_figures import unpacked
from worker.running.jobs.chunk_job import replay_chunk
from worker.running.jobs.chunks import Chunk
from worker.running.jobs.task_argument import CHUNK, Payload
from worker.settings import Settings

spec = SweepSpec.from_text(sys.argv[1])
folder = SweepFolder("results", "scratch")
with folder.exclusively():
    folder.write_part(run_sweep(spec))
rows = polars.read_parquet(folder.path)
payload = {"spec": json.loads(spec.identity()), "start": 0, "stop": 2, "data_sha256": None}
payload["engine_version"] = ENGINE_VERSION
result = replay_chunk(Chunk.parse(Payload.of_message((payload,), {}, CHUNK)), Settings())
print(json.dumps({
    "patience_bps": rows["patience_bps"].to_list(),
    "total_trades": rows["total_trades"].to_list(),
    "doubled_trades": rows["doubled_trades"].to_list(),
    "of_a_chunk": unpacked(result["figures"])["doubled_trades"].to_list(),
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages with a field and a figure more, and a small data file."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("arbitrage", "scripts", "worker"):
        shutil.copytree(ROOT / package, folder / package)  # what is compiled is still of use
    for name, line, added in WALKS:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(line) == 1, (name, line)
        (folder / name).write_text(text.replace(line, line + added), encoding="utf-8")
    (folder / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return folder


def run(copy: Path, *arguments: str, **settings: str) -> str:
    """What a program of the copy prints; its kernels run as Python."""
    answer = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={
            **os.environ,
            **settings,
            "NUMBA_DISABLE_JIT": "1",
            "PYTHONPATH": str(copy),
            "ARBTUNE_CACHE_DIR": str(copy / "cache"),
            "ARBTUNE_DATA_ROOT": str(copy),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_a_new_field_is_a_flag_and_a_new_figure_is_in_the_document(copy: Path) -> None:
    told = run(copy, "-m", "scripts.run_arbitrage_tuning", *FLAGS, "--patience-bps=2.5")
    document = json.loads(told)
    assert document["config"]["patience_bps"] == 2.5
    assert document["config_summary"]["patience_bps"] == 2.5
    metrics = document["metrics"]
    assert metrics["total_trades"] > 0
    assert metrics["doubled_trades"] == 2 * metrics["total_trades"]


def test_a_new_field_may_vary_and_both_are_in_the_rows_of_a_sweep(copy: Path) -> None:
    spec = {**JOB, "grids": [{"name": "patience_bps", "values": [1, 2.5]}]}
    found = json.loads(run(copy, "-c", SWEEP, json.dumps(spec)))
    assert found["patience_bps"] == [1.0, 2.5]
    doubled = [2 * trades for trades in found["total_trades"]]
    assert min(doubled) > 0
    assert found["doubled_trades"] == found["of_a_chunk"] == doubled


def test_a_new_field_travels_in_the_message_of_a_job(copy: Path, own_redis_url: str) -> None:
    enqueue = ["-m", "worker.cli", "enqueue", "--job-id=scratch", *FLAGS, "--patience-bps=2.5"]
    run(copy, *enqueue, ARBTUNE_REDIS_URL=own_redis_url)
    client: Any = redis.Redis.from_url(own_redis_url)
    message = json.loads(client.lindex("celery", 0))
    [config], _, _ = json.loads(base64.b64decode(message["body"]))
    assert config["patience_bps"] == 2.5
    assert json.loads(client.hget("arbtune:job:scratch", "config"))["patience_bps"] == 2.5
