"""A job that cannot run: a line, an error document, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arbitrage.shell.console import EXIT_UNEXPECTED, run_command
from scripts import run_arbitrage_tuning
from tests.acceptance.commands.run.running import RUN_MODULE, flags, here, start


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


def test_an_extra_too_deep_to_parse_is_a_wrong_argument(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here(flags(extra="[" * 30_000), folder, monkeypatch) == 1
