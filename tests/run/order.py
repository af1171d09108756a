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
    "contract/test_many_jobs.py",
    "unit/house/test_one_place.py",
    "unit/data/files/test_files_in_blocks.py",
    "unit/results/export",
    "unit/results/report",
)

# Rooms whose tests mostly wait for other processes; those of the others compute.
WAITING = ("acceptance", "contract")

# Of a run, until when the last of a kind begins: no process waits at the end for a long one.
SHARING_BEGINS, WAITING_BEGINS = 0.5, 0.8

gc.disable()  # an eighth of the time to collect, of which nothing is garbage


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep those together that share something, or each process of the run would pay for it.

    Files that take turns: those whose tests share something, which take longest, those whose tests
    wait, and those whose tests compute. Else the cores idle through the first half of a run.
    """
    for item in items:
        if name := _shared(item):
            item.add_marker(pytest.mark.xdist_group(name))
    files = [list(tests) for _, tests in groupby(items, lambda item: item.path)]
    kinds: dict[float, list[list[pytest.Item]]] = {SHARING_BEGINS: [], WAITING_BEGINS: [], 1.0: []}
    for tests in files:
        kinds[_begins(tests)].append(tests)
    places = [
        (until * i / len(some), tests)
        for until, some in kinds.items()
        for i, tests in enumerate(some)
    ]
    items[:] = [item for _, tests in sorted(places, key=lambda place: place[0]) for item in tests]


def _begins(tests: list[pytest.Item]) -> float:
    """Until when the last file of this kind begins."""
    if any(map(_shared, tests)):
        return SHARING_BEGINS
    return WAITING_BEGINS if _room(tests[0]).startswith(WAITING) else 1.0


def _shared(item: pytest.Item) -> str | None:
    """What a test shares with others: a worker, or what the first of them pays for."""
    used, room = getattr(item, "fixturenames", ()), _room(item)
    workers = (name for name in SHARED_WORKERS if name in used)
    return next(workers, None) or next(filter(room.startswith, FIRST_PAYS), None)


def _room(item: pytest.Item) -> str:
    return str(item.path.relative_to(TESTS))
