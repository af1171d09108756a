"""The bounds on a data file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataLimits:
    """Bounds on a data file. `max_bytes` holds for what a compressed file unpacks to as well."""

    max_rows: int = 1_000_000_000
    max_bytes: int = 64 * 2**30
