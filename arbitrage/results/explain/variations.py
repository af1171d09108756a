"""A config with other numbers in some of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import FigureArrays, replay


def varied(
    config: TuningConfig, data: OpenedFile, changes: Mapping[str, Any], count: int
) -> FigureArrays:
    """The figures of the config with other numbers.

    Args:
        config: What to begin with.
        data: The file.
        changes: Of some fields a number, or one for each of the configs, None where it is not set.
        count: How many configs that makes.

    Raises:
        DataError: The data lack what an option needs.
    """
    arrays = {name: np.array(value, np.float64) for name, value in changes.items()}
    return replay(data, {**numbers_of(config), **arrays}, count)


def numbers_of(config: TuningConfig) -> dict[str, Any]:
    """The numbers of a config by the names of their fields, None where one is not set."""
    return config.model_dump(include=set(NUMERIC_FIELDS))


def has_times(data: OpenedFile) -> bool:
    """Whether the times of the rows can be used."""
    return data.with_options.facts.out_of_reach is None
