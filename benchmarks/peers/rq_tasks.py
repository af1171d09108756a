"""A peer of the queue benchmark: RQ's job, which calls the same runner."""

from __future__ import annotations

from typing import Any

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig


def run(config: dict[str, Any]) -> dict[str, Any]:
    """One job."""
    return ArbitrageTuningRunner(TuningConfig(**config)).run().model_dump(mode="json")
