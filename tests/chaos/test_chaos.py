"""The short form of `make chaos`, and proof that it can fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.driver import run
from tests.chaos.plan import Fault, Plan
from tests.helpers.servers.durable import binary_of

SEED = 7


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_every_promise_is_kept_under_fire(kind: str) -> None:
    if binary_of(kind) is None:
        pytest.skip("no redis-server on the PATH: no fire on Redis itself")
    plan = Plan.draw(SEED, 250, scale=0.02, mean_job_s=0.1)
    report = run(plan, server_kind=kind)
    print(report.table())
    assert report.broken == [], report.table()
    assert report.confirmed == plan.job_count


@pytest.mark.timeout(300)
def test_without_recovery_jobs_are_lost_and_the_sums_say_so() -> None:
    lost = tuple(Fault(name, 0.5) for name in ("message lost", "SIGKILL of a whole worker"))
    plan = replace(
        Plan.draw(SEED, 60, scale=0, mean_job_s=0.1, toxic=0), faults=lost * 2, canvases=()
    )
    report = run(plan, recovers=False, settle_s=6)
    assert len(report.lost) >= 2
    assert {f"{job_id} is lost" for job_id in report.lost} <= set(report.broken)
