"""Data files that nobody meant, by the ten thousand: none may end the process that reads it.

    python -m tests.fuzz.driver [--parquet 20000] [--csv 100000] [--first 0]

A child reads many, one after the other; where it ends or hangs, that is counted against the file it
was reading, and another child goes on with the next.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutants import shuffled_bits

ROOT = Path(__file__).resolve().parents[2]
HANG_S = 60.0  # with nothing said: the child hangs at this file
SOUND_OUTCOMES = ("read", "refused", "no memory")
CHILDREN = 2


@dataclass
class Report:
    """What came of each file, and what should not have."""

    outcomes: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items()))
        return "\n".join([f"{counts}; {len(self.broken)} broken", *self.broken])


def fuzz(kind: str, start: int, stop: int) -> Report:
    """Have the mutants of these numbers read."""
    report = Report()
    while start < stop:
        start = _read_until_one_ends(kind, start, stop, report)
    return report


def _read_until_one_ends(kind: str, start: int, stop: int, report: Report) -> int:
    """The number after the last one that was tried."""
    command = [sys.executable, "-m", "tests.fuzz.child", kind, str(start), str(stop)]
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
        ) as child:
            for line in _lines(child):
                number, outcome = line.split(" ", 1)
                start = int(number) + 1
                report.outcomes[outcome if outcome in SOUND_OUTCOMES else "not a sentence"] += 1
                if outcome not in SOUND_OUTCOMES:
                    report.broken.append(f"{kind} {number}: {outcome}")
        errors.seek(0)
        said = errors.read().strip()
    if child.returncode:
        report.outcomes["ended"] += 1
        report.broken.append(f"{kind} {start}: ended by {child.returncode}: {said[-300:]}")
        return start + 1
    if said:
        report.broken.append(f"{kind} before {start}: printed {said[-300:]}")
    return start


def _lines(child: subprocess.Popen[str]) -> Iterator[str]:
    """What a child says; one that is silent for too long is ended."""
    assert child.stdout is not None
    while True:
        watch = threading.Timer(HANG_S, child.send_signal, [signal.SIGKILL])
        watch.start()
        line = child.stdout.readline()
        watch.cancel()
        if not line:
            return
        yield line.rstrip("\n")


def fuzz_many(kind: str, start: int, count: int) -> Report:
    """The same, a share each in several children at once."""
    bounds = [start + count * share // CHILDREN for share in range(CHILDREN + 1)]
    whole = Report()
    with ThreadPoolExecutor(CHILDREN) as pool:
        for report in pool.map(fuzz, [kind] * CHILDREN, bounds[:-1], bounds[1:]):
            whole.outcomes += report.outcomes
            whole.broken += report.broken
    return whole


def main() -> int:
    """The long form: prints what came of each kind; 1 where anything is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parquet", type=int, default=20_000, help="mutated Parquet files")
    parser.add_argument("--csv", type=int, default=100_000, help="mutated CSV texts")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of each")
    arguments = parser.parse_args()
    broken = 0
    parts = (
        ("parquet", arguments.first, arguments.parquet),
        ("flip", 0, len(shuffled_bits())),
        ("csv", arguments.first, arguments.csv),
    )
    for kind, first, count in parts:
        report = fuzz_many(kind, first, count)
        print(f"{count:,} of {kind}: {report}", flush=True)
        broken += len(report.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
