"""Output that nobody takes, streams that a shell has closed, a Ctrl-C while a command starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.commands.run.running import flags
from tests.conftest import quotes_csv
from worker.cli import main

ARBTUNE = [sys.executable, "-m", "worker.cli"]
FULL = "arbtune: cannot write the output: No space left on device\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    return tmp_path


def arbtune(
    arguments: list[str], redirections: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run it as a shell does; buffered, whatever the environment of the tests says."""
    buffered = {name: value for name, value in os.environ.items() if name[:6] != "PYTHON"}
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *ARBTUNE, *arguments],
        cwd=folder,
        env={**buffered, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["--version"], ["run", "--help"], ["dead", "list", "--help"]]
)
def test_a_help_for_which_there_is_no_room_is_a_line_and_status_1(
    arguments: list[str], folder: Path
) -> None:
    ran = arbtune(arguments, ">/dev/full", folder)
    assert (ran.returncode, ran.stderr) == (1, FULL)


@pytest.mark.parametrize("length", [10, 15_000])
def test_a_result_for_which_there_is_no_room_is_a_line_and_status_1(
    length: int, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within the buffer it is found out at the end; a large `extra` does not fit into it."""
    monkeypatch.chdir(folder)
    extra = f'{{"a": "{"x" * length}"}}'
    with Path("/dev/full").open("w", encoding="utf-8") as full, monkeypatch.context() as patched:
        patched.setattr("sys.stdout", full)
        assert main(["run", *flags(extra=extra)]) == 1
    assert capsys.readouterr().err == FULL


def test_an_error_for_which_there_is_no_room_keeps_its_status(folder: Path) -> None:
    ran = arbtune(["status"], ">/dev/full 2>/dev/full", folder)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "")


def test_closed_streams_are_empty_ones(folder: Path) -> None:
    arguments = ["run", *flags(), "--output-json", "out.json"]
    ran = arbtune(arguments, "<&- >&- 2>&-", folder)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert (folder / "out.json").exists()


def test_what_goes_to_a_closed_stdout_goes_nowhere(folder: Path) -> None:
    ran = arbtune(["--version"], ">&-", folder)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_an_error_does_not_go_to_stdout_where_stderr_is_closed(folder: Path) -> None:
    ran = arbtune(["status"], "2>&-", folder)
    assert (ran.returncode, ran.stdout) == (1, "")


def test_no_job_comes_from_a_closed_stdin(folder: Path) -> None:
    ran = arbtune(["enqueue", "--jobs", "-"], "<&-", folder)
    assert ran.returncode == 1
    assert ran.stderr.startswith("arbtune: there is no job in the input")


def test_a_closed_stream_is_not_taken_by_the_next_file(folder: Path) -> None:
    code = (
        "import os; from arbitrage.shell.console import run_program; "
        "run_program(lambda: 0); free = os.open('said', os.O_WRONLY | os.O_CREAT); "
        "os.write(free, str(free).encode())"
    )
    subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        check=True,
    )
    assert (folder / "said").read_text(encoding="utf-8") == "3"


CTRL_C = """
import signal, sys

class CtrlC:
    def find_spec(self, name, *_):
        if name == sys.argv[1]:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
from worker.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("arbitrage.shell.console", ""),
        ("argparse", ""),
        ("worker.commands.jobs.listing", "arbtune: interrupted\n"),
        ("redis", "arbtune: interrupted\n"),
    ],
)
def test_ctrl_c_during_an_import_ends_a_command_in_order(module: str, said: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", CTRL_C, module, "jobs"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", said)
