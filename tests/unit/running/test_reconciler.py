"""When the reconciler judges, and when it waits: a lease may be gone because the server was."""

from __future__ import annotations

from typing import cast

from worker.ledger.ledger import Ledger
from worker.running.process.reconciler import Reconciler
from worker.settings import Settings

LEASE_S = 10.0


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class RecordingLedger:
    """Stands in where the point is what is asked, not what a server answers."""

    def __init__(self) -> None:
        self.uptime_s = 1_000_000.0
        self.lapses = 0
        self.leads = True
        self.found: list[set[str]] = []
        self.made_due: list[set[str]] = []

    def lead(self, _worker: str) -> bool:
        return self.leads

    def lapse(
        self, _limit: int, _error: dict[str, object], *, max_deaths: int
    ) -> list[tuple[str, str, str]]:
        self.lapses += max_deaths > 0
        return []

    def server_uptime_s(self) -> float:
        return self.uptime_s

    def suspects(self, _limit: int) -> set[str]:
        return self.found.pop(0) if self.found else set()

    def make_due(self, job_ids: set[str]) -> None:
        self.made_due.append(job_ids)

    def due(self, _limit: int) -> list[tuple[str, str, str, str]]:
        return []

    def owed(self, _limit: int) -> list[str]:
        return []


def make() -> tuple[Reconciler, RecordingLedger, FakeClock]:
    ledger, clock = RecordingLedger(), FakeClock()
    reconciler = Reconciler(cast("Ledger", ledger), Settings(lease_s=LEASE_S), clock)
    return reconciler, ledger, clock


def run(reconciler: Reconciler, clock: FakeClock, seconds: int) -> None:
    for _ in range(seconds):
        clock.now += 1
        reconciler.step()


def test_it_waits_a_lease_from_its_own_start() -> None:
    reconciler, ledger, clock = make()
    run(reconciler, clock, 9)
    assert ledger.lapses == 0
    run(reconciler, clock, 1)
    assert ledger.lapses == 1


def test_it_waits_a_lease_from_the_servers_start() -> None:
    reconciler, ledger, clock = make()
    run(reconciler, clock, 20)
    before = ledger.lapses
    ledger.uptime_s = LEASE_S - 1
    run(reconciler, clock, 5)
    assert ledger.lapses == before
    ledger.uptime_s = LEASE_S
    run(reconciler, clock, 1)
    assert ledger.lapses == before + 1


def test_it_waits_a_lease_after_a_silence_of_its_own() -> None:
    reconciler, ledger, clock = make()
    run(reconciler, clock, 20)
    before = ledger.lapses
    clock.now += LEASE_S
    run(reconciler, clock, 10)
    assert ledger.lapses == before
    run(reconciler, clock, 1)
    assert ledger.lapses == before + 1


def test_a_message_is_lost_when_it_was_suspect_twice_in_a_row() -> None:
    reconciler, ledger, clock = make()
    ledger.found = [{"a", "b"}, {"b", "c"}, {"a"}]
    run(reconciler, clock, 16)
    assert ledger.made_due == [{"b"}]


def test_it_does_nothing_while_another_worker_reconciles() -> None:
    reconciler, ledger, clock = make()
    ledger.leads = False
    ledger.found = [{"a"}, {"a"}]
    run(reconciler, clock, 20)
    assert (ledger.lapses, ledger.made_due) == (0, [])


def test_it_takes_over_at_once_when_the_other_one_is_gone() -> None:
    reconciler, ledger, clock = make()
    ledger.leads = False
    run(reconciler, clock, 20)
    ledger.leads = True
    run(reconciler, clock, 1)
    assert ledger.lapses == 1
