"""`arbtune`, the one console script. Each command is a module, imported when it is called."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run `arbtune COMMAND ...`; the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        from arbitrage.shell.console import run_program  # where a Ctrl-C is expected

        return run_program(lambda: _run(arguments))
    except KeyboardInterrupt:  # before there was anybody to tell of it
        return 130  # as EXIT_INTERRUPTED of the console, which may not be there


def _run(arguments: list[str]) -> int:
    from worker.commands.program import run  # where a Ctrl-C is told of in a sentence

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
