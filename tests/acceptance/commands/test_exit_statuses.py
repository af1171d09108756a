"""The table of exit statuses in `docs/operations.md`, row by row."""

from __future__ import annotations

import json
import re
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from arbitrage.documents.result import ErrorRecord
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.sweep import run_sweep
from tests.conftest import JOB, ledger_at, quotes_csv, running_worker
from tests.helpers.inputs.sweeps import spec
from worker.cli import main
from worker.commands.program import COMMANDS
from worker.ledger.celery_meta import failed_meta, success_meta
from worker.ledger.envelope import JOBS, job_message
from worker.ledger.ledger import Ledger, Outcome, State, Submission

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in JOB.items()]
ERROR: ErrorRecord = {"type": "OSError", "message": "it is bad", "retryable": True}
SKIPPED = ("append-only", "clock", "redis-version", "eviction", "workers")

SWEPT = ("(the rows of the sweep are there from here on)", 0)
WORKED = ("(a worker takes jobs from here on)", 0)

CASES: dict[str, list[tuple[str, int]]] = {
    "arbtune": [("--help", 0), ("--version", 0), ("", 1), ("no-such-command", 1)],
    "run": [
        (" ".join(["run", *FLAGS]), 0),
        (" ".join(["run", *FLAGS, "--data-file=nope"]), 1),
        ("run --data-file=quotes.csv", 1),
    ],
    "enqueue": [(" ".join(["enqueue", *FLAGS]), 0), ("enqueue --surprise", 1)],
    "enqueue --wait, enqueue --local": [  # of --local its own tests tell more
        (" ".join(["enqueue --wait --timeout=0", *FLAGS]), 1),
        WORKED,
        (" ".join(["enqueue --wait", *FLAGS]), 0),
        (" ".join(["enqueue --wait", *FLAGS, "--data-file=nope"]), 1),
    ],
    "jobs, dead list": [("jobs", 0), ("jobs --state=cancelled", 0), ("dead list", 0)],
    "top": [("top", 0), ("top --json", 0), ("top --every=0", 1)],
    "workers": [("workers", 1)],
    "status ID": [
        ("status good", 0),
        ("status failed", 0),
        ("status waits", 3),
        ("status nobody", 4),
    ],
    "result ID": [
        ("result good", 0),
        ("result failed", 1),
        ("result waits", 3),
        ("result nobody", 4),
    ],
    "cancel ID": [
        ("cancel waits", 0),
        ("cancel waits", 0),
        ("cancel good", 1),
        ("cancel nobody", 1),
    ],
    "cancel --all, --tag TAG, --state STATE": [
        ("cancel --all", 1),
        ("cancel --tag=nobody --yes", 0),
        ("cancel --state=queued --yes", 0),
        ("cancel --all --yes", 0),
    ],
    "dead show ID, dead retry ID": [
        ("dead show gone", 0),
        ("dead show failed", 1),
        ("dead retry gone", 0),
        ("dead retry gone", 1),
    ],
    "dead purge [ID ...]": [
        ("dead purge gone nobody", 1),
        ("dead purge gone", 1),
        ("dead purge", 1),
        ("dead purge --yes", 0),
    ],
    "sweep, also --status, --collect, --fresh": [
        ("sweep spec.json --status", 1),
        ("sweep spec.json --collect", 1),
        WORKED,
        ("sweep spec.json --fresh", 0),
        ("sweep spec.json", 0),
        ("sweep spec.json --status", 0),
        ("sweep spec.json --collect", 0),
    ],
    "sweep --explain-plan": [("sweep spec.json --explain-plan", 0)],
    "sweep --cancel": [("sweep spec.json --cancel", 0)],
    "sweeps, results SWEEP ...": [
        ("sweeps", 0),
        ("results latest", 1),
        SWEPT,
        ("results latest --where=total_trades<0", 0),
        ("results latest --sort=net", 1),
    ],
    "explain SWEEP[:N], explain JOB_ID": [
        ("explain waits --trades=trades.csv", 0),
        ("explain nobody", 1),
        ("explain latest", 1),
    ],
    "export SWEEP": [
        ("export latest -o rows.csv", 1),
        SWEPT,
        ("export latest -o rows.csv", 0),
        ("export latest -o rows.xlsx", 1),
    ],
    "verdict SWEEP": [
        ("verdict latest", 1),
        SWEPT,
        ("verdict spec.json", 0),
        ("verdict latest --json", 0),
    ],
    "walk-forward SPEC": [
        ("walk-forward spec.json --folds=2 --train=30s --test=20s", 0),
        ("walk-forward spec.json --folds=2 --train=30h --test=20h", 1),
    ],
    "walk-forward SPEC --cancel": [
        ("walk-forward spec.json --folds=2 --train=30s --test=20s --cancel", 0),
        ("walk-forward spec.json --folds=2 --train=30s --test=20s --cancel --local", 1),
    ],
    "report SWEEP -o FILE": [
        ("report spec.json -o report.html", 1),
        SWEPT,
        ("report spec.json -o report.html", 0),
        ("report spec.json", 1),
    ],
    "data align": [
        ("data align --a raw.csv --b raw.csv -o out.csv", 0),
        ("data align --a raw.csv --b nope.csv -o out.csv", 1),
        ("data align --a raw.csv --b raw.csv -o out.csv --symbol-a=nobody", 1),
    ],
    "data check FILE": [
        ("data check quotes.csv", 0),
        ("data check quotes.csv --spec", 0),
        ("data check nope.csv", 1),
        ("data check quotes.csv --cost=1000 --spec", 1),
    ],
    "doctor": [
        (" ".join(["doctor", *(f"--skip={name}" for name in SKIPPED)]), 0),
        ("doctor", 1),
    ],
    "metrics": [("metrics", 1)],
    "init": [("init", 0), ("init new.yaml --data-file=quotes.csv", 0), ("init new.yaml", 1)],
    "config show": [("config show", 0), ("config show --json", 0), ("config", 1)],
    "completion SHELL": [("completion zsh", 0), ("completion cmd", 1)],
}


