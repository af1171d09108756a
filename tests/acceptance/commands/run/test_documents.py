"""One job, one command: what goes to stdout, to stderr, and to files."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from arbitrage.arbitrage_tuning import TuningConfig
from scripts import run_arbitrage_tuning
from tests.acceptance.commands.run.running import RUN_ARBTUNE, RUN_MODULE, flags, here, start
from tests.conftest import JOB, quotes_csv
from tests.helpers.oracles.terms import plain_sum
from worker import cli


def test_the_document_goes_to_stdout_and_nothing_else_does(folder: Path) -> None:
    ran = start([*RUN_MODULE, *flags()], folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    document = json.loads(ran.stdout)
    assert list(document) == ["status", "config", "metrics", "config_summary", "version"]
    assert document["status"] == "success"
    assert document["config"] == TuningConfig(**JOB).model_dump()
    assert document["config_summary"] == document["metrics"]["config_summary"]
    assert set(document["config_summary"]) == {
        *(set(TuningConfig.model_fields) - {"extra"}),
        "snapshots_count",
        "skipped_snapshots",
        "stale_snapshots",
        "data_sha256",
        "engine_version",
    }


def test_arbtune_run_is_the_same_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = []
    for command in (run_arbitrage_tuning.main, lambda given: cli.main(["run", *given])):
        assert here(flags(), folder, monkeypatch, command) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        documents.append(json.loads(printed.out))
        documents[-1]["metrics"].pop("runtime_seconds")
    assert documents[0] == documents[1]


def test_a_terminal_is_told_in_short_beside_the_document(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    below_zero = "2024-01-01T00:02:00Z,-5,-4,100,101\n"
    (folder / "quotes.csv").write_text(quotes_csv() + below_zero, encoding="utf-8")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal, monkeypatch.context() as patched:
        patched.setattr("sys.stderr", terminal)
        assert here(flags(), folder, monkeypatch) == 0
    told = os.read(ours, 65_536).decode().splitlines()
    os.close(ours)
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    net, realized = metrics["net_pnl_usd"], metrics["realized_pnl_usd"]
    assert told == [
        f"{metrics['total_trades']} trades, 0 of them still open",
        f"net profit {net:.2f} USD, realized {realized:.2f} USD",
        f"drawdown {metrics['max_drawdown_pct']:.2f} %, not stopped",
        "1 of 101 rows skipped: an empty, crossed or locked book",
    ]
    assert metrics["total_trades"] > 0


def test_a_stop_is_told_and_nothing_of_rows_where_none_was_skipped() -> None:
    metrics = {
        "total_trades": 1234,
        "open_trades": 1,
        "net_pnl_usd": -2000.5,
        "realized_pnl_usd": -1999.0,
        "max_drawdown_pct": 20.004,
        "stopped_timestamp": "2024-01-01T00:00:59Z",
        "config_summary": {
            "snapshots_count": 5,
            "skipped_snapshots": 0,
            "stale_snapshots": 0,
        },
    }
    assert run_arbitrage_tuning._in_short(metrics).splitlines() == [
        "1,234 trades, 1 of them still open",
        "net profit -2,000.50 USD, realized -1,999.00 USD",
        "drawdown 20.00 %, stopped by it at 2024-01-01T00:00:59Z",
    ]


def test_a_document_goes_whole_into_a_file_whose_folders_are_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = folder / "a" / "b.json"
    assert here(["--output-json", str(output), *flags()], folder, monkeypatch) == 0
    assert capsys.readouterr().out == ""
    assert json.loads(output.read_text(encoding="utf-8"))["status"] == "success"


@pytest.mark.parametrize("output", ["quotes.csv/x.json", ".", "a\0b"])
def test_a_document_that_cannot_be_written_exits_1(
    output: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert here(["--output-json", output, *flags()], folder, monkeypatch) == 1
    assert capsys.readouterr().err.startswith("arbtune: cannot write ")


def test_a_reader_that_leaves_early_causes_no_complaint(folder: Path) -> None:
    command = [sys.executable, *RUN_ARBTUNE, *flags()]
    buffered = {name: value for name, value in os.environ.items() if name[:6] != "PYTHON"}
    with subprocess.Popen(
        command, cwd=folder, env=buffered, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_document_may_go_to_a_pipe_by_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = os.pipe()
    assert here([*flags(), "--output-json", f"/dev/fd/{theirs}"], folder, monkeypatch) == 0
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as pipe:
        assert json.load(pipe)["status"] == "success"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["trades.csv", "deep/trades.parquet"])
def test_the_trades_go_to_a_file_and_the_document_is_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    documents = []
    for more in ([], [f"--trades={name}"]):
        assert here([*flags(), *more], folder, monkeypatch) == 0
        documents.append(json.loads(capsys.readouterr().out))
        documents[-1]["metrics"].pop("runtime_seconds")
    assert documents[0] == documents[1]
    read = pl.read_csv if name.endswith(".csv") else pl.read_parquet
    trades = read(folder / name)
    assert trades.height == documents[0]["metrics"]["total_trades"] > 0
    earned = plain_sum(trades["pnl_usd"].drop_nulls())
    assert earned == documents[0]["metrics"]["realized_pnl_usd"]


def test_trades_that_cannot_be_written_are_an_error_of_the_job(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*flags(), "--trades=quotes.csv/t.csv", "--output-json=out.json"]
    assert here(arguments, folder, monkeypatch) == 1
    assert "cannot write quotes.csv/t.csv: " in capsys.readouterr().err
    document = json.loads((folder / "out.json").read_text())
    assert document["error"]["message"].startswith("cannot write quotes.csv/t.csv")


def test_the_trades_do_not_go_where_the_document_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*flags(), "--trades=here.csv", "--output-json=./here.csv"]
    assert here(arguments, folder, monkeypatch) == 1
    assert "--trades and --output-json name the same file: " in capsys.readouterr().err
