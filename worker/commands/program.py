"""Reads the first words of a command line: which command to call, or what to say instead."""

from __future__ import annotations

import importlib

from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_FAILED, EXIT_OK, call_command, nearest
from worker.commands.driver import import_redis_alone
from worker.operating.misspelt_settings import warn_of_misnamed

COMMANDS = {
    "run": ("worker.commands.jobs.run", "run one job in this process, print its result"),
    "enqueue": ("worker.commands.jobs.enqueue", "send jobs to the queue"),
    "worker": ("worker.commands.worker", "run a worker, which takes jobs from the queue"),
    "jobs": ("worker.commands.jobs.listing", "list the newest jobs, count all"),
    "status": ("worker.commands.jobs.status", "say where a job is"),
    "result": ("worker.commands.jobs.result", "print the result document of a job"),
    "cancel": ("worker.commands.jobs.cancel", "cancel a job that waits or runs"),
    "dead": ("worker.commands.jobs.dead", "list, show, retry or purge dead letters"),
    "sweep": ("worker.commands.sweep", "run many configs through the queue, or resume"),
    "sweeps": ("worker.commands.answers.sweeps", "list the sweeps whose results are on disk"),
    "results": ("worker.commands.answers.results", "rank the configs of sweeps, by any figure"),
    "explain": ("worker.commands.answers.explain", "say what one config did, and why"),
    "export": ("worker.commands.answers.export", "write the rows of a sweep into one file"),
    "verdict": ("worker.commands.answers.verdict", "edge, luck, or too little to tell"),
    "walk-forward": (
        "worker.commands.answers.walk_forward",
        "what is left on rows that were not chosen on",
    ),
    "report": ("worker.commands.answers.report", "write one HTML file that shows a sweep"),
    "data": ("worker.commands.data.group", "make a data file of raw files, or check one"),
    "top": (
        "worker.commands.watching.top",
        "show queue, workers and sweeps as they change",
    ),
    "workers": ("worker.commands.watching.workers", "list the workers and what each runs"),
    "doctor": ("worker.commands.setup.doctor", "check a deployment, and say what to change"),
    "metrics": ("worker.commands.watching.metrics", "serve figures of the queue to Prometheus"),
    "init": ("worker.commands.setup.init", "print a sweep spec to begin with"),
    "config": ("worker.commands.setup.config", "show the settings and where they come from"),
    "completion": ("worker.commands.setup.completion", "print what completes commands in a shell"),
    "demo": ("worker.commands.demo", "all of it on this machine: server, workers, a small sweep"),
}

HELP = ("-h", "--help", "help")
OPTIONS = ("--help", "--version")

# Of variables that are not settings: a worker in its log, the figures beside it not once more.
_WARNS_ITSELF = ("worker", "metrics")

# Whose modules import the driver, whatever they are called for; those that only ask do so later.
_NEED_THE_DRIVER = ("enqueue", "worker", "doctor", "metrics")


def run(arguments: list[str]) -> int:
    """Call the command that the arguments begin with; the exit status."""
    if set(arguments) <= set(HELP):
        print(_overview())
        return EXIT_OK if arguments else EXIT_FAILED
    if arguments[0] in ("-V", "--version"):
        print(f"arbtune {_version()}")
        return EXIT_OK
    name, *rest = arguments
    if name in HELP:
        name, rest = rest[0], [*rest[1:], "--help"]
    if name not in COMMANDS:
        raise ConfigError(_no_such(name))
    if name not in _WARNS_ITSELF:
        warn_of_misnamed()
    if name in _NEED_THE_DRIVER and not set(rest) & set(HELP):
        import_redis_alone()
    module, _ = COMMANDS[name]
    return call_command(f"arbtune {name}", importlib.import_module(module), rest)


def _version() -> str:
    from importlib import metadata  # slow, as email and zipfile are

    return metadata.version("arbtune")


def _no_such(name: str) -> str:
    if name.startswith("-"):
        close = nearest(name, OPTIONS)
        hint = f"did you mean {close}?" if close else "those of a command stand behind it"
        return f"no such option: {name!r:.60} ({hint})"
    close = nearest(name, COMMANDS)
    hint = f"did you mean {close}?" if close else "see arbtune --help"
    return f"no such command: {name!r:.60} ({hint})"


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: arbtune COMMAND ...",
            "",
            "Tunes a two-exchange arbitrage strategy: one set of parameters is one job.",
            "",
            "commands:",
            *lines,
            "",
            "arbtune help COMMAND tells more. Settings come from the environment, such as:",
            "  ARBTUNE_REDIS_URL  the queue (default: redis://127.0.0.1:6379/0)",
            "  ARBTUNE_DATA_ROOT  data files of queued jobs (default: the current directory)",
        ]
    )
