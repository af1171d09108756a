"""How many replicates the test of a search draws."""

from __future__ import annotations

DEFAULT_REPLICATES = 1000
MAX_REPLICATES = 100_000  # their weights take a gigabyte, where there are 1,000 periods
