"""Jobs in a ledger as tests need them, and what commands print of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arbitrage.documents.result import ErrorRecord
from arbitrage.shell.console import run_command
from worker.commands.jobs import dead, status
from worker.commands.jobs import listing as jobs
from worker.ledger.celery_meta import failed_meta, success_meta
from worker.ledger.envelope import JOBS, Route, job_message
from worker.ledger.ledger import Ledger, Outcome, State, Submission

CONFIG = {"data_file": "folder/quotes.csv", "tag": "try-1"}
CHUNK = {"spec": {"data_file": "quotes.csv"}, "start": 0, "stop": 500}
FIGURES = {"net_pnl_usd": 1234.5, "total_trades": 33}
ERROR: ErrorRecord = {"type": "ValueError", "message": "it is bad", "retryable": False}


def submit(ledger: Ledger, *job_ids: str, config: Any = CONFIG, route: Route = JOBS) -> None:
    text = json.dumps(config)
    ledger.submit([Submission(name, text, job_message(name, text)) for name in job_ids], route)


def end(
    ledger: Ledger,
    job_id: str,
    result: dict[str, Any] | None,
    config: Any = CONFIG,
    *,
    is_dead: bool = False,
    error: ErrorRecord = ERROR,
    route: Route = JOBS,
) -> None:
    submit(ledger, job_id, config=config, route=route)
    start = ledger.start(job_id, "w1", json.dumps(config), route)
    assert start is not None
    outcome = Outcome(State.ERROR, failed_meta(job_id, error), error, is_dead=is_dead)
    if result is not None:
        outcome = Outcome(State.SUCCESS, success_meta(job_id, result))
    ledger.finish(job_id, start.holder, outcome)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    command = {"jobs": jobs, "status": status, "dead": dead}[arguments[0]]
    run_command(f"arbtune {arguments[0]}", command, list(arguments[1:]))
    return capsys.readouterr().out.splitlines()
