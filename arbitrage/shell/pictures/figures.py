"""Figures beside a picture."""

from __future__ import annotations

_LONG = 1e9


def short_figure(value: float) -> str:
    """A figure in at most 15 columns: with cents, until it is too large for them."""
    return f"{value:z,.2f}" if abs(value) < _LONG else f"{value:.3g}"
