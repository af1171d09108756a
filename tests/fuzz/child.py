"""Reads mutants from one number to another, and says of each what came of it.

    python -m tests.fuzz.child KIND START STOP

A line each: its number, and `read`, `refused`, `no memory`, or the error that must not be.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.errors import DataError
from tests.fuzz.mutants import mutant
from worker.running.jobs.memory import bound_memory
from worker.settings import Settings

LIMITS = DataLimits(max_rows=1_000, max_bytes=2**20)
MEMORY_BYTES = 2**29
DEADLY = "deadly"  # a kind of which every third mutant ends the process, as a proof


def main() -> None:
    """The whole of a child's life."""
    kind, start, stop = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    bound_memory(Settings(job_memory_bytes=MEMORY_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(start, stop):
            print(number, _outcome(kind, number, Path(folder) / "mutant"), flush=True)


def _outcome(kind: str, number: int, path: Path) -> str:
    if kind == DEADLY:
        if number % 3 == 2:
            os.abort()
        kind = "csv"
    path.write_bytes(mutant(kind, number))
    try:
        rows = load_snapshots(path, LIMITS, name="mutant")
        with suppress(DataError):  # further away than times reach
            rows.moments_ns()
    except DataError as error:
        return "refused" if len(str(error).splitlines()) == 1 else f"several lines: {error!r}"
    except MemoryError:
        return "no memory"
    except BaseException as error:  # noqa: BLE001 - a panic of polars is not an Exception
        return f"not a sentence: {error!r}"
    return "read" if 0 < len(rows) <= LIMITS.max_rows else f"{len(rows)} rows"


if __name__ == "__main__":
    main()
