"""The console that pictures are printed on."""

from __future__ import annotations

from rich.console import Console


def picture_console(*, plain: bool = False) -> Console:
    """A console that breaks no line.

    It has colour where stdout is a terminal, `NO_COLOR` is not set, and `plain` is not asked for.
    """
    return Console(
        highlight=False, markup=False, emoji=False, soft_wrap=True, no_color=plain or None
    )
