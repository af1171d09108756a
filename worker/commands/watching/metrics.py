"""`arbtune metrics`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import threading
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, start_http_server

from arbitrage.errors import ArbtuneError, ConfigError
from arbitrage.shell.console import EXIT_OK
from worker.ledger.redis_client import connect
from worker.operating.misspelt_settings import warn_of_misnamed
from worker.operating.queue_metrics import QueueMetrics
from worker.settings import Settings

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

SUMMARY = "serve figures of the queue to Prometheus on ARBTUNE_METRICS_PORT until SIGTERM or Ctrl-C"
EXAMPLES = ("ARBTUNE_METRICS_PORT=9100 arbtune metrics",)

TRY_AGAIN_S = 1.0
# For each answer of Redis. Prometheus gives a scrape 10 s, unless told otherwise.
PATIENCE_S = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--until-eof", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Serve; 0 after an orderly end."""
    settings = Settings.from_environment()
    if settings.metrics_port is None:
        raise ConfigError("ARBTUNE_METRICS_PORT must be set to serve metrics")
    if not arguments.until_eof:  # a worker has told of them
        warn_of_misnamed()
    registry = _registry(settings)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if arguments.until_eof:
        threading.Thread(target=_wait_for_eof, args=(ended,), daemon=True).start()
    server = _serve_when_free(settings, registry, ended, patient=arguments.until_eof)
    ended.wait()
    if server is not None:
        server.shutdown()
        server.server_close()
    return EXIT_OK


def _registry(settings: Settings) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(QueueMetrics(connect(settings, tries=0, patience_s=PATIENCE_S)))
    return registry


def _wait_for_eof(ended: threading.Event) -> None:
    """Wait until the worker, at the other end of the pipe, has ended."""
    while os.read(0, 4_096):  # not by sys.stdin: its lock is held for the whole wait, past the exit
        pass
    ended.set()


def _serve_when_free(
    settings: Settings, registry: CollectorRegistry, ended: threading.Event, *, patient: bool
) -> WSGIServer | None:
    """Serve, once the port is free; None when the end came first.

    Beside several workers of one host there are several of us, and one has the port. The figures
    are the same; when that one ends, another takes its place.
    """
    assert settings.metrics_port is not None  # noqa: S101 - run() has seen to it
    while not ended.is_set():
        try:
            server, _ = start_http_server(
                settings.metrics_port, settings.metrics_host, registry=registry
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not patient:
                raise ArbtuneError(f"cannot serve metrics: {_why(settings, error)}") from error
            ended.wait(TRY_AGAIN_S)
        else:
            return server
    return None


def _why(settings: Settings, error: OSError) -> str:
    place = f"{settings.metrics_host}:{settings.metrics_port}"
    return f"{place}: {error.strerror or error} (ARBTUNE_METRICS_PORT, ARBTUNE_METRICS_HOST)"