@pytest.fixture
def place(own_redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in, and a server with a job in each state that commands ask after."""
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    sweep = spec({"name": "min_spread_bps", "values": [10, 20]})
    (tmp_path / "raw.csv").write_text("timestamp,bid,ask\n1723161254087,1,2", encoding="utf-8")
    (tmp_path / "spec.json").write_text(json.dumps(sweep), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url)
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(tmp_path))
    ledger = ledger_at(own_redis_url)
    submit(ledger, "waits")
    end(ledger, "good", Outcome(State.SUCCESS, success_meta("good", {"net_pnl_usd": 1.0})))
    end(ledger, "failed", Outcome(State.ERROR, failed_meta("failed", ERROR), ERROR))
    end(ledger, "gone", Outcome(State.ERROR, failed_meta("gone", ERROR), ERROR, is_dead=True))


def submit(ledger: Ledger, job_id: str) -> None:
    text = json.dumps(JOB)
    ledger.submit([Submission(job_id, text, job_message(job_id, text))], JOBS)


def end(ledger: Ledger, job_id: str, outcome: Outcome) -> None:
    submit(ledger, job_id)
    start = ledger.start(job_id, "w1", json.dumps(JOB), JOBS)
    assert start is not None
    ledger.finish(job_id, start.holder, outcome)


def rows() -> list[str]:
    """The first cell of each row, without its backquotes."""
    section = PAGE.split("## Exit statuses")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, flags=re.MULTILINE)
    return [cell.replace("`", "") for cell in cells]


def test_every_command_has_its_row_and_every_row_is_tried() -> None:
    assert set(rows()) == {*CASES, "worker", "demo"}  # the demo's by the tests of the README
    words = re.compile(r"[a-z]+(?:-[a-z]+)*")
    assert set(COMMANDS) <= {word for row in rows() for word in words.findall(row)}


def case(row: str) -> Any:
    """A row; one with a report where other reports are made."""
    marks = [pytest.mark.xdist_group("unit/results/report")] if row.startswith("report") else []
    return pytest.param(row, marks=marks)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("row", [case(row) for row in CASES])
def test_a_row_is_as_the_table_has_it(row: str, own_redis_url: str, tmp_path: Path) -> None:
    with ExitStack() as started:
        for line, status in CASES[row]:
            if (line, status) == SWEPT:
                run_sweep(SweepSpec.from_file("spec.json"), results_dir="results")
            elif (line, status) == WORKED:
                started.enter_context(running_worker(own_redis_url, tmp_path, tmp_path / "log"))
            else:
                assert main(line.split()) == status, line


def test_a_worker_that_is_told_to_stop_ends_in_order(own_redis_url: str, tmp_path: Path) -> None:
    """By Ctrl-C: of SIGTERM the tests of the worker tell more."""
    with running_worker(own_redis_url, tmp_path, tmp_path / "log") as worker:
        worker.process.send_signal(signal.SIGINT)
        assert worker.process.wait() == 0
    no_folder = tmp_path / "log"
    with running_worker(own_redis_url, no_folder, tmp_path / "other", awaits=False) as worker:
        assert worker.process.wait() == 1
