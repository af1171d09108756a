"""Which tests of a run share a process, and in which order they run."""

from __future__ import annotations

import gc
from itertools import groupby
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

# Workers that the tests of a run share: whoever uses one runs where it runs.
SHARED_WORKERS = (
    "worker",
    "patient_worker",
    "sweep_worker",
    "poisonous_worker",
    "bounded_worker",
    "canvas_worker",
    "flower_worker",
    "deployment",
    "metrics_workers",
    "probed_worker",
    "outage_worker",
)

# Files of which the first test in a process pays for all, with imports or what it prepares.
FIRST_PAYS = (
    "unit/data/files/test_files_in_blocks.py",
    "unit/results/export",
    "unit/results/report",
)

# Rooms whose tests mostly wait for other processes; those of the others compute.
WAITING = ("acceptance", "contract")

# The last fifth of a run is short tests alone: no process waits at the end for a long one.
WAITING_ENDS = 0.8

gc.disable()  # an eighth of the time to collect, of which nothing is garbage


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep those together that share something, or each process of the run would pay for it.

    Files whose tests wait and files whose tests compute alternate: else the cores idle through the
    first half of a run. Those that stay together take longest, and come first.
    """
    for item in items:
        if name := _shared(item):
            item.add_marker(pytest.mark.xdist_group(name))
    files = [list(tests) for _, tests in groupby(items, lambda item: item.path)]
    files.sort(key=lambda tests: not any(map(_shared, tests)))
    waiting = [tests for tests in files if _room(tests[0]).startswith(WAITING)]
    computing = [tests for tests in files if not _room(tests[0]).startswith(WAITING)]
    places = [*_spread(waiting, WAITING_ENDS), *_spread(computing, 1.0)]
    items[:] = [item for _, tests in sorted(places, key=lambda place: place[0]) for item in tests]


def _shared(item: pytest.Item) -> str | None:
    """What a test shares with others: a worker, or what the first of them pays for."""
    used, room = getattr(item, "fixturenames", ()), _room(item)
    workers = (name for name in SHARED_WORKERS if name in used)
    return next(workers, None) or next(filter(room.startswith, FIRST_PAYS), None)


def _room(item: pytest.Item) -> str:
    return str(item.path.relative_to(TESTS))


def _spread(files: list[list[pytest.Item]], until: float) -> list[tuple[float, list[pytest.Item]]]:
    """Files and their places in the run, from 0 to `until`."""
    return [(until * i / len(files), tests) for i, tests in enumerate(files)]
