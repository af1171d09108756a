"""What `arbtune sweeps` and `arbtune results` print: in a pipe, on a terminal, for programs."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.rows import sweep_rows
from arbitrage.shell.console import run_command
from tests.helpers.inputs.sweeps import spec
from tests.helpers.terminals import COLUMNS, ROWS, on_terminal, open_terminal, read_all
from worker.commands.answers import export as export_command
from worker.commands.answers import results as results_command
from worker.commands.answers import sweeps as sweeps_command

GRIDS = (
    {"name": "min_spread_bps", "start": 0, "stop": 0.3, "step": 0.1},
    {"name": "slippage_bps", "values": [0, 1]},
)
TOTAL = 8
ENVIRONMENT = {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}


def keep(results_dir: Path, sweep_id: str, age_s: int, **fields: Any) -> None:
    """A sweep whose net profit is 1.5 times its config number, written so many seconds ago."""
    sweep = SweepSpec(**spec(*GRIDS, **fields))
    folder = SweepFolder(results_dir, sweep_id)
    figures: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, np.ones(TOTAL, np.int64))
    figures |= {"stopped_timestamp": [None] * TOTAL, "net_pnl_usd": np.arange(TOTAL) * 1.5}
    with folder.exclusively():
        folder.describe(sweep, "0" * 64, "2")
        folder.write_part(sweep_rows(sweep, 0, TOTAL, figures, {}))
    path = results_dir / f"{sweep_id}.json"
    moment = path.stat().st_mtime - age_s
    os.utime(path, (moment, moment))


@pytest.fixture
def results_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARBTUNE_RESULTS_DIR", str(tmp_path))
    keep(tmp_path, "a" * 16, age_s=10)
    keep(tmp_path, "b" * 16, age_s=20, latency_a_ms=50, rank_by="win_rate")
    return tmp_path


def sweeps(*flags: str) -> int:
    return run_command("arbtune sweeps", sweeps_command, [*flags])


def results(*flags: str) -> int:
    return run_command("arbtune results", results_command, [*flags])


def in_cells(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text), delimiter="\t")]


@pytest.fixture
def on_own_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Call a command in this process; the lines that a terminal shows."""

    def lines_of(command: Callable[..., int], *flags: str) -> list[str]:
        ours, theirs = open_terminal()
        with os.fdopen(theirs, "w") as terminal, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            for name, value in ENVIRONMENT.items():
                patch.setenv(name, value)
            assert command(*flags) == 0
            terminal.flush()
        return lines_of_screen(read_all(ours))

    return lines_of


def lines_of_screen(shown: str) -> list[str]:
    lines = shown.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert max(map(len, lines)) <= COLUMNS
    return lines


def refuse_to_list(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """As a folder does whose rights are missing; root, who may run the tests, has all."""
    listed = Path.iterdir

    def refusing(path: Path) -> Iterator[Path]:
        if path == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refusing)


def test_rows_that_nobody_may_read_are_a_sentence(
    results_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = results_dir / ("a" * 16)
    refuse_to_list(monkeypatch, folder)
    told = f"cannot read the results in {folder}: Permission denied"
    assert sweeps() == 0
    closed, other = in_cells(capsys.readouterr().out)
    assert (closed["DONE"], closed["ERROR"]) == ("0", told)
    assert (other["DONE"], other["ERROR"]) == (str(TOTAL), "")
    assert results("latest") == 1
    assert told in capsys.readouterr().err


def test_a_part_that_nobody_may_read_is_not_to_be_deleted(
    results_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    [part] = (results_dir / ("a" * 16)).glob("part-*")
    part.write_bytes(b"closed")
    monkeypatch.setattr("arbitrage.results.store.folder.pl.read_parquet", refusing)
    assert results("latest") == 1
    told = capsys.readouterr().err
    assert f"cannot read the results in {part}: Permission denied" in told
    assert "delete" not in told


@pytest.mark.usefixtures("results_dir")
def test_more_lines_than_64_bits_count_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert results("latest", f"--top={sys.maxsize}") == 0
    assert len(in_cells(capsys.readouterr().out)) == TOTAL
    assert results("latest", f"--top={sys.maxsize + 1}") == 1
    assert f"--top: must be at most {sys.maxsize:,}, not" in capsys.readouterr().err


@pytest.mark.usefixtures("results_dir")
def test_sweeps_are_listed_in_cells(capsys: pytest.CaptureFixture[str]) -> None:
    assert sweeps() == 0
    first, second = in_cells(capsys.readouterr().out)
    assert first == {
        "SWEEP": "a" * 16,
        "DONE": "8",
        "TOTAL": "8",
        "RANK_BY": "net_pnl_usd",
        "BEST": "10.5",
        "DATA_FILE": "quotes.csv",
        "SPEC": "min_spread_bps 0 to 0.3 (4 values); slippage_bps 0, 1",
        "ERROR": "",
    }
    assert (second["RANK_BY"], second["BEST"]) == ("win_rate", "1")
    assert sweeps("--limit=1") == 0
    assert len(in_cells(capsys.readouterr().out)) == 1


def test_sweeps_for_programs_have_the_best_as_a_job(
    results_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [part] = (results_dir / ("b" * 16)).glob("*.parquet")
    part.write_bytes(b"damaged")
    (results_dir / "foreign.json").write_text("{}")

    assert sweeps("--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["best"]["config_number"] == 7
    assert first["best"]["config"] == SweepSpec(**spec(*GRIDS)).config(7).model_dump()
    assert first["best"]["metrics"]["net_pnl_usd"] == 10.5
    assert (first["done"], first["total"], first["error"]) == (8, 8, None)
    assert second["best"] is None
    assert f"the results in {part} cannot be read" in second["error"]


@pytest.mark.usefixtures("results_dir")
def test_results_are_cells_with_all_digits(capsys: pytest.CaptureFixture[str]) -> None:
    assert results("a", "--top=2", "--neighbours=net_pnl_usd") == 0
    first, second = in_cells(capsys.readouterr().out)
    assert (first["config_number"], second["config_number"]) == ("7", "6")
    assert first["min_spread_bps"] == "0.3"
    assert second["stop_on_drawdown_pct"] == ""
    assert first["neighbours_median"] == "8.25"  # of 5 and 6


@pytest.mark.usefixtures("results_dir")
def test_results_for_programs_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        results(
            "aaaa", "b", "--sort=net_pnl_usd:up", "--by=slippage_bps", "--by=slippage_bps", "--json"
        )
        == 0
    )
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["sweep_id"][0], line["config_number"]) for line in lines] == [("a", 0), ("a", 1)]
    assert lines[1]["slippage_bps"] == 1
    assert "neighbours_median" not in lines[0]
    assert results("a", "a", "aaa", "--json") == 0
    assert len(capsys.readouterr().out.splitlines()) == TOTAL  # each config once


@pytest.mark.usefixtures("results_dir")
def test_neighbours_are_by_the_rank_of_the_spec(capsys: pytest.CaptureFixture[str]) -> None:
    assert results("b", "--sort=neighbours_median", "--json") == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["neighbours_median"] for line in shown} == {1.0}
    assert results("a", "--sort=neighbours_median", "--json", "--top=1") == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["config_number"], first["neighbours_median"]) == (6, 8.25)  # of 4 and 7


