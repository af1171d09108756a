"""Dead letters: all of them are purged only where somebody says so."""

from __future__ import annotations

import os
import sys

import pytest

from tests.acceptance.commands.test_exit_statuses import ERROR, end
from tests.conftest import ledger_at
from tests.helpers.terminals import on_terminal
from worker.cli import main
from worker.ledger.celery_meta import failed_meta
from worker.ledger.ledger import Ledger, Outcome, State

PURGE = [sys.executable, "-m", "worker.cli", "dead", "purge"]


@pytest.fixture
def letters(own_redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A server with two dead letters."""
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url)
    ledger = ledger_at(own_redis_url)
    for job_id in ("one", "two"):
        end(ledger, job_id, Outcome(State.ERROR, failed_meta(job_id, ERROR), ERROR, is_dead=True))
    return ledger


@pytest.mark.parametrize(("typed", "left"), [("n\n", 2), ("\n", 2), ("\x04", 2), ("y\n", 0)])
def test_a_terminal_is_asked_before_all_are_purged(typed: str, left: int, letters: Ledger) -> None:
    status, shown = on_terminal(PURGE, os.environ, typed)
    assert "forget 2 dead letters for good? [y/N]" in shown
    assert ("nothing was purged" in shown) == (left > 0)
    assert (status, letters.dead_count()) == (int(left > 0), left)


def test_a_script_says_so_with_a_flag(letters: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead", "purge"]) == 1
    assert "--yes" in capsys.readouterr().err
    assert letters.dead_count() == 2
    assert main(["dead", "purge", "one", "nobody"]) == 1
    told = capsys.readouterr()
    assert told.out == "1 purged\n"
    assert told.err.startswith("arbtune: 1 was named and is not a dead letter")
    assert main(["dead", "purge", "--yes"]) == 0
    assert letters.dead_count() == 0


def test_nothing_is_asked_where_there_is_nothing_to_purge(
    own_redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url)
    assert on_terminal(PURGE, os.environ) == (0, "0 purged\n")
