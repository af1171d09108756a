"""The process beside a worker that serves its metrics, where a port is set.

A process of its own: the worker's parent may start no thread, since it forks, and a scrape that
waits for Redis must not hold up the event loop. It ends when the worker does, however that ends:
its standard input is a pipe that nobody writes to.
"""

from __future__ import annotations

import subprocess
from typing import Any

from celery import bootsteps

from worker.operating.own_command import own_command
from worker.settings import Settings

_STOP_TIMEOUT_S = 5.0


class Exporter(bootsteps.StartStopStep):
    """The step of the worker that starts and ends the process."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, parent: Any) -> None:  # noqa: ARG002 - the bootstep's signature
        if Settings.from_environment().metrics_port is None:
            return
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            own_command("metrics", "--until-eof"),
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is for the worker
        )

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - the bootstep's signature
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    terminate = stop  # when the worker does not stop in order
