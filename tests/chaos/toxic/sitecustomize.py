"""Makes the jobs of a worker poisonous: on the PYTHONPATH of the workers under test, nowhere else.

The interpreter imports this module at its start, so a worker that starts itself again has it too.
What a job does is written in its tag. `ARBTUNE_TEST_ENGINE_VERSION` makes of the worker one of
another version, `ARBTUNE_TEST_RESTART_PAUSE_S` is how long one that died waits before it starts
again. `ARBTUNE_TEST_WITHOUT_RECOVERY` turns off what brings lost jobs back, to see that
the suite notices.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from arbitrage import arbitrage_core
from arbitrage.arbitrage_tuning import ArbitrageTuningRunner
from arbitrage.replay import many_configs
from worker.ledger.ledger import Ledger
from worker.running.delivery import channel as delivery_channel
from worker.running.jobs import chunk_job
from worker.running.jobs.chunks import Chunk
from worker.settings import Settings

_run = ArbitrageTuningRunner.run


def poisoned_run(runner: ArbitrageTuningRunner) -> Any:
    """The job's run, with what its tag asks for before it."""
    poison, _, argument = (runner.config.tag or "").partition(":")
    if poison in POISONS:
        POISONS[poison](argument)
    return _run(runner)


def raise_memory_error(_: str) -> NoReturn:
    raise MemoryError("no more")


def raise_system_exit(_: str) -> NoReturn:
    raise SystemExit(3)


def raise_eio(_: str) -> NoReturn:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def write_to_nowhere(_: str) -> None:
    ctypes.memset(0, 0, 1)


def exit_at_once(status: str) -> None:
    os._exit(int(status))


def loop_for_ever(_: str) -> NoReturn:
    while True:
        with suppress(BaseException):  # a soft time limit is one
            time.sleep(0.01)


def sleep(seconds: str) -> None:
    time.sleep(float(seconds))


def wait_for_a_file(path: str) -> None:
    with suppress(OSError):  # some wait for a file in a folder that is none
        Path(f"{path}.pid").write_text(str(os.getpid()), encoding="utf-8")
    while not Path(path).exists():
        time.sleep(0.02)


FATAL = b"fatal"
POISONS = {
    "memory": raise_memory_error,
    "system-exit": raise_system_exit,
    "eio": raise_eio,
    "segfault": write_to_nowhere,
    "exit": exit_at_once,
    "loop": loop_for_ever,
    "sleep": sleep,
    "until": wait_for_a_file,
}

_start = Ledger.start


def poisoned_start(ledger: Ledger, job_id: str, worker: str, config: str, *kept: Any) -> Any:
    """Claim a job; one that is tagged `unclaimed:PATH` kills its first process before that."""
    poison, _, path = ((config and json.loads(config).get("tag")) or "").partition(":")
    if poison == "unclaimed" and not Path(path).exists():
        Path(path).touch()
        os._exit(9)
    return _start(ledger, job_id, worker, config, *kept)


_run_chunk = chunk_job.run_chunk
_take = delivery_channel.Channel._take


def poisoned_take(channel: Any, key: bytes, raw: bytes) -> None:
    """Take an element; one of them ends the main process, as a defect of a library would."""
    if raw == FATAL:
        raise RuntimeError
    _take(channel, key, raw)


def poisoned_run_chunk(chunk: Chunk, settings: Settings) -> Any:
    """A chunk's run; `POISON@SPREAD` as tag is taken by each config of that min_spread_bps."""
    poison, _, spread = (chunk.spec.get("tag") or "").partition("@")
    poison, _, argument = poison.partition(":")
    run = many_configs.replay

    def poisoned_replay(data: Any, parameters: Any, count: int) -> Any:
        if not spread or float(spread) in np.atleast_1d(parameters["min_spread_bps"]):
            POISONS.get(poison, str)(argument)
        return run(data, parameters, count)

    many_configs.replay = poisoned_replay
    try:
        return _run_chunk(chunk, settings)
    finally:
        many_configs.replay = run


if version := os.environ.get("ARBTUNE_TEST_ENGINE_VERSION"):
    for module in (arbitrage_core, chunk_job):  # from where others take it, later
        setattr(module, "ENGINE_VERSION", version)  # noqa: B010 - it is a constant

delivery_channel.Channel._take = poisoned_take  # type: ignore[method-assign, assignment]
if pause_s := os.environ.get("ARBTUNE_TEST_RESTART_PAUSE_S"):
    from worker.commands import celery_worker

    celery_worker.RESTART_PAUSE_S = float(pause_s)

Ledger.start = poisoned_start  # type: ignore[method-assign, assignment]
chunk_job.run_chunk = poisoned_run_chunk
ArbitrageTuningRunner.run = poisoned_run  # type: ignore[method-assign, assignment]

if os.environ.get("ARBTUNE_TEST_WITHOUT_RECOVERY"):
    from worker.running.process.reconciler import Reconciler

    for step in ("_judge_leases", "_look_for_lost_messages"):
        setattr(Reconciler, step, lambda _: None)
