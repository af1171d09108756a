"""How a program ends."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from arbitrage.shell.console import run_program

class Garbage:
    def __del__(self):
        print("looked for")

def program():
    one = Garbage()
    one.itself = one
    return 3

sys.exit(run_program(program))
"""


def test_a_program_that_ends_does_not_look_for_garbage() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
