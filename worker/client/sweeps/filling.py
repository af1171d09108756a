"""Computes through the queue what the folder of a sweep lacks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.missing_rows import MissingRows
from worker.client.sweeps.collector import Collector, Progress
from worker.client.sweeps.plan import Plan, ask_workers, check_that_some_config_trades
from worker.client.sweeps.telling import telling
from worker.ledger.ledger import Ledger


class Onlooker(NamedTuple):
    """What whoever waits for a sweep wants to see and do.

    Attributes:
        progress: What is told where the sweep is, for as long as the context lasts.
        meanwhile: Called again and again.
        tell: Called with a sentence about what takes long, or is not as it should be.
    """

    progress: Callable[[SweepSpec], AbstractContextManager[Callable[[Progress], None]]]
    meanwhile: Callable[[], None]
    tell: Callable[[str], None]


def fill(
    missing: MissingRows,
    data_sha256: str,
    plan: Plan | None,
    ledger: Callable[[], Ledger],
    onlooker: Onlooker,
    *,
    anyway: bool,
) -> None:
    """Have workers compute all that is missing; the folder is held by this process.

    Args:
        missing: The sweep, and what its folder lacks.
        data_sha256: The digest that its data have.
        plan: How to cut it; None to look at an earlier run, or else to ask the workers.
        ledger: Opens the ledger, which is not needed where nothing is missing.
        onlooker: Who waits for it.
        anyway: Run it even if no spread in the file reaches its lowest threshold.

    Raises:
        ConfigError: No spread reaches it; or the rows cannot be written.
        SweepError: It cannot go on.
    """
    spec, folder = missing.spec, missing.folder
    if folder.is_complete(spec.total):
        return
    plan = (
        _known_plan(folder, data_sha256)
        or plan
        or ask_workers(spec, ledger(), onlooker.meanwhile, onlooker.tell)
    )
    if not (anyway or folder.parts(spec.total)):  # what has begun goes on
        check_that_some_config_trades(spec, plan.data)
    folder.describe(spec, plan.data_sha256, ENGINE_VERSION, plan.chunk_size, plan.data)
    queue = ledger()
    with onlooker.progress(spec) as show, telling(queue.client, folder.sweep_id, spec) as tell:

        def tick(progress: Progress) -> None:
            show(progress)
            tell(progress)
            onlooker.meanwhile()

        Collector(missing, plan.data_sha256, queue, tick).run(plan.chunk_size)


def _known_plan(folder: SweepFolder, digest: str) -> Plan | None:
    """The plan of an earlier run."""
    known = folder.description()
    return Plan(digest, known.chunk_size, known.data) if known and known.chunk_size else None
