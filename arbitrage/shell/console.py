"""How a command starts, ends and reports errors: shared by every command line.

A command is a module with `SUMMARY`, `EXAMPLES`, `configure(parser)` and `run(arguments)`, which
returns the exit status, and optionally `on_usage_error(argv, error)`. Modules are imported when
their command is called, so that a command which only asks does not pay for those that compute.
"""

from __future__ import annotations

import argparse
import atexit
import difflib
import errno
import gc
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, Protocol, TextIO

from arbitrage.documents.result import as_line, error_document, error_record
from arbitrage.errors import ArbtuneError, ConfigError
from arbitrage.shell.numbers import whole_number

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_UNEXPECTED = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count

_NEW_OBJECTS = 50_000  # before garbage is looked for among them

_NO_WAY_OUT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EPIPE})


def printable(text: object) -> str:
    """A foreign text on one line, without control characters."""
    return "".join(mark if mark.isprintable() else " " for mark in str(text))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if there is one."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


class Command(Protocol):
    """What a command module offers."""

    @property
    def SUMMARY(self) -> str: ...  # noqa: N802 - a constant of the module

    @property
    def EXAMPLES(self) -> tuple[str, ...]: ...  # noqa: N802

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


class _HelpFormatter(argparse.HelpFormatter):
    """Keeps the lines of the examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(_EXAMPLES):
            return text
        return super()._fill_text(text, width, indent)


_EXAMPLES = "examples:\n"


def examples_of(command: Command) -> str:
    """The examples of a command, for the end of its help."""
    return _EXAMPLES + "\n".join(f"  {line}" for line in map(_in_lines, command.EXAMPLES))


def _in_lines(example: str) -> str:
    """An example in lines that fit a terminal and a shell takes as one."""
    return " \\\n      ".join(textwrap.wrap(example, 70, break_on_hyphens=False))


class ArgumentParser(argparse.ArgumentParser):
    """Raises on a wrong argument, where argparse prints its usage and exits with status 2."""

    def __init__(self, prog: str | None = None, **options: object) -> None:
        options.setdefault("formatter_class", _HelpFormatter)
        super().__init__(prog, allow_abbrev=False, **options)  # type: ignore[arg-type]

    def parse(self, argv: list[str]) -> argparse.Namespace:
        """`parse_args`, with the nearest option for one that there is not."""
        parsed, unknown = self.parse_known_args(argv)
        if unknown:
            self.error(self._told_of(unknown))
        return parsed

    def _told_of(self, unknown: list[str]) -> str:
        for argument in unknown:
            option = argument.partition("=")[0]
            if option.startswith("-"):
                close = nearest(option, self.options())
                meant = f", did you mean {close}?" if close else ""
                return f"no such option: {option:.60}{meant}"
        return f"unrecognized arguments: {' '.join(unknown)}"

    def options(self) -> Iterator[str]:
        """The options of this parser and of its actions."""
        for action in self._actions:
            if action.help != argparse.SUPPRESS:
                yield from action.option_strings
            if isinstance(action.choices, dict):
                for inner in action.choices.values():
                    yield from inner.options()

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message} (see {self.prog} --help)")

    def print_help(self, file: Any = None) -> None:
        super().print_help(file)
        sys.stdout.flush()  # argparse ends the process next, whatever became of its output


def run_command(prog: str, command: Command, argv: list[str]) -> int:
    """`call_command` as a program of its own."""
    return run_program(lambda: call_command(prog, command, argv))


def call_command(prog: str, command: Command, argv: list[str]) -> int:
    """Parse `argv` and run `command`; the exit status.

    Whoever asked for `--json` reads of an error there too, before it is raised.
    """
    try:
        return _call(prog, command, argv)
    except Exception as error:
        if "--json" in argv and not _has_no_way_out(error):
            _print_error_document(error)
        raise


def _call(prog: str, command: Command, argv: list[str]) -> int:
    parser = ArgumentParser(prog, description=command.SUMMARY, epilog=examples_of(command))
    command.configure(parser)
    try:
        arguments = parser.parse(argv)
    except ConfigError as error:
        handler = getattr(command, "on_usage_error", None)
        if handler is None:
            raise
        status: int = handler(argv, error)
        return status
    return command.run(arguments)


def _print_error_document(error: Exception) -> None:
    print(as_line(error_document(None, error_record(error))), flush=True)


def _has_no_way_out(error: Exception) -> bool:
    """Whether what was being written found no room, or no reader."""
    return isinstance(error, OSError) and error.errno in _NO_WAY_OUT


def run_program(program: Callable[[], int]) -> int:
    """Run a program and turn whatever happens into an exit status and a sentence."""
    _open_what_is_closed()
    # Python looks for garbage in vain among all that imports make: for 0.1 s meanwhile by its own
    # threshold of 700 objects, and for up to 0.25 s at exit.
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)
    try:
        status = _status_of(program)
        sys.stdout.flush()  # a disk that is full is found out here, not at exit
    except OSError as error:
        _give_up(sys.stdout)
        if not isinstance(error, BrokenPipeError):  # whoever read our output has left
            say(f"cannot write {error.filename or 'the output'}: {error.strerror}")
        return EXIT_FAILED
    return status


def _status_of(program: Callable[[], int]) -> int:
    """The exit status of a program, and the sentence where there is one to say.

    Raises:
        OSError: What it writes finds no room, or no reader.
    """
    try:
        return program()
    except ArbtuneError as error:
        say(str(error))
        return EXIT_FAILED
    except KeyboardInterrupt:
        say("interrupted")
        return EXIT_INTERRUPTED
    except Exception as error:  # the last line of defence: no traceback for users
        if _has_no_way_out(error):
            raise
        say(f"unexpected {type(error).__name__}: {error}")
        return EXIT_UNEXPECTED


def _open_what_is_closed() -> None:
    """Open the null device in place of each stream that the shell has closed (`>&-`).

    Without one Python has None there, and the next file or socket would get its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _give_up(stream: TextIO) -> None:
    """Send a stream that cannot be written to the null device, or Python complains at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(sentence: str) -> None:
    """Print one line on stderr, after the program's name."""
    try:
        print(f"arbtune: {' '.join(sentence.split())}", file=sys.stderr)
    except OSError:  # there is nobody to tell
        _give_up(sys.stderr)


def warn(sentence: str) -> None:
    """Print one line on stderr about something that the user may not have meant."""
    say(f"warning: {sentence}")


def somebody_can_answer() -> bool:
    """Whether a person sees a question and can answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agrees(question: str) -> bool:
    """Ask the person at the terminal; whether the answer is yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


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
        argparse.ArgumentTypeError: It is not a whole number, or below 0, or has more than 64 bits.
    """
    try:
        number = whole_number(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 on, not {text!r:.60}")
    if number > sys.maxsize:
        raise argparse.ArgumentTypeError(f"must be at most {sys.maxsize:,}, not {text!r:.60}")
    return number
