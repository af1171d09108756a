"""What there is of a sweep in the queue, and its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.ledger import State
from worker.ledger.view import OPEN

if TYPE_CHECKING:
    from arbitrage.results.store.folder import SweepFolder
    from worker.ledger.ledger import Ledger

_STATES = {"running": State.RUNNING, "queued": State.QUEUED, "to_collect": State.SUCCESS}
_WORDS = {"running": "running", "queued": "waiting", "to_collect": "to be kept by --collect"}

NO_CHUNKS = dict.fromkeys(_STATES, 0)


def chunks(folder: SweepFolder, ledger: Ledger) -> dict[str, int]:
    """How many chunks of the sweep run, wait, and are finished."""
    return {name: len(_jobs(folder, ledger, [state])) for name, state in _STATES.items()}


def chunks_note(counts: dict[str, int]) -> str:
    """These numbers, for people."""
    there = [f"{counts[name]:,} {word}" for name, word in _WORDS.items() if counts[name]]
    return f"chunks: {', '.join(there)}" if there else "nothing of it in the queue"


def finished_chunks(folder: SweepFolder, ledger: Ledger) -> list[str]:
    """Those whose results wait to be kept."""
    return _jobs(folder, ledger, [State.SUCCESS])


def cancel(folder: SweepFolder, ledger: Ledger) -> int:
    """End what waits or runs; how many chunks that were."""
    return cancel_with_prefix(_prefix(folder), ledger)


def cancel_with_prefix(prefix: str, ledger: Ledger) -> int:
    """The same of all jobs whose ids begin so."""
    job_ids = ledger.with_prefix(prefix, OPEN)
    states = [ledger.cancel(job_id, cancelled_meta(job_id)) for job_id in job_ids]
    return states.count(State.CANCELLED)


def forget(folder: SweepFolder, ledger: Ledger) -> None:
    """All of the sweep, on disk and in the queue."""
    cancel(folder, ledger)
    ledger.forget(_jobs(folder, ledger, [state for state in State if state.is_outcome]))
    folder.clear()


def _jobs(folder: SweepFolder, ledger: Ledger, states: Iterable[State]) -> list[str]:
    return ledger.with_prefix(_prefix(folder), states)


def _prefix(folder: SweepFolder) -> str:
    return f"{folder.sweep_id}."
