"""Who waits for jobs hears that no worker is there, and what becomes of them afterwards."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.queue.jobs.asked import Arbtune, flags
from tests.conftest import JOB


@pytest.mark.parametrize(
    ("where", "fate"),
    [
        (
            ["--wait", "--job-id", "x"],
            "go on (arbtune result ID): x\n",
        ),
        (["--local"], "end with this command\n"),
    ],
)
def test_who_waits_no_longer_is_told_what_becomes_of_the_jobs(
    arbtune: Arbtune,
    environment: dict[str, str],
    own_redis_url: str,
    where: list[str],
    fate: str,
) -> None:
    environment["ARBTUNE_REDIS_URL"] = own_redis_url
    answer = arbtune("enqueue", *where, "--timeout", "0.01", *flags(JOB))
    assert (answer.returncode, answer.stdout) == (1, "")
    left = "arbtune: 0.01 s are over: 1 of 1 jobs have not ended, and "
    assert answer.stderr.removeprefix("sent x\n") == left + fate


def test_who_waits_where_no_worker_is_hears_of_it(
    arbtune: Arbtune,
    environment: dict[str, str],
    own_redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.client.worker_watch.PATIENCE_S", 0.0)
    environment["ARBTUNE_REDIS_URL"] = own_redis_url
    answer = arbtune("enqueue", "--wait", "--json", "--timeout", "2", *flags(JOB))
    assert answer.returncode == 1
    _, warning, farewell = answer.stderr.splitlines()
    assert json.loads(answer.stdout)["error"]["message"] == farewell.removeprefix("arbtune: ")
    assert warning.startswith(f"arbtune: warning: no worker is present at {own_redis_url}: start ")
    assert farewell.startswith("arbtune: 2 s are over")


@pytest.mark.parametrize("timeout", ["nan", "-1", "inf", "soon"])
def test_a_timeout_that_is_none_is_refused(arbtune: Arbtune, timeout: str) -> None:
    answer = arbtune("enqueue", "--wait", f"--timeout={timeout}", *flags(JOB))
    assert answer.returncode == 1
    assert "--timeout: must be a number of seconds" in answer.stderr


def test_a_timeout_without_a_wait_is_refused(
    arbtune: Arbtune,
) -> None:
    answer = arbtune("enqueue", "--timeout=5", *flags(JOB))
    assert answer.returncode == 1
    assert answer.stderr.startswith("arbtune: --timeout goes with --wait or --local")