@pytest.mark.usefixtures("results_dir")
@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["q"], "no sweep 'q' in"),
        (["a", "--sort=net_pnl_usd:sideways"], "--sort takes FIGURE, FIGURE:up or FIGURE:down"),
        (["a", "--sort=net_pnl"], "--sort: no such column: 'net_pnl': did you mean net_pnl_usd?"),
        (["a", "--where=x > 1"], "--where: rows have no column 'x'"),
        (["a", "--top=-1"], "must be a whole number"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    flags: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert results(*flags) == 1
    said = capsys.readouterr().err
    assert said.startswith("arbtune: ")
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.usefixtures("results_dir")
def test_a_terminal_gets_a_table_that_fits() -> None:
    """A process of its own: what is told of its terminal is true of any."""
    command = [sys.executable, "-m", "worker.cli", "results", "a", "b", "--by", "sweep_id"]
    status, shown = on_terminal(command, {**os.environ, "NO_COLOR": "1"})
    assert status == 0, shown
    lines = lines_of_screen(shown)
    text = "\n".join(lines)
    assert lines[0] == f"sweep {'a' * 16}: 8 of 8; latency_a_ms 0"
    assert lines[1] == f"sweep {'b' * 16}: 8 of 8; latency_a_ms 50"
    assert "by net_pnl_usd, the highest first, the first of each sweep_id" in text
    assert [line.split()[:3] for line in lines if line.startswith(("a", "b"))][-2:] == [
        ["aaaaaaaa", "7", "0.3"],
        ["bbbbbbbb", "7", "0.3"],
    ]


@pytest.mark.usefixtures("results_dir")
def test_a_terminal_gets_a_picture_of_one_sweep(on_own_terminal: Callable[..., list[str]]) -> None:
    title = "best net_pnl_usd: min_spread_bps down, slippage_bps across"
    assert title in "\n".join(on_own_terminal(results, "a"))
    for words in (["a", "b"], ["a", "--where", "total_trades > 1"], ["a", "--sort", "win_rate"]):
        assert title not in "\n".join(on_own_terminal(results, *words))


def test_a_terminal_gets_two_lines_a_sweep(
    results_dir: Path, on_own_terminal: Callable[..., list[str]]
) -> None:
    keep(results_dir, "c" * 16, age_s=0, tag_prefix="x", max_holding_seconds=5)
    lines = on_own_terminal(sweeps)
    assert lines[0] == f"{'c' * 16}  8 of 8, best net_pnl_usd 10.50"
    assert lines[1] == "  quotes.csv: min_spread_bps 0 to 0.3 (4 values); slippage_bps 0, 1"
    assert len(lines) == 6


def test_no_sweeps_are_no_error(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    on_own_terminal: Callable[..., list[str]],
) -> None:
    monkeypatch.setenv("ARBTUNE_RESULTS_DIR", str(tmp_path))
    assert on_own_terminal(sweeps) == ["no sweeps yet: arbtune sweep SPEC runs one"]


def test_a_sweep_is_exported(results_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = results_dir / "rows.csv"
    assert run_command("arbtune export", export_command, ["latest", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"8 of 8 configs written to {path}\n"
    assert len(path.read_text().splitlines()) == 1 + TOTAL
    assert run_command("arbtune export", export_command, ["b", f"-o={path}", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"output": str(path), "sweep_id": "b" * 16, "written": TOTAL}


@pytest.mark.usefixtures("results_dir")
@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("rows.xlsx", "'rows.xlsx' ends in none of .csv, .parquet, .jsonl, .optuna.log"),
        ("/proc/rows.csv", "cannot write '/proc/rows.csv'"),
        ("", "is a folder: name a file in it"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_sentence(
    output: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("arbtune export", export_command, ["latest", "-o", output]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
