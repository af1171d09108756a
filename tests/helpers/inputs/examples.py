"""How many examples a property is tried on."""

from __future__ import annotations

import os

from hypothesis import settings

# `make fuzz` goes deeper than `make test`.
DEPTH = int(os.environ.get("TEST_DEPTH", "1"))


def examples(count: int) -> settings:
    """So many of them in `make test`, at any speed: that says more about a machine than of code."""
    return settings(max_examples=count * DEPTH, deadline=None)
