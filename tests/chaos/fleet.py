"""The workers of a chaos run: started, harmed, and replaced when they are gone."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.conftest import TOXIC

STOP_TIMEOUT_S = 40.0
READ_TIMEOUT_S = 15.0  # above any pause of a log
PIPE_BYTES = 4_096
NEVER = 999  # the exit status of one that did not stop in time


class Fleet:
    """As many `arbtune worker` processes as asked for, whatever happens to them."""

    def __init__(
        self, count: int, concurrency: int, settings: dict[str, str], folder: Path
    ) -> None:
        self._count = count
        self._command = [
            *(sys.executable, "-m", "worker.cli", "worker", "--concurrency", str(concurrency))
        ]
        self._settings = {**os.environ, "PYTHONPATH": str(TOXIC), **settings}
        self._folder = folder
        self._started = 0
        self._workers: list[subprocess.Popen[bytes]] = []
        self._log_of: dict[int, LogReader] = {}
        self._frozen: list[tuple[float, int]] = []
        self.bad_exits: list[int] = []

    @property
    def logs(self) -> list[Path]:
        """The log of every worker that ever ran."""
        return sorted(self._folder.glob("worker-*.log"))

    def tend(self) -> None:
        """Wake what was frozen for long enough, and replace what is gone."""
        for wakes_at, group in self._frozen[:]:
            if time.monotonic() >= wakes_at:
                self._frozen.remove((wakes_at, group))
                _signal_group(group, signal.SIGCONT)
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        while len(self._workers) < self._count:
            self._started += 1
            path = self._folder / f"worker-{self._started}.log"
            with path.open("wb") as log:
                worker = subprocess.Popen(
                    self._command,
                    env=self._settings,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            self._workers.append(worker)
            self._log_of[worker.pid] = LogReader(worker.stderr, path)

    def kill_child(self, luck: float) -> bool:
        """Kill a process that runs jobs, if there is one."""
        children = [
            child
            for worker in self._workers
            for child in psutil.Process(worker.pid).children(recursive=True)
        ]
        if not children:
            return False
        with suppress(psutil.NoSuchProcess):
            children[int(luck * len(children))].kill()
        return True

    def kill_main(self, luck: float) -> None:
        """Kill a main process; its children are left to the kernel."""
        self._any(luck).kill()

    def kill_whole(self, luck: float) -> None:
        """Kill a worker with all its processes at once."""
        _signal_group(self._any(luck).pid, signal.SIGKILL)

    def freeze(self, luck: float, seconds: float) -> None:
        """Stop a worker with all its processes for a while."""
        group = self._any(luck).pid
        _signal_group(group, signal.SIGSTOP)
        self._frozen.append((time.monotonic() + seconds, group))

    def block_log(self, luck: float, seconds: float) -> None:
        """Read the log of a worker no more for a while."""
        self._log_of[self._any(luck).pid].pause(seconds)

    def roll_out(self, luck: float) -> None:
        """Stop one in order, all its processes being told, as systemd does."""
        worker = self._any(luck)
        if worker.pid not in {group for _, group in self._frozen}:
            _signal_group(worker.pid, signal.SIGTERM)
            self._wait(worker)

    def stop(self) -> None:
        """Stop all in order."""
        for _, group in self._frozen:
            _signal_group(group, signal.SIGCONT)
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self._workers:
            self._wait(worker)
        for log in self._log_of.values():
            log.read_to_its_end()

    def kill(self) -> None:
        """Leave nothing behind, however the run ended."""
        for worker in self._workers:
            _signal_group(worker.pid, signal.SIGKILL)
            worker.wait()

    def _any(self, luck: float) -> subprocess.Popen[bytes]:
        return self._workers[int(luck * len(self._workers))]

    def _wait(self, worker: subprocess.Popen[bytes]) -> None:
        try:
            status = worker.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            status = NEVER
        # Before its first line of code a process dies of a SIGTERM, and has nothing to say.
        was_unborn = status == -signal.SIGTERM and not self._log_of[worker.pid].read_to_its_end()
        if status != 0 and not was_unborn:
            self.bad_exits.append(status)


class LogReader:
    """Writes a worker's log into a file, from a pipe that holds little."""

    def __init__(self, pipe: Any, path: Path) -> None:
        self._pipe = pipe
        self._path = path
        self._resumes_at = 0.0
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def pause(self, seconds: float) -> None:
        """Leave the pipe alone for so long."""
        self._resumes_at = time.monotonic() + seconds

    def read_to_its_end(self) -> int:
        """Wait for what a worker that has ended has said; how many bytes that were."""
        self._thread.join(READ_TIMEOUT_S)
        return self._path.stat().st_size

    def _read(self) -> None:
        with self._path.open("ab", buffering=0) as log, self._pipe:
            while piece := self._pipe.read1(PIPE_BYTES):
                log.write(piece)
                time.sleep(max(0.0, self._resumes_at - time.monotonic()))


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
