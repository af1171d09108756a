"""A page that is kept up to date on a terminal, and the keys that change what it shows."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from worker.client.watching.page import View, keys, page
from worker.ledger.connection import RedisUnavailableError, redis_errors_in_a_sentence

if TYPE_CHECKING:
    from worker.client.watching.overview import Overview
    from worker.settings import Settings

_ESCAPE, _ENTER, _RUB_OUT = "\x1b", ("\r", "\n"), ("\x7f", "\b")
_MOST_TYPED = 40


def watch(ask: Callable[[], Overview], settings: Settings, every_s: float) -> None:
    """Show the page until somebody quits; asks the server again at each turn.

    A server that is away is said, and asked again.

    Raises:
        KeyboardInterrupt: Ctrl-C, which is another way to quit.
    """
    shown = _Shown(Console(), settings.redis_place)
    with _keys_at_once(), Live(console=shown.console, screen=True, auto_refresh=False) as live:
        while shown.view is not None:
            try:
                with redis_errors_in_a_sentence(settings):
                    shown.overview, shown.away = ask(), ""
            except RedisUnavailableError as error:
                shown.away = str(error)
            _show_until(time.monotonic() + every_s, shown, live)


@dataclass
class _Shown:
    """What is on the terminal; `view` is None once somebody quits."""

    console: Console
    place: str
    view: View | None = field(default_factory=View)
    overview: Overview | None = None
    away: str = ""

    def page(self, view: View) -> Group:
        """All of it."""
        height = self.console.height
        parts = [] if self.overview is None else [page(self.overview, view, self.place, height)]
        said = [Text(self.away, style="bold red")] if self.away else []
        return Group(*said, *parts, Text(""), keys(view))


def _show_until(end: float, shown: _Shown, live: Live) -> None:
    """Show it, and again with each key, until the time has come to ask anew."""
    while shown.view is not None:
        live.update(shown.page(shown.view), refresh=True)
        pressed = _pressed(end - time.monotonic())
        if not pressed:
            return
        shown.view = view_after(shown.view, pressed)


def view_after(view: View, pressed: str) -> View | None:
    """What is shown once keys were pressed; None to quit."""
    for key in pressed if pressed != _ESCAPE else [_ESCAPE]:
        if view.is_typing:
            view = _typed(view, key)
        elif key == "q":
            return None
        elif key == "s":
            view = view.sorted_next()
        elif key in {"f", "/"}:
            view = replace(view, is_typing=True)
        elif key == _ESCAPE:
            view = replace(view, only="")
    return view


def _typed(view: View, key: str) -> View:
    if key in _ENTER:
        return replace(view, is_typing=False)
    if key == _ESCAPE:
        return replace(view, is_typing=False, only="")
    if key in _RUB_OUT:
        return replace(view, only=view.only[:-1])
    return replace(view, only=(view.only + key)[:_MOST_TYPED]) if key.isprintable() else view


def _pressed(wait_s: float) -> str:
    """The keys that were pressed within this time; '' when it is over."""
    ready, _, _ = select.select([sys.stdin], [], [], max(0.0, wait_s))
    if not ready:
        return ""
    read = os.read(sys.stdin.fileno(), 1024)
    return read.decode(errors="replace") or "q"  # the terminal is gone


@contextmanager
def _keys_at_once() -> Iterator[None]:
    """Take keys without Enter, and do not show them."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSADRAIN)  # what was typed meanwhile counts
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
