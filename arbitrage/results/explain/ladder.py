"""The same config under other conditions: with latency, with displayed sizes, at a higher cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from arbitrage.documents.config import TuningConfig
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.many_configs import FigureArrays, replay
from arbitrage.replay.model.needed_columns import NEEDED_COLUMNS

LATENCIES_MS = (0, 50, 200)
MORE_COST_BPS = 1


class Rung(NamedTuple):
    """The run under one condition."""

    what: str
    net_pnl_usd: float
    closed_trades: int


def ladder(config: TuningConfig, data: OpenedFile) -> list[Rung]:
    """What the config comes to as it is, with latency, with displayed sizes, and at a higher cost.

    Latency is the same to both venues; a file whose times cannot be used has no rungs of it.
    Displayed sizes, where the file has them, are taken as far as `size_share` says, or whole. A
    higher cost is higher slippage, and the threshold rises with it, as the model has it. All else
    is as the config says.

    Raises:
        DataError: The data lack what an option of the config needs.
    """
    conditions = dict(_conditions(config, data))
    numbers = config.numbers()
    changed = {name for change in conditions.values() for name in change}
    figures = varied(
        config,
        data,
        {
            name: [change.get(name, numbers[name]) for change in conditions.values()]
            for name in changed
        },
        len(conditions),
    )
    return [
        Rung(what, figures["net_pnl_usd"][place].item(), figures["closed_trades"][place].item())
        for place, what in enumerate(conditions)
    ]


def repeats(what: str, config: Mapping[str, Any]) -> bool:
    """Whether a rung says nothing new: latency 0 of a config that has none."""
    has_latency = any(config.get(name) for name in ("latency_a_ms", "latency_b_ms"))
    return what == "latency 0 ms" and not has_latency


def _conditions(
    config: TuningConfig, data: OpenedFile
) -> Iterator[tuple[str, Mapping[str, float]]]:
    """What each rung is called, and what it changes."""
    yield "as it is", {}
    if data.with_options.has_times:
        for ms in LATENCIES_MS:
            yield f"latency {ms} ms", {"latency_a_ms": ms, "latency_b_ms": ms}
    if set(NEEDED_COLUMNS["size_share"]) <= set(data.with_options.columns):
        yield "displayed size", {"size_share": config.size_share or 1.0}
    more = config.slippage_bps + MORE_COST_BPS
    yield f"{MORE_COST_BPS} bp more cost", {"slippage_bps": more}


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
    return replay(data, {**config.numbers(), **arrays}, count)
