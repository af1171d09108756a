"""One config by the kernels, which are the engine to the last bit and much quicker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import replay_one


def by_kernels(data: OpenedFile, fields: dict[str, Any]) -> SimpleNamespace:
    """The figures of a job with these fields."""
    config = TuningConfig(**fields)
    return SimpleNamespace(**replay_one(data, config.model_dump(include={*NUMERIC_FIELDS})))
