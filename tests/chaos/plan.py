"""What a run of the chaos suite does, drawn from its seed before it starts: jobs, then faults."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from arbitrage.documents.result import ErrorRecord
from worker.ledger.ledger import State

# What a poisoned job must come to: its state, the type of its error, and whether it is a letter.
POISONED_ENDS: dict[str, tuple[str, bool]] = {
    "memory": ("MemoryError", False),
    "system-exit": ("SystemExit", False),
    "loop": ("TimeLimitExceeded", False),
    "eio": ("OSError", True),
    "segfault": ("WorkerLostError", True),
    "exit:0": ("WorkerLostError", True),
    "exit:9": ("WorkerLostError", True),
}
SPREADS_BPS = (0.0, 10.0, 20.0, 30.0, 90.0)

# Of a plain client, beside the jobs that are enqueued: as many canvases as single jobs.
CANVASES = {"chain": 3, "link": 2, "group": 3, "chord": 4}
CANVAS_SHARE = 0.1

# How often each fault comes in a run of 10,000 jobs.
FAULTS = {
    "SIGKILL of a child": 60,
    "SIGKILL of a main process": 20,
    "SIGKILL of a whole worker": 36,
    "SIGSTOP of a whole worker": 10,
    "SIGTERM of a worker": 10,
    "log blocked": 10,
    "connections cut": 15,
    "connections silent": 10,
    "server killed and started": 22,
    "server paused": 10,
    "server refuses writes": 10,
    "server full": 6,
    "poison in the queue": 20,
    "clock put back": 5,
    "message lost": 20,
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the run; `poison` is what its tag makes the worker do."""

    job_id: str
    config: dict[str, Any]
    poison: str | None
    is_cancelled: bool

    def is_expected(self, state: State, error: ErrorRecord | None, *, is_dead: bool) -> bool:
        """Whether the job may have come to this end."""
        if self.is_cancelled and state is State.CANCELLED:
            return True
        if self.poison is None:
            return state is State.SUCCESS
        kind = None if error is None else error["type"]
        return state is State.ERROR and (kind, is_dead) == POISONED_ENDS[self.poison]


@dataclass(frozen=True, slots=True)
class Canvas:
    """Jobs that a plain client sends at once: `single`, `chain`, `link`, `group` or `chord`."""

    kind: str
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and the random number that its details are made of."""

    name: str
    luck: float


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions of a run."""

    seed: int
    jobs: tuple[Job, ...]
    faults: tuple[Fault, ...]
    canvases: tuple[Canvas, ...] = ()

    @property
    def job_count(self) -> int:
        """All jobs, whoever sends them."""
        return len(self.jobs) + sum(len(canvas.jobs) for canvas in self.canvases)

    @classmethod
    def draw(
        cls, seed: int, job_count: int, *, scale: float, mean_job_s: float, toxic: float = 0.05
    ) -> Plan:
        """The plan of a seed; `scale` is the number of faults as a part of `FAULTS`."""
        rng = random.Random(seed)
        jobs = tuple(_job(rng, number, mean_job_s, toxic) for number in range(job_count))
        names = [name for name, count in FAULTS.items() for _ in range(round(count * scale) or 1)]
        rng.shuffle(names)
        faults = tuple(Fault(name, rng.random()) for name in names)
        count = round(job_count * CANVAS_SHARE)
        kinds = [*["single"] * count, *(rng.choice(list(CANVASES)) for _ in range(count))]
        rng.shuffle(kinds)
        canvases = tuple(_canvas(rng, kind, n, mean_job_s) for n, kind in enumerate(kinds))
        return cls(seed, jobs, faults, canvases)


def _canvas(rng: random.Random, kind: str, number: int, mean_job_s: float) -> Canvas:
    sizes = range(CANVASES.get(kind, 1))
    jobs = (_job(rng, f"{kind}-{number}-{part}", mean_job_s, toxic=0) for part in sizes)
    return Canvas(kind, tuple(replace(job, is_cancelled=False) for job in jobs))


def _job(rng: random.Random, number: int | str, mean_job_s: float, toxic: float) -> Job:
    poison = rng.choice(list(POISONED_ENDS)) if rng.random() < toxic else None
    seconds = rng.uniform(0, 2 * mean_job_s)
    config = {
        "data_file": "quotes.csv",
        "min_spread_bps": rng.choice(SPREADS_BPS),
        "taker_fee_a_bps": 5.0,
        "taker_fee_b_bps": 5.0,
        "slippage_bps": 2.0,
        "max_position_usd": 1000.0,
        "tag": poison or f"sleep:{seconds:.3f}",
    }
    return Job(f"chaos-{number}", config, poison, is_cancelled=rng.random() < 0.01)
