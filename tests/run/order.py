"""Which tests of a run share a process, and in which order they run."""

from __future__ import annotations

import gc
from itertools import groupby
from pathlib import Path

import pytest

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

# Rooms whose tests mostly wait for other processes; those of the others compute.
WAITING = ("acceptance", "contract")

# The last fifth of a run is short tests alone: no process waits at the end for a long one.
WAITING_ENDS = 0.8


gc.disable()  # an eighth of the time to collect, of which nothing is garbage


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the users of a shared worker together, or each process of the run would start it.

    Files whose tests wait and files whose tests compute alternate: else the cores idle through the
    first half of a run.
    """
    for item in items:
        if name := _shared_worker(item):
            item.add_marker(pytest.mark.xdist_group(name))
    files = [list(tests) for _, tests in groupby(items, lambda item: item.path)]
    waiting = [tests for tests in files if _waits(tests[0].path)]
    computing = [tests for tests in files if not _waits(tests[0].path)]
    # What a whole group waits for takes longest.
    waiting.sort(key=lambda tests: not any(map(_shared_worker, tests)))
    places = [*_spread(waiting, WAITING_ENDS), *_spread(computing, 1.0)]
    items[:] = [item for _, tests in sorted(places, key=lambda place: place[0]) for item in tests]


def _shared_worker(item: pytest.Item) -> str | None:
    used = getattr(item, "fixturenames", ())
    return next((name for name in SHARED_WORKERS if name in used), None)


def _waits(path: Path) -> bool:
    return path.relative_to(Path(__file__).parents[1]).parts[0] in WAITING


def _spread(files: list[list[pytest.Item]], until: float) -> list[tuple[float, list[pytest.Item]]]:
    """Files and their places in the run, from 0 to `until`."""
    return [(until * i / len(files), tests) for i, tests in enumerate(files)]
