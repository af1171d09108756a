"""`arbtune sweep --explain-plan`: which kernels run the configs of a sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arbitrage.replay.roads import FEWEST_BY_TRIPS, Roads, columns_of, roads_of
from arbitrage.shell.console import printable

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from arbitrage.replay.kernels.layout import Floats

_AT_ONCE = 100_000


def explain_plan(spec: SweepSpec, *, as_json: bool) -> str:
    """The answer, for people or for programs."""
    roads = roads_of(_columns(spec))
    if as_json:
        return json.dumps({"total": spec.total, **roads._asdict()})
    return "\n".join([f"{spec.total:,} configs over {printable(spec.data_file)}", *_lines(roads)])


def _columns(spec: SweepSpec) -> Iterator[dict[str, Floats]]:
    for start in range(0, spec.total, _AT_ONCE):
        stop = min(start + _AT_ONCE, spec.total)
        yield columns_of(spec.columns(start, stop), stop - start)


def _lines(roads: Roads) -> Iterator[str]:
    shapes = "1 shape" if roads.shapes == 1 else f"{roads.shapes:,} shapes"
    few = f"fewer than {FEWEST_BY_TRIPS} of a shape"
    for count, road, why in (
        (roads.windows, "windows", "no options"),
        (roads.trips, "trips", f"options and one slot, in {shapes}"),
        (roads.scan, "scan", f"options, and several slots or {few}"),
    ):
        yield f"{count:>12,}  {road:<8} {why}"
