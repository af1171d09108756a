"""How far long work is, for people, on stderr: one live line, or a plain one now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PLAIN_LINE_EVERY_S = 5.0
_CLEAR = "\r\x1b[2K"


@contextmanager
def live_line() -> Iterator[Callable[[str], None]]:
    """A function that shows the text it is given in place of the one before."""
    if not sys.stderr.isatty():
        yield _plain()
        return
    try:
        yield lambda text: print(f"{_CLEAR}{text}", end="", file=sys.stderr, flush=True)
    finally:
        print(_CLEAR, end="", file=sys.stderr, flush=True)


def _plain() -> Callable[[str], None]:
    """Prints a line when the last one is some seconds old; short work prints none."""
    next_line = time.monotonic() + PLAIN_LINE_EVERY_S

    def tell(text: str) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + PLAIN_LINE_EVERY_S
            print(text, file=sys.stderr, flush=True)

    return tell
