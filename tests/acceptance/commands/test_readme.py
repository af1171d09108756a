"""Every command and every program of the README, run as a newcomer would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from arbitrage.arbitrage_tuning import TuningConfig, TuningMetrics
from tests.conftest import running_worker

# Each with names of its own; what all of them import is imported once.
EACH_PROGRAM = "import sys\nfor program in sys.argv[1:]: exec(program, {'__name__': '__main__'})"

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def environment(url: str | None = None, root: Path | None = None) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = {name: value for name, value in os.environ.items() if not name.startswith("ARBTUNE_")}
    settings = {"ARBTUNE_REDIS_URL": url, "ARBTUNE_DATA_ROOT": str(root) if root else None}
    return {**found, "PATH": path, **{name: value for name, value in settings.items() if value}}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a newcomer's folder holds of data; the program is installed already."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    return tmp_path


def shell(script: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    two = next(block for block in blocks("sh") if "make" in block)
    assert two == "make demo\nmake test\n"
    for command in two.splitlines():
        dry = subprocess.run(
            [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert dry.returncode == 0, dry.stderr


def test_the_demo_ranks_and_leaves_nothing_behind(checkout: Path) -> None:
    demo = shell("arbtune demo", checkout, environment())
    assert demo.returncode == 0, demo.stderr
    assert "all stopped again" in demo.stderr
    *_, said = demo.stderr.splitlines()
    assert said == "report: results/demo.html"
    assert "The best config" in (checkout / "results/demo.html").read_text()
    lines = demo.stdout.splitlines()
    assert "Ranking by net profit" in lines[0]
    assert len(lines) < 24  # of a terminal, with the first of the ranking still in sight
    assert max(map(len, lines)) <= 80
    what_next = lines.index("What to try next:")
    assert all(line.startswith("  arbtune ") for line in lines[what_next + 1 :])
    assert "{" not in demo.stdout


def test_one_job_by_hand(checkout: Path) -> None:
    by_hand = [
        block for block in blocks("sh") if "--min-spread-bps" in block and "enqueue" not in block
    ]
    assert len(by_hand) == 2
    first, second = (shell(block, checkout, environment()) for block in by_hand)
    assert json.loads(first.stdout)["status"] == "success", first.stderr
    assert (second.returncode, second.stdout) == (0, ""), second.stderr
    written = json.loads((checkout / "results/try-1.json").read_text(encoding="utf-8"))
    assert written["config"]["tag"] == "try-1"


def test_many_jobs_with_a_server_of_their_own(checkout: Path) -> None:
    [script] = [block for block in blocks("sh") if "--local --jobs" in block]
    answer = shell(script, checkout, environment())
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("  success  ") == 4


def test_a_sweep_and_the_same_sweep_again(checkout: Path) -> None:
    [script] = [block for block in blocks("sh") if "arbtune sweep data/sweep.yaml" in block]
    answer = shell(script, checkout, environment())
    assert answer.returncode == 0, answer.stderr
    [shown] = blocks("text")
    printed = "\n".join(line.rstrip() for line in answer.stdout.splitlines())
    assert shown in printed
    best = json.loads(answer.stdout.splitlines()[-1])
    assert (best["total"], best["succeeded"]) == (51, 51)


def test_a_file_is_looked_at_and_swept_with_the_spec_that_follows(checkout: Path) -> None:
    [script] = [block for block in blocks("sh") if "data check data/sample" in block]
    answer = shell(script, checkout, environment())
    assert answer.returncode == 0, answer.stderr
    looked, swept = answer.stdout.split("\nsweep ")
    assert "20,000; 31 are not tradable" in looked
    assert "The best by net_pnl_usd" in swept


def test_three_commands_from_raw_files_to_a_ranked_sweep(checkout: Path) -> None:
    [script] = [block for block in blocks("sh") if "data align" in block]
    assert script.count("\n") == 3
    answer = shell(script, checkout, environment())
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("aligned.parquet: 7,999 rows\n")
    assert "The best by net_pnl_usd" in answer.stdout


def test_workers_enqueueing_and_programs_on_a_real_server(
    own_redis_url: str, checkout: Path, tmp_path: Path
) -> None:
    env = environment(own_redis_url, checkout)
    [jobs_file] = [block for block in blocks("sh") if "--local --jobs" in block]
    shell(jobs_file.rsplit("arbtune", 1)[0], checkout, env)
    [start] = [block for block in blocks("sh") if "arbtune worker" in block]
    assert start.splitlines()[-1] == "arbtune worker --concurrency 2"
    [commands] = [block for block in blocks("sh") if "arbtune status" in block]
    # One process, which takes jobs in turn: the block asks after the first when others have ended.
    with running_worker(own_redis_url, checkout, tmp_path / "log"):
        answer = shell(commands, checkout, env)
        assert answer.returncode == 0, answer.stderr + answer.stdout
        assert "first  success" in answer.stdout
        ran = subprocess.run(
            [sys.executable, "-c", EACH_PROGRAM, *blocks("python")],
            cwd=checkout,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr


def test_the_sweep_is_the_example_in_data() -> None:
    [block] = blocks("yaml")
    assert block == (ROOT / "data/sweep.yaml").read_text(encoding="utf-8")


def test_every_field_is_explained() -> None:
    for name in [*TuningConfig.model_fields, *TuningMetrics.model_fields]:
        assert f"`{name}`" in README, name


def test_every_documented_setting_exists_with_its_default() -> None:
    from dataclasses import fields

    from worker.settings import Settings

    documented = set(re.findall(r"`ARBTUNE_([A-Z_]+)`", README))
    known = {field.name.upper() for field in fields(Settings)}
    assert documented <= known | {"CACHE_DIR"}  # which the domain reads


def test_the_documents_are_json() -> None:
    [block] = blocks("json")
    assert [json.loads(line)["status"] for line in block.splitlines()] == ["success", "error"]
