"""What a sweep writes on a terminal: its first line, and a table that fits."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from arbitrage.sweep import SweepSpec
from tests.acceptance.queue.sweeps.desk import GRIDS, Desk
from tests.helpers.inputs.sweeps import spec
from tests.helpers.terminals import read_all


@pytest.mark.usefixtures("sweep_worker")
def test_a_terminal_of_80_columns_has_each_row_on_a_line(desk: Desk) -> None:
    sweep = spec(*GRIDS, max_position_usd=1e6, rank_by="final_balance_usd")
    main, terminal = pty.openpty()
    client = subprocess.Popen(
        desk.command(sweep),
        env=desk.environment(COLUMNS="80", TERM="xterm", NO_COLOR="1"),
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(terminal)
    shown = read_all(main)
    _, progress = client.communicate()
    assert client.returncode == 0
    assert "\x1b" not in progress
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    table = lines[2 : lines.index("")]
    rows = [line for line in table if line.split()[0][0].isdigit()]
    assert 1 < len(rows) <= 10
    assert sum(int(row.split()[-1]) for row in rows) == SweepSpec(**sweep).total
    assert max(map(len, table)) <= 80
    best = desk.folder(sweep).best(SweepSpec(**sweep))
    assert best is not None
    assert f"{best['final_balance_usd']:,.2f}" in shown
    assert "…" not in shown


# What is imported until then takes half a second on a slow machine; what is not, much longer.
FIRST_LINE = """
import sys
from pathlib import Path
from worker.cli import main
class FirstLine:
    def isatty(self): return True
    def flush(self): pass
    def write(self, text):
        if text.strip():
            heavy = {"celery", "numba", "polars", "redis", "rich"} & set(sys.modules)
            sys.__stdout__.write(f"{text} {sorted(heavy)}")
            sys.__stdout__.flush()
            import os; os._exit(0)
sys.stderr = FirstLine()
main(["sweep", sys.argv[1], "--local"])
"""


def test_the_first_line_comes_before_what_takes_time(desk: Desk) -> None:
    *_, path = desk.command(spec(*GRIDS))
    done = subprocess.run(
        [sys.executable, "-c", FIRST_LINE, path],
        env=desk.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "28 configs over quotes.csv []"
