"""A cache that is damaged, or not to be trusted, costs time and a line, whichever road is taken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arbitrage.caches.cache_folder import cache_folder
from arbitrage.caches.compiled import _place
from arbitrage.replay.many_configs import warm_up
from tests.conftest import HEADER, JOB, ledger_at, running_worker, wait_until
from worker.client.jobs.sending import send, submission

ROWS, SLOTS = 1_500, 1_500  # so much work for the engine that kernels are loaded for it
COMPILING = "compiling the kernels, which takes some seconds"
RUN = [
    f"--{name.replace('_', '-')}={value}"
    for name, value in {**JOB, "max_open_trades": SLOTS}.items()
]
SWEEP = {**JOB, "min_spread_bps": 20, "max_position_usd": 1000, "grids": []}
SWEEP_PROGRAM = (
    "import sys; from arbitrage.sweep import SweepSpec, run_sweep; "
    "print(run_sweep(SweepSpec.from_file('sweep.json')).write_json())"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with a small file of much work, and a sweep over it."""
    lines = (f"{second},99.99,100.01,{101 + second % 3},105\n" for second in range(ROWS))
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "quotes.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    (tmp_path / "root" / "sweep.json").write_text(json.dumps(SWEEP), encoding="utf-8")
    return tmp_path / "root"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder with one kernel damaged, and with prepared files that anybody may write."""
    warm_up()
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    folder.joinpath("kernels").mkdir(mode=0o700)
    shutil.copytree(cache_folder().joinpath(*_place()), folder.joinpath(*_place()))
    for file in damaged(folder):
        file.write_bytes(b"")
    (folder / "data").mkdir()
    (folder / "data").chmod(0o777)
    return folder


def damaged(folder: Path) -> list[Path]:
    return list(folder.glob("kernels/*/*/fill_quotes-*"))


def untrusted(cache: Path) -> str:
    return (
        f"the cache folder {cache / 'data'} is not used, because other users may write to it: "
        "remove it, and a new one is made; ARBTUNE_CACHE_DIR can name another, of your own"
    )


ROADS = {
    "run": ["-m", "worker.cli", "run", *RUN],
    "run_sweep": ["-c", SWEEP_PROGRAM],
    "sweep --local": ["-m", "worker.cli", "sweep", "sweep.json", "--local", "--json"],
}


@pytest.mark.parametrize("road", ROADS)
def test_a_command_goes_on_and_says_why_it_takes_time(root: Path, cache: Path, road: str) -> None:
    answer = subprocess.run(
        [sys.executable, *ROADS[road]],
        cwd=root,
        env={**os.environ, "ARBTUNE_CACHE_DIR": str(cache), "ARBTUNE_DATA_ROOT": str(root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    said = [line.removeprefix("arbtune: ") for line in answer.stderr.splitlines()]
    assert COMPILING in said
    assert untrusted(cache) in said
    assert "Traceback" not in answer.stderr
    assert json.loads(answer.stdout)
    assert damaged(cache)
    assert all(file.stat().st_size for file in damaged(cache))
    assert not list((cache / "data").iterdir())


def test_a_worker_and_its_children_go_on_and_log_why(
    own_redis_url: str, root: Path, cache: Path, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    with running_worker(own_redis_url, root, log, is_fresh=True, cache_dir=str(cache)) as worker:
        ledger = ledger_at(own_redis_url)
        job: dict[str, Any] = {**JOB, "max_open_trades": SLOTS}
        list(send(ledger, [submission(job)]))
        wait_until(lambda: worker.events("job.finished"), "the job is finished", 60)
        assert [event["outcome"] for event in worker.events("job.finished")] == ["success"]
        assert len(worker.events(COMPILING)) == 1
        assert len(worker.events(untrusted(cache))) == 1
    assert all(file.stat().st_size for file in damaged(cache))
