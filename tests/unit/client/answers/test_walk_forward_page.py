"""What people read of a walk-forward, and where the command finds and keeps what it needs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arbitrage.replay import many_configs
from arbitrage.results.store.known_sweeps import known_sweeps
from arbitrage.results.walk_forward.outcome import WalkForward
from arbitrage.sweep import SweepSpec, walk_forward
from tests.conftest import quotes_csv
from tests.helpers.inputs.sweeps import spec
from worker.cli import main
from worker.client.walk_forward.page import WIDTH, page

SWEEP = spec(
    {"name": "min_spread_bps", "values": [5, 10, 20, 40]},
    {"name": "max_open_trades", "values": [1, 2]},
)
WINDOWS = ["--folds=3", "--train=39s", "--test=20s"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file and a spec; the server is away."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARBTUNE_REDIS_URL", "redis://127.0.0.1:1/0")
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    (tmp_path / "spec.json").write_text(json.dumps(SWEEP), encoding="utf-8")
    return tmp_path


def here(**fields: Any) -> WalkForward:
    sweep = SweepSpec.from_data({**SWEEP, **fields})
    return walk_forward(sweep, folds=3, train="39s", test="20s")


@pytest.mark.usefixtures("desk")
def test_the_page_tells_each_fold_and_what_is_kept() -> None:
    found = here()
    lines = list(page(found))
    assert max(map(len, lines)) <= WIDTH
    text = "\n".join(lines)
    for fold in found.folds:
        assert f" {fold.config_number} " in text
        assert f"{fold.out_of_sample.net_usd_per_hour:,.2f}" in text
    assert found.kept_share is not None
    assert f"kept: {found.kept_share:.0%} of the profit an hour" in text
    usd = sum(fold.out_of_sample.net_pnl_usd for fold in found.folds)
    assert f"in all: {usd:,.2f} USD out of sample, in 1m" in lines
    assert "max_open_trades: 2 wherever one was chosen" in text
    assert "chosen on 39s, judged on the 20s that follow" in text


@pytest.mark.usefixtures("desk")
def test_the_page_says_why_a_fold_stands_aside_and_how_parameters_move() -> None:
    found = here(slippage_bps=500)
    assert "stands aside: no config traded" in "\n".join(page(found))
    assert "kept: nothing to keep" in "\n".join(page(found))
    first, second, third = here().folds
    moved = replace(second, parameters={**second.parameters, "min_spread_bps": 40.0})
    text = "\n".join(page(replace(here(), folds=[first, moved, third])))
    assert "min_spread_bps: 10 40 10 (moves twice)" in text
    loser = replace(second.out_of_sample, net_pnl_usd=-1e4)
    losing = replace(here(), folds=[replace(second, out_of_sample=loser)])
    assert "the chosen configs lost money" in "\n".join(page(losing))


def test_the_command_says_what_python_says_and_keeps_it(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["walk-forward", "spec.json", *WINDOWS, "--json"]) == 0
    printed, told = capsys.readouterr()
    assert told == "no worker at redis://127.0.0.1:1/0: training in this process\n"
    found = here()
    assert json.loads(printed) == json.loads(json.dumps(found.as_json()))
    kept = desk / "results" / f"{found.sweep_id}.walk-forward.json"
    assert WalkForward.read(kept) == found
    assert list(known_sweeps(desk / "results")) == []  # no window is taken for a sweep
    # What is trained is on disk: the command goes through the test windows alone.
    computed: list[int] = []
    replay = many_configs.replay

    def counted(data: Any, columns: Any, count: int) -> Any:
        computed.append(count)
        return replay(data, columns, count)

    monkeypatch.setattr("arbitrage.results.store.computing.replay", counted)
    assert main(["walk-forward", "spec.json", *WINDOWS]) == 0
    printed, told = capsys.readouterr()
    assert (computed, told) == ([], "")
    assert printed.endswith(f"kept in results/{found.sweep_id}.walk-forward.json\n")
    assert main(["walk-forward", "spec.json", "--folds=2", *WINDOWS[1:]]) == 0
    assert computed == []  # these are the last two of the three windows
    assert main(["walk-forward", "spec.json", "--folds=1", "--train=30s", "--test=20s"]) == 0
    assert computed == [8]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--folds=0", "--train=1h", "--test=1h"], "folds is 0: take 1 to 1,000"),
        (["--folds=2", "--train=1", "--test=1h"], "'1' is not a duration: "),
        (["--folds=2", "--train=1h", "--test=1h"], "'quotes.csv' spans 1m 39s, from 2024-01-01T"),
    ],
)
@pytest.mark.usefixtures("desk")
def test_what_does_not_fit_is_refused_in_a_sentence(
    flags: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["walk-forward", "spec.json", *flags]) == 1
    printed, told = capsys.readouterr()
    assert printed == ""
    assert sentence in told
    assert told.count("\n") == 1


def test_a_file_that_is_not_here_is_named(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "quotes.csv").unlink()
    assert main(["walk-forward", "spec.json", *WINDOWS]) == 1
    assert "Data file not found: " in capsys.readouterr().err
