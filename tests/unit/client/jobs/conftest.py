"""A ledger that the commands ask, and a terminal that they print on."""

from __future__ import annotations

from types import SimpleNamespace

import fakeredis
import pytest

from worker.commands.jobs import cancel, dead, result, status
from worker.commands.jobs import listing as jobs
from worker.ledger.ledger import Ledger


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger of this process alone, which the commands ask too."""
    made = Ledger(fakeredis.FakeRedis(), result_ttl_s=3600, lease_s=15)
    for command in (cancel, dead, jobs, result, status):
        monkeypatch.setattr(command, "asked_ledger", lambda _: made)
    return made


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output of 80 columns."""
    for command in (jobs, dead):
        output = SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))
        monkeypatch.setattr(command, "sys", output)
    monkeypatch.setenv("COLUMNS", "80")
