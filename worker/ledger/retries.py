"""How long a job waits for its next attempt; `errors.RULES` says after which errors."""

from __future__ import annotations

import random

# A second lets a hiccup of a file system pass; the cap keeps a job within sight of its user.
RETRY_BASE_MS = 1_000
RETRY_CAP_MS = 60_000


def terms() -> dict[str, float]:
    """What the ledger computes a pause from: it doubles with each attempt, up to the cap."""
    return {
        "base_ms": RETRY_BASE_MS,
        "cap_ms": RETRY_CAP_MS,
        # Between half and all of the pause: jobs that failed together do not return together.
        "jitter": random.uniform(0.5, 1.0),  # noqa: S311 - no secret
    }
