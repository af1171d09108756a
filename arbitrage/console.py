"""How a command of ours starts, ends and complains: shared by every command line of the product.

A command is a module with `SUMMARY`, `configure(parser)` and `run(arguments) -> exit status`, and
optionally `on_usage_error(argv, error) -> exit status`. Modules are imported when their command is
called, so that a command which only asks does not pay for those that compute.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn, Protocol

from arbitrage.errors import ArbtuneError, ConfigError
from arbitrage.numbers import whole_number

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_UNEXPECTED = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count


def printable(text: object) -> str:
    """Somebody else's text on one line, without what would move a terminal's cursor."""
    return "".join(mark if mark.isprintable() else " " for mark in str(text))


class Command(Protocol):
    """What a command module offers."""

    SUMMARY: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


class ArgumentParser(argparse.ArgumentParser):
    """Raises on a wrong argument, where argparse prints its usage and exits with status 2."""

    def __init__(self, prog: str | None = None, **options: object) -> None:
        super().__init__(prog, allow_abbrev=False, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message} (see {self.prog} --help)")


def run_command(prog: str, command: Command, argv: list[str]) -> int:
    """Parse `argv`, run `command`, and turn whatever happens into an exit status and a sentence."""
    try:
        parser = ArgumentParser(prog, description=command.SUMMARY)
        command.configure(parser)
        try:
            arguments = parser.parse_args(argv)
        except ConfigError as error:
            handler = getattr(command, "on_usage_error", None)
            if handler is None:
                raise
            status: int = handler(argv, error)
            return status
        return _flushed(command.run(arguments))
    except ArbtuneError as error:
        fail(str(error))
        return EXIT_FAILED
    except KeyboardInterrupt:
        fail("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; what Python flushes at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback for users
        fail(f"unexpected {type(error).__name__}: {error}")
        return EXIT_UNEXPECTED


def _flushed(status: int) -> int:
    """The status, once all output is out: a reader that left is found out here, not at exit."""
    sys.stdout.flush()
    return status


def fail(sentence: str) -> None:
    """One line on stderr."""
    print(f"arbtune: {' '.join(sentence.split())}", file=sys.stderr)


def warn(sentence: str) -> None:
    """One line on stderr about something that may not be meant as it stands."""
    fail(f"warning: {sentence}")


def span(seconds: float) -> str:
    """A time that has passed, for people, in its largest unit: 59s, 5m, 23h, 4d."""
    whole = max(0, int(seconds))
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if whole >= length:
            return f"{whole // length}{unit}"
    return f"{whole}s"


def count(text: str) -> int:
    """The value of a flag that is a number of things.

    Raises:
        argparse.ArgumentTypeError: It is none, or below 0.
    """
    try:
        number = whole_number(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 on, not {text!r:.60}")
    return number
