"""The examples that `--help` shows of what is asked of results, settings and the queue, run."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
from pathlib import Path

import pytest

from arbitrage.sweep import SweepSpec, run_sweep
from worker.cli import main
from worker.commands.program import COMMANDS

# Where other reports are made: the first pays for the library that draws.
pytestmark = pytest.mark.xdist_group("unit/results/report")

ROOT = Path(__file__).resolve().parents[3]
ASKING = (
    *("sweeps", "results", "explain", "export", "verdict", "walk-forward", "report"),
    *("top", "workers", "init", "config", "completion"),
)
ELSEWHERE = (  # what they are about is not here
    "arbtune run --data-file data/sample_arbitrage_prices.csv",  # README has it
    "--folds 7 --train 2d",  # a file of some weeks
)


def examples() -> list[str]:
    found = [
        example
        for name in ("run", *ASKING)
        for example in importlib.import_module(COMMANDS[name][0]).EXAMPLES
    ]
    return [one for one in found if not any(part in one for part in ELSEWHERE)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data file, a spec, and the results of that and of the sample's."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(ROOT / "data", folder / "data")
    shutil.copy(folder / "data" / "sample_arbitrage_prices.csv", folder / "quotes.csv")
    spec = (ROOT / "data" / "sweep.yaml").read_text(encoding="utf-8")
    (folder / "sweep.yaml").write_text(
        spec.replace("data/sample_arbitrage_prices.csv", "quotes.csv"), encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for path in ("data/sweep.yaml", "sweep.yaml"):
            run_sweep(SweepSpec.from_file(path), results_dir="results")
    return folder


@pytest.mark.parametrize("example", examples())
def test_it_works(
    example: str, place: Path, own_redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("ARBTUNE_REDIS_URL", own_redis_url)
    if "arbtune init" in example:
        (place / "sweep.yaml").unlink(missing_ok=True)
    [called] = re.findall(r"\barbtune (.*)", example)
    line = re.split(r" > |\)", called)[0]  # what the shell takes of it
    nobody_works = line.startswith("workers")
    assert main(shlex.split(line)) == (1 if nobody_works else 0)
