"""The queue as a program has it: a client against a real server and a real worker."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig
from arbitrage.errors import ConfigError
from arbitrage.sweep import SweepSpec, run_sweep
from tests.conftest import JOB
from tests.helpers.inputs.sweeps import spec
from worker.client import AsyncClient, Client
from worker.client.jobs.waiting import TimeIsUpError
from worker.client.sweeps.collector import Progress
from worker.ledger.connection import RedisUnavailableError

GRID = {"name": "min_spread_bps", "start": 0, "stop": 60, "num": 61}


@pytest.fixture
def client(
    redis_url: str, data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(data_root))
    with Client(redis_url, results_dir=tmp_path / "results") as connected:
        yield connected


def new_ids(count: int) -> list[str]:
    return [f"client-{uuid.uuid4()}" for _ in range(count)]


def figures(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metrics.items() if name != "runtime_seconds"}


@pytest.mark.usefixtures("worker")
def test_jobs_are_sent_waited_for_and_read(client: Client, data_root: Path) -> None:
    configs = [{**JOB, "min_spread_bps": float(bps)} for bps in (10, 20, 90)]
    chosen = new_ids(3)

    assert client.submit_many(configs, job_ids=chosen) == chosen
    documents = client.wait(chosen)

    for config, job_id, document in zip(configs, chosen, documents, strict=True):
        here = ArbitrageTuningRunner(
            TuningConfig(**config), data_path=data_root / "quotes.csv"
        ).run()
        assert document["status"] == "success"
        assert figures(document["metrics"]) == figures(here.model_dump(mode="json"))  # type: ignore[typeddict-item]
        assert client.result(job_id) == document
        assert client.status(job_id)["attempts"] == 1
        assert client.cancel(job_id) == "success"


@pytest.mark.usefixtures("worker")
def test_ids_may_come_from_a_generator(client: Client) -> None:
    documents = client.wait(client.submit({**JOB, "min_spread_bps": bps}) for bps in (10.0, 20.0))
    assert [found["config"]["min_spread_bps"] for found in documents] == [10.0, 20.0]  # type: ignore[index]


def test_one_id_where_several_are_wanted_is_a_sentence(client: Client) -> None:
    for wrong in (
        lambda: client.wait("ab"),
        lambda: [*client.as_they_end("ab")],
        lambda: client.submit_many([JOB, JOB], job_ids="ab"),
    ):
        with pytest.raises(ConfigError, match="job_ids is a list of ids: \\['ab'\\]"):
            wrong()
    with pytest.raises(ConfigError, match="a job id has 1 to 200 printable ASCII characters"):
        client.submit(JOB, job_id=5)  # type: ignore[arg-type]


@pytest.mark.usefixtures("worker")
def test_documents_come_as_jobs_end(client: Client) -> None:
    bad = client.submit({**JOB, "data_file": "missing.csv"})
    good = client.submit(JOB)

    found = dict(client.as_they_end([bad, good, "never-sent"]))

    assert [found[job_id]["status"] for job_id in (bad, good, "never-sent")] == [
        "error",
        "success",
        "unknown",
    ]


def test_what_waits_can_be_cancelled(own_redis_url: str) -> None:
    with Client(own_redis_url) as client:
        job_id = client.submit(JOB)

        assert client.status(job_id)["status"] == "queued"
        with pytest.raises(TimeIsUpError, match=r"^0 s are over"):
            client.wait([job_id], timeout_s=0)
        assert client.cancel(job_id) == "cancelled"
        assert client.wait([job_id])[0]["status"] == "cancelled"


def test_nothing_is_sent_where_one_is_refused(own_redis_url: str) -> None:
    chosen = new_ids(2)
    with Client(own_redis_url) as client:
        for configs, job_ids, sentence in (
            ([JOB, {**JOB, "max_position_usd": 0}], chosen, r"job 1 .*max_position_usd must be"),
            ([JOB], chosen, "1 configs and 2 job_ids: one each"),
            ([JOB, JOB], [chosen[0]] * 2, "job_ids names a job twice"),
            ([JOB, JOB], [chosen[0], ""], "a job id has 1 to 200"),
        ):
            with pytest.raises(ConfigError, match=sentence):
                client.submit_many(configs, job_ids=job_ids)
        with pytest.raises(ConfigError, match=r"job_ids is a list of ids: \['one'\]"):
            client.wait("one")

        assert [client.status(job_id)["status"] for job_id in chosen] == ["unknown", "unknown"]


def test_a_closed_client_says_so(own_redis_url: str) -> None:
    client = Client(own_redis_url)
    client.close()
    for call in (lambda: client.submit(JOB), lambda: client.status("one")):
        with pytest.raises(ConfigError, match="the client is closed"):
            call()


def test_a_server_that_is_not_there_is_told_in_a_sentence() -> None:
    with pytest.raises(RedisUnavailableError, match=r"Redis at redis://127.0.0.1:1/0 cannot be"):
        Client("redis://127.0.0.1:1/0")


@pytest.mark.usefixtures("worker")
def test_a_sweep_is_the_same_as_in_this_process(client: Client, data_root: Path) -> None:
    sweep = spec(GRID)
    seen: list[Progress] = []
    dones: list[int] = []

    def progress(now: Progress) -> None:
        seen.append(now)
        dones.append(now.done)

    rows = client.sweep(sweep, progress=progress)

    here = run_sweep(SweepSpec(**{**sweep, "data_file": str(data_root / "quotes.csv")}))
    assert_frame_equal(rows.drop("data_file"), here.drop("data_file"))
    assert dones == sorted(dones)
    assert (dones[-1], seen[-1].total) == (61, 61)


@pytest.mark.usefixtures("worker")
def test_a_finished_sweep_is_read_and_not_run(client: Client) -> None:
    rows = client.sweep(spec(GRID))
    seen: list[Progress] = []

    again = client.sweep(SweepSpec(**spec(GRID)), progress=seen.append)

    assert_frame_equal(again, rows)
    assert not seen


@pytest.mark.usefixtures("worker")
def test_an_event_loop_goes_on_while_a_client_waits(
    redis_url: str, data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(data_root))

    async def everything() -> tuple[list[Any], str, pl.DataFrame]:
        async with AsyncClient(redis_url, results_dir=tmp_path) as client:
            chosen = await client.submit_many([JOB, JOB], job_ids=new_ids(2))
            waits = [client.wait([job_id]) for job_id in chosen]
            documents, rows = await asyncio.gather(asyncio.gather(*waits), client.sweep(spec(GRID)))
            assert (await client.result(chosen[0])) == documents[0][0]
            ended = [job_id async for job_id, _ in client.as_they_end(chosen)]
            assert sorted(ended) == sorted(chosen)
            state = await client.cancel(await client.submit({**JOB, "data_file": "missing.csv"}))
            return documents, state, rows

    documents, state, rows = asyncio.run(everything())

    assert [document["status"] for [document] in documents] == ["success", "success"]
    assert state in {"cancelled", "error"}
    assert rows.height == 61


def test_an_async_client_is_connected_within_its_block(own_redis_url: str) -> None:
    with pytest.raises(ConfigError, match="connected within `async with` alone"):
        asyncio.run(AsyncClient(own_redis_url).submit(JOB))
