"""`arbtune verdict` through real workers: the same verdict as in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arbitrage.replay.many_configs import open_data
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.verdict.judging import Asked, judge_search
from arbitrage.results.verdict.search import Search, search_of
from arbitrage.sweep import SweepSpec, run_sweep
from tests.conftest import ledger_at
from tests.helpers.inputs.sweeps import spec
from worker.cli import main
from worker.client.answers.verdict import maxima_in_queue, run
from worker.client.answers.verdict.maxima_in_queue import MaximaInQueue
from worker.client.sweeps.plan import SweepError
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import State

SWEEP = spec(
    {"name": "min_spread_bps", "start": 0, "stop": 40, "num": 41},
    {"name": "exit_spread_bps", "values": [-2, 0, 2]},
)
OTHER = spec({"name": "min_spread_bps", "values": [3, 35, 7.5]}, exit_spread_bps=2)


@pytest.fixture
def results(data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sweeps over the data of the session's worker; they have two configs in common."""
    monkeypatch.chdir(data_root)
    for sweep in (OTHER, SWEEP):
        run_sweep(SweepSpec.from_data(sweep), results_dir=tmp_path)
    return tmp_path


def search_in(results: Path) -> Search:
    return search_of(sweep_named("latest", results), [results])


@pytest.mark.usefixtures("worker")
def test_the_queue_says_what_this_process_says(
    redis_url: str, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the search is cut, and though chunks come back in any order."""
    monkeypatch.setattr(maxima_in_queue, "_configs_a_chunk", lambda *_: 10)
    monkeypatch.setattr(maxima_in_queue, "CHUNKS_AT_ONCE", 3)
    ledger, search, data = ledger_at(redis_url), search_in(results), open_data("quotes.csv")
    in_queue, told = MaximaInQueue(ledger, lambda: None), list[int]()
    found = judge_search(search, data, Asked(200, seed=4), in_queue, told.append)
    assert found == judge_search(search, data, Asked(200, seed=4))
    assert found.n_configs == sum(told) == 41 * 3 + 1
    assert found.test is not None
    assert ledger.with_prefix("verdict-", list(State)) == []


def test_a_test_that_is_cancelled_says_so(redis_url: str, results: Path) -> None:
    ledger = ledger_at(redis_url.removesuffix("/0") + "/5")  # where no worker is

    def cancel() -> None:
        for job_id in list(in_queue._in_flight):
            ledger.cancel(job_id, cancelled_meta(job_id))

    in_queue = MaximaInQueue(ledger, cancel)
    with pytest.raises(SweepError, match="cancelled"):
        judge_search(search_in(results), open_data("quotes.csv"), Asked(20), in_queue)
    assert ledger.with_prefix("verdict-", list(State)) == []


@pytest.mark.usefixtures("worker")
def test_the_command_asks_the_workers_that_are_there(
    redis_url: str,
    data_root: Path,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run, "FEW_CONFIGS", 0)
    monkeypatch.setenv("ARBTUNE_REDIS_URL", redis_url)
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(data_root))
    monkeypatch.setenv("ARBTUNE_RESULTS_DIR", str(results))
    asked = list[str]()
    whole = MaximaInQueue.__call__

    def counted(self: MaximaInQueue, *arguments: object) -> object:
        asked.append("queue")
        return whole(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(MaximaInQueue, "__call__", counted)
    documents = []
    for flags in ([], ["--in-process"]):
        assert main(["verdict", "latest", "--json", "--replicates=100", *flags]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    assert asked == ["queue"]
    assert documents[0] == documents[1]
    kept = results / f"{documents[0]['sweep_id']}.verdict.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == documents[0]
