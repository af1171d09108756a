"""What is a number in a flag: what people write, and not all that Python reads."""

from __future__ import annotations

import pytest

from arbitrage.shell.console import run_command
from arbitrage.shell.numbers import number, whole_number
from worker.commands import worker
from worker.commands.jobs import enqueue


@pytest.mark.parametrize("text", ["10", "+10", "010"])
def test_a_whole_number_is_a_number_too(text: str) -> None:
    assert (whole_number(text), number(text)) == (10, 10.0)


@pytest.mark.parametrize(("text", "value"), [("1.5", 1.5), (".5", 0.5), ("-1e3", -1000.0)])
def test_a_number_may_have_a_fraction_and_an_exponent(text: str, value: float) -> None:
    assert number(text) == value
    with pytest.raises(ValueError):
        whole_number(text)


@pytest.mark.parametrize("text", ["1_0", "1_0.5", "٣٤", "10\u3000", "", "ten"])
def test_what_python_alone_takes_for_a_number_is_none(text: str) -> None:
    for read in (number, whole_number):
        with pytest.raises(ValueError):
            read(text)


@pytest.mark.parametrize(
    ("command", "flag", "wanted"),
    [
        (enqueue, "--timeout", "a number of seconds"),
        (worker, "--concurrency", "a whole number from 0 on"),
        (worker, "--restarts-left", "a whole number from 0 on"),
    ],
)
def test_a_flag_of_a_command_refuses_it_in_a_sentence(
    command: object, flag: str, wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("arbtune x", command, [flag, "1_0"]) == 1  # type: ignore[arg-type]
    assert capsys.readouterr().err == (
        f"arbtune: argument {flag}: must be {wanted}, not '1_0' (see arbtune x --help)\n"
    )
