"""Which latencies a file can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.results.explain.ladder import LATENCIES_MS

_MS = 1_000
_NS = 10**9


def row_seconds(data: OpenedFile) -> float | None:
    """The median time from one tradable row to the next; None where the times tell none."""
    if not data.with_options.has_times:
        return None
    steps = np.diff(data.with_options.rows.time_ns)
    return float(np.median(steps)) / _NS if len(steps) else None


def latency_cautions(seconds: float | None, config: Mapping[str, Any]) -> list[str]:
    """A sentence where the rows are too far apart for a latency of the ladder or of the config.

    Args:
        seconds: The median time from one row to the next, see `row_seconds`.
        config: The fields of the config.
    """
    if seconds is None:
        return []
    own = [ms for name in ("latency_a_ms", "latency_b_ms") if (ms := config.get(name))]
    if seconds * _MS <= min(filter(None, (*LATENCIES_MS, *own))):
        return []
    below = [latency_text(ms) for ms in sorted(set(own)) if ms < seconds * _MS]
    named = f", such as the config's own {' and '.join(below)}," if below else ""
    apart = latency_text(seconds * _MS)
    return [f"Rows are {apart} apart: a latency below that{named} cannot be told by this file."]


def latency_text(ms: float) -> str:
    """A latency as people read it: `12.5 ms`, `20 s`."""
    return f"{ms / _MS:,.6g} s" if ms >= _MS else f"{ms:,.6g} ms"
