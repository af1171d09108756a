"""A sweep spec to begin with: every field of a config with what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic.fields import FieldInfo

from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig

# Values to begin with where a field has no default; those of the grids are in the text below.
_BEGIN_WITH = {
    "taker_fee_a_bps": 5,
    "taker_fee_b_bps": 5,
    "slippage_bps": 1,
    "max_position_usd": 1000,
}
_VARIES = "min_spread_bps"
_HEAD = """\
# A sweep: many configs over one data file. `arbtune sweep THIS_FILE --local` runs it.
# Every field stands either here, for all configs, or in a grid below.

"""
_GRIDS = """\
# Every combination is a config; the last grid varies fastest.
grids:
  - {name: min_spread_bps, start: 0, stop: 80, num: 81}   # or step: 1 instead of num
# - {name: slippage_bps, values: [0, 1, 2.5]}             # costs are not chosen: look at each alone
# - {name: latency_a_ms, values: [0, 50, 200]}

rank_by: net_pnl_usd
# filters: {max_drawdown_pct: 15, min_trades: 10}
# sample: {n: 10000, seed: 7}        # so many different combinations instead of all
# max_jobs: 50                       # the first ones only
# tag_prefix: first-try
"""


def template(data_file: str) -> str:
    """The text of a spec over this file, as YAML."""
    fields = TuningConfig.model_fields
    shown = ["data_file", *(name for name in NUMERIC_FIELDS if name != _VARIES)]
    lines = [_line(name, fields[name], data_file) for name in shown]
    return f"{_HEAD}{''.join(_aligned(lines))}\n{_GRIDS}"


def _line(name: str, field: FieldInfo, data_file: str) -> tuple[str, str]:
    """A field with its value, commented out where that is its default; and what it means."""
    about = field.description or ""
    if name == "data_file":
        return f"data_file: {json.dumps(data_file, ensure_ascii=False)}", about
    if name in _BEGIN_WITH:
        return f"{name}: {_BEGIN_WITH[name]}", about
    default = "null" if field.default is None else f"{field.default:g}"
    return f"# {name}: {default}", about


def _aligned(lines: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(line) for line, _ in lines)
    for line, about in lines:
        yield f"{line:<{width}}  # {about}\n"
