"""Configs that an earlier sweep computed are copied, and only the new ones are sent."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbitrage.sweep import SweepSpec, run_sweep
from tests.acceptance.queue.sweeps.desk import GRIDS, SPREADS, Desk, files_of
from tests.conftest import WorkerProcess, running_worker, wait_until
from tests.helpers.inputs.sweeps import spec
from worker.running.jobs.chunks import bits_of


def sent_since(worker: WorkerProcess, before: int) -> list[str]:
    """The chunks that a worker has run since so many jobs, without their sweep's id."""
    finished = [event["job_id"] for event in worker.events("job.finished")][before:]
    return sorted(job_id.rpartition(".")[2] for job_id in finished if "question" not in job_id)


def test_of_a_wider_grid_only_what_is_new_is_sent(sweep_worker: WorkerProcess, desk: Desk) -> None:
    narrow, wide = spec({**SPREADS, "num": 31, "stop": 30}, GRIDS[1]), spec(SPREADS, GRIDS[1])
    first = desk.sweep(narrow, "--json")
    assert json.loads(first.stdout)["copied"] == {}
    assert "copied" not in first.stderr
    known = json.loads(first.stdout)["sweep_id"]
    files, before = files_of(desk.folder(narrow)), len(sweep_worker.events("job.finished"))
    desk.with_chunks_of(122, wide)  # a slow machine would cut it in two
    again = desk.sweep(wide, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["copied"] == {known: 62}
    assert json.loads(again.stdout)["succeeded"] == 122
    assert again.stderr.endswith(f"62 configs copied from sweep {known}\n60 configs computed\n")
    assert desk.rows(wide).equals(desk.here(wide))
    wanted = bits_of(np.arange(62, 122), 0, 122)
    assert wanted is not None
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    assert sent_since(sweep_worker, before) == [f"0-122-{digest[:16]}"]
    assert files_of(desk.folder(narrow)) == files

    files, before = files_of(desk.folder(wide)), len(sweep_worker.events("job.finished"))
    same = desk.sweep(wide, "--json")
    assert json.loads(same.stdout) == json.loads(again.stdout) | {"copied": {}}
    fresh = desk.sweep(wide, "--json", "--fresh")
    assert json.loads(fresh.stdout)["copied"] == {}
    assert sent_since(sweep_worker, before) == ["0-122"]
    assert desk.rows(wide).equals(desk.here(wide))


def test_values_between_those_that_are_known_travel_together(
    sweep_worker: WorkerProcess, desk: Desk
) -> None:
    coarse, fine = spec(GRIDS[1], {**SPREADS, "num": 31}), spec(GRIDS[1], SPREADS)
    assert desk.sweep(coarse).returncode == 0
    before = len(sweep_worker.events("job.finished"))
    desk.with_chunks_of(25, fine)
    assert desk.sweep(fine).returncode == 0
    ranges = [chunk.split("-")[:2] for chunk in sent_since(sweep_worker, before)]
    assert ranges == [["0", "51"], ["102", "122"], ["51", "102"]]
    assert desk.rows(fine).equals(desk.here(fine))


def test_a_sweep_of_which_all_is_known_needs_no_server(
    sweep_root: Path, desk: Desk, sweep_worker: WorkerProcess
) -> None:
    assert sweep_worker.process.poll() is None
    facts = json.loads(desk.sweep(spec(*GRIDS), "--json").stdout)["data"]
    away = Desk(sweep_root, "redis://127.0.0.1:1/0", desk.results)
    reordered = spec(*reversed(GRIDS), tag_prefix="again")
    for sweep, flags in ((reordered, ()), (spec(*GRIDS, sample={"n": 9}), ("--local",))):
        answer = away.sweep(sweep, "--json", *flags)
        assert answer.returncode == 0, answer.stderr
        assert answer.stderr.endswith("\n0 configs computed\n")
        assert json.loads(answer.stdout)["data"] == facts
        assert away.rows(sweep).equals(away.here(sweep))


@pytest.mark.usefixtures("sweep_worker")
def test_a_new_config_that_ends_its_process_is_found_among_known_ones(desk: Desk) -> None:
    assert desk.sweep(spec({**SPREADS, "num": 7})).returncode == 0
    sweep = spec({**SPREADS, "num": 13}, tag="exit:9@35")
    answer = desk.sweep(sweep, "--json")
    summary = json.loads(answer.stdout)
    assert (summary["succeeded"], summary["failed"]) == (12, 1)
    assert [*summary["copied"].values()] == [7]
    sound = pl.col("config_number") != 7
    assert desk.rows(sweep).filter(sound).equals(desk.here(sweep).filter(sound))
    untagged = spec({**SPREADS, "num": 13})
    again = json.loads(desk.sweep(untagged, "--json").stdout)
    assert (again["succeeded"], sum(again["copied"].values())) == (13, 12)
    assert desk.rows(untagged).equals(desk.here(untagged))


def test_a_killed_client_of_a_grown_sweep_finds_what_it_had_sent(
    lonely: Desk, tmp_path: Path
) -> None:
    """And `--collect` keeps it; of a source that is gone, what it had is computed."""
    coarse, fine = spec({**SPREADS, "num": 31}), spec(SPREADS)
    run_sweep_in(lonely, coarse)
    lonely.with_chunks_of(4, fine)
    client = lonely.start(fine)
    wait_until(lambda: len(lonely.open_chunks(fine)) == 8, "all chunks are sent")
    client.kill()
    client.communicate()
    with running_worker(lonely.url, lonely.root, tmp_path / "1") as worker:
        wait_until(lambda: not lonely.open_chunks(fine), "the chunks end without their client")
        collected = lonely.sweep(fine, "--collect", "--json")
        assert (collected.returncode, json.loads(collected.stdout)["succeeded"]) == (0, 61)
        assert lonely.rows(fine).equals(lonely.here(fine))
        lonely.folder(fine).path.with_suffix(".json").unlink()
        lonely.folder(coarse).path.with_suffix(".json").unlink()
        before, wide = len(worker.events("job.finished")), spec(SPREADS, GRIDS[1])
        lonely.with_chunks_of(122, wide)
        assert lonely.sweep(wide).returncode == 0
        assert sent_since(worker, before) == ["0-122"]


def run_sweep_in(desk: Desk, sweep: dict[str, Any]) -> None:
    """Run a sweep in this process and keep its rows where the desk keeps them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk.root)
        run_sweep(SweepSpec(**sweep), results_dir=desk.results)
