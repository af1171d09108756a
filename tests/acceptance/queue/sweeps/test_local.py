"""`arbtune sweep --local`: a server and workers of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.queue.sweeps.desk import GRIDS, Desk, one_sentence
from tests.helpers.inputs.sweeps import spec
from worker.client.sweeps.in_queue import NO_CHUNKS


@pytest.mark.usefixtures("one_core")
def test_a_sweep_of_its_own_server_and_workers(sweep_root: Path, tmp_path: Path) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    desk = Desk(sweep_root, nowhere, tmp_path / "results")
    before = desk.sweep(spec(*GRIDS), "--local", "--status")
    assert (before.returncode, before.stderr) == (1, "")
    assert before.stdout.endswith("no results yet\n")
    answer = desk.sweep(spec(*GRIDS), "--local", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["succeeded"] == 28
    assert desk.rows(spec(*GRIDS)).equals(desk.here(spec(*GRIDS)))
    for flags in (("--status",), ("--local", "--status"), ("--local",), ()):  # all without a server
        again = desk.sweep(spec(*GRIDS), *flags, "--json")
        assert (again.returncode, again.stderr) == (0, "")
        found = json.loads(again.stdout)
        assert found.pop("chunks", NO_CHUNKS) == NO_CHUNKS
        assert found == json.loads(answer.stdout)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/passwd", "is outside the data root: '/etc/passwd'"),
        ("none.csv", "Data file not found: "),
    ],
)
def test_a_file_that_own_workers_cannot_read_is_told_before_they_start(
    sweep_root: Path, tmp_path: Path, name: str, words: str
) -> None:
    desk = Desk(sweep_root, "redis://127.0.0.1:1/0", tmp_path / "results")
    said = one_sentence(desk.sweep(spec(*GRIDS, data_file=name), "--local"))
    assert words in said.removeprefix("arbtune: data_file ")
    assert str(sweep_root) in said


@pytest.mark.parametrize("flag", ["--collect", "--cancel"])
def test_a_server_of_its_own_has_nothing_to_look_at(
    sweep_root: Path, tmp_path: Path, flag: str
) -> None:
    desk = Desk(sweep_root, "redis://127.0.0.1:1/0", tmp_path / "results")
    assert "--local is for running" in one_sentence(desk.sweep(spec(*GRIDS), "--local", flag))
