"""Forks `arbtune` commands from a process that has imported what all of them import.

    python -m tests.helpers.servers.fork_server SOCKET_FD

A worker's start is mostly the import of libraries and the loading of kernels: a second of computing
(0.1 s where it is forked, 2026-11-27), some fifty times in a run of the tests. What runs after it
is the same, but for nohup: a worker that outlives its terminal sees so when it imports its modules.
Only that is imported here which neither reads the environment nor starts a thread.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import json
import os
import random
import socket
import sys
import termios
import threading
from contextlib import suppress
from typing import Any, NoReturn

# Not `worker.tasks` nor the signs of life: they take `run_chunk` and ENGINE_VERSION from modules in
# which `sitecustomize` puts others first.
PRELOADED = (
    "arbitrage.arbitrage_tuning",
    "arbitrage.replay.many_configs",
    "celery.app.control",
    "celery.app.log",
    "celery.apps.worker",
    "celery.concurrency.prefork",
    "celery.worker.autoscale",
    "celery.worker.consumer.consumer",
    "celery.worker.strategy",
    "kombu.transport.redis",
    "worker.commands.celery_worker",
    "worker.commands.worker",
    "worker.running.delivery.consumer",
    "worker.running.delivery.remote",
    "worker.running.delivery.request",
    "worker.running.delivery.result_backend",
    "worker.running.jobs.chunk_job",
    "worker.running.process.exporter",
    "worker.running.process.periodic_work",
)
MAX_REQUEST_BYTES = 2**18


def main() -> int:
    """Serve until the tests have ended; in a forked process, the status of its command."""
    for name in PRELOADED:
        importlib.import_module(name)
    importlib.import_module("arbitrage.replay.many_configs").warm_up()
    gc.collect()
    gc.freeze()  # a worker collects before its pool forks: all of this, each time
    with socket.socket(fileno=int(sys.argv[1])) as tests:
        while True:
            message, files, *_ = socket.recv_fds(tests, MAX_REQUEST_BYTES, 3)
            if not message:
                return 0
            request: dict[str, Any] = json.loads(message)
            if "ended" in request:
                tests.send(json.dumps(_status_of(request["ended"])).encode())
                continue
            process = os.fork()
            if process == 0:
                break
            for file in files:
                os.close(file)
            tests.send(json.dumps(process).encode())
    return _run(request, files)


def _status_of(process: int) -> int | None:
    """How a process ended, as `subprocess` says it; None while it runs."""
    ended, status = os.waitpid(process, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _run(request: dict[str, Any], files: list[int]) -> int:
    os.setsid()
    os.chdir(request["folder"])
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    random.seed()
    _customize()
    sys.argv = ["arbtune", *request["arguments"]]
    try:
        status: int = importlib.import_module(request["program"]).main()
    except SystemExit as ended:  # as argparse ends after a help
        if isinstance(ended.code, str):  # the sentence of a worker that is refused
            print(ended.code, file=sys.stderr)
            return 1
        return int(ended.code or 0)
    return status


def _customize() -> None:
    """Import what an interpreter that had this PYTHONPATH would import at its start."""
    if path := os.environ.get("PYTHONPATH"):
        sys.path[:0] = path.split(os.pathsep)
        sys.modules.pop("sitecustomize", None)
        with suppress(ModuleNotFoundError):  # there need not be one
            importlib.import_module("sitecustomize")


def _end(status: int) -> NoReturn:
    """End as `sys.exit` does, but take nothing apart that was imported: that takes 0.1 s."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _end(main())
