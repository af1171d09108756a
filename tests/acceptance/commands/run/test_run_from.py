"""`arbtune run --from SWEEP:N`: a config of a sweep, and what flags change of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arbitrage.sweep import SweepSpec, run_sweep
from tests.conftest import quotes_csv
from tests.helpers.inputs.sweeps import spec
from worker.cli import main


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepSpec:
    """A finished sweep over a file of the data root."""
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(tmp_path))
    grid = {"name": "min_spread_bps", "start": 0.1, "stop": 60, "num": 7}
    found = SweepSpec(**spec(grid, {"name": "stop_on_drawdown_pct", "values": [None, 50.5]}))
    run_sweep(found, results_dir="results")
    return found


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["run", *arguments]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_the_config_is_that_of_the_sweep(
    sweep: SweepSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = run_sweep(sweep)
    for number in range(sweep.total):
        config = sweep.config(number).model_dump(mode="json")
        found = document(capsys, "--from", f"latest:{number}")
        assert found["config"] == {**config, "data_file": str(tmp_path / "quotes.csv")}
        assert found["metrics"]["net_pnl_usd"] == rows["net_pnl_usd"][number]  # type: ignore[index]


def test_without_a_number_it_is_the_best_and_flags_change_it(
    sweep: SweepSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    best = run_sweep(sweep)["net_pnl_usd"].max()

    found = document(capsys, "--from", "latest")
    changed = document(capsys, "--from", "latest", "--slippage-bps", "1.25", "--tag", "mine")

    assert found["metrics"]["net_pnl_usd"] == best  # type: ignore[index]
    assert changed["config"] == {**found["config"], "slippage_bps": 1.25, "tag": "mine"}  # type: ignore[dict-item]


@pytest.mark.usefixtures("sweep")
def test_data_that_have_changed_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "quotes.csv").write_text(quotes_csv(20), encoding="utf-8")

    assert main(["run", "--from", "latest:3"]) == 0
    assert "quotes.csv has changed since sweep" in capsys.readouterr().err


@pytest.mark.usefixtures("sweep")
def test_a_sweep_or_a_config_that_is_not_there_leaves_its_error_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "document.json"
    for word, sentence in (
        ("nobody:1", "no sweep 'nobody' in results: see arbtune sweeps"),
        ("latest:99", "'latest:99': the sweep has configs 0 to 13, as its rows say"),
    ):
        assert main(["run", "--from", word, "--output-json", str(output)]) == 1
        assert capsys.readouterr().err == f"arbtune: {sentence}\n"
        assert json.loads(output.read_text())["error"]["message"] == sentence
