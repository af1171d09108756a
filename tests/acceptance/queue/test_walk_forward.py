"""`arbtune walk-forward` through real workers: the same folds as in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arbitrage.replay.many_configs import open_data
from arbitrage.sweep import SweepSpec, walk_forward
from tests.conftest import ledger_at, wait_until
from tests.helpers.inputs.sweeps import spec
from worker.cli import main
from worker.client.jobs.sending import submit
from worker.client.sweeps import collector, plan
from worker.client.walk_forward import run, training
from worker.client.worker_watch import has_workers
from worker.ledger.ledger import State
from worker.ledger.view import OPEN
from worker.settings import Settings

SWEEP = spec(
    {"name": "min_spread_bps", "start": 0, "stop": 40, "num": 21},
    {"name": "exit_spread_bps", "values": [-2, 0, 2]},
)
FLAGS = ["--folds=3", "--train=39s", "--test=20s", "--json"]


@pytest.fixture
def desk(data_root: Path, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client of the session's worker, with its spec in a folder of its own."""
    monkeypatch.chdir(data_root)
    monkeypatch.setenv("ARBTUNE_REDIS_URL", redis_url)
    monkeypatch.setenv("ARBTUNE_RESULTS_DIR", str(tmp_path / "results"))
    (tmp_path / "spec.json").write_text(json.dumps(SWEEP), encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("worker")
def test_the_queue_says_what_this_process_says(
    redis_url: str,
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """However the windows are cut; nothing of them stays in the queue."""
    monkeypatch.setattr(plan, "chunk_size", lambda *_: 10)
    monkeypatch.setattr(collector, "CHUNKS_AT_ONCE", 3)
    wait_until(lambda: has_workers(Settings.from_environment()), "the worker says that it is there")
    assert main(["walk-forward", str(desk / "spec.json"), *FLAGS]) == 0
    printed, told = capsys.readouterr()
    found = walk_forward(SweepSpec.from_data(SWEEP), folds=3, train="39s", test="20s")
    assert json.loads(printed) == json.loads(json.dumps(found.as_json()))
    assert "training in this process" not in told
    assert found.folds[0].config_number is not None
    windows = [*(desk / "results/walk-forward").iterdir()]
    assert [len([*window.glob("*.parquet")]) for window in windows] == [7, 7, 7]
    left = ledger_at(redis_url).with_prefix(found.sweep_id, list(State))
    assert left == []


@pytest.mark.usefixtures("worker")
def test_what_was_sent_before_is_taken_over(
    redis_url: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that is interrupted leaves chunks, which the next one finds by their ids."""
    ledger = ledger_at(redis_url)

    def interrupted(*arguments: object) -> None:
        submit(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(collector, "submit", interrupted)
    assert main(["walk-forward", str(desk / "spec.json"), *FLAGS]) == 130
    found = walk_forward(SweepSpec.from_data(SWEEP), folds=3, train="39s", test="20s")
    left = ledger.with_prefix(f"{found.sweep_id}-", list(State))
    assert len(left) > 0

    monkeypatch.setattr(collector, "submit", submit)
    assert main(["walk-forward", str(desk / "spec.json"), *FLAGS]) == 0
    assert ledger.with_prefix(f"{found.sweep_id}-", list(State)) == []


def test_what_an_interrupted_one_left_is_cancelled(
    own_redis_url: str,
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is of whatever folds; this server has no worker that would take it."""
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url)
    ledger = ledger_at(own_redis_url)

    def interrupted(*arguments: object) -> None:
        submit(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "has_workers", lambda _: True)
    monkeypatch.setattr(training, "ask_workers", lambda *_: plan.Plan("0" * 64, 10))
    monkeypatch.setattr(collector, "submit", interrupted)
    assert main(["walk-forward", str(desk / "spec.json"), *FLAGS]) == 130
    told = capsys.readouterr().err
    assert "interrupted: what was sent goes on, and --cancel ends it; the same command goes" in told
    sweep = SweepSpec.from_data(SWEEP)
    prefix = training.prefix_of(sweep, open_data(Path(sweep.data_file)).data_sha256)
    left = ledger.with_prefix(prefix, OPEN)
    assert len(left) > 1

    flags = ["--folds=1", "--train=30s", "--test=20s", "--cancel"]
    assert main(["walk-forward", str(desk / "spec.json"), *flags]) == 0
    assert capsys.readouterr().out == f"{len(left)} chunks cancelled; what is trained stays\n"
    assert ledger.with_prefix(prefix, OPEN) == []
    assert main(["walk-forward", str(desk / "spec.json"), *flags, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"cancelled": 0}
    assert main(["walk-forward", str(desk / "spec.json"), *flags, "--local"]) == 1
    assert "--local is for running" in capsys.readouterr().err
