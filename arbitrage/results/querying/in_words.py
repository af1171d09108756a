"""Specs in a line, and in what several of them differ."""

from __future__ import annotations

from collections.abc import Sequence

from arbitrage.documents.spec.grids import Grid, exact, whole
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.results.store.known_sweeps import KnownSweep

_LISTED = 5  # values of a grid that are told one by one
_DIGITS = 8  # of a digest


def spec_in_a_line(spec: SweepSpec) -> str:
    """What varies, and how."""
    parts = [f"{grid.name} {_values(grid)}" for grid in spec.grids] or ["one config"]
    return "; ".join([*parts, *_drawn(spec)])


def differences(sweeps: Sequence[KnownSweep]) -> list[dict[str, str]]:
    """Of each sweep the parts of its spec that are not the same in all, by their names."""
    parts = [_parts(known) for known in sweeps]
    names = dict.fromkeys(name for part in parts for name in part)
    differ = [name for name in names if len({part.get(name) for part in parts}) > 1]
    return [{name: part.get(name, "not set") for name in differ} for part in parts]


def _parts(known: KnownSweep) -> dict[str, str]:
    spec, description = known.spec, known.description
    fixed = spec.base.model_dump(mode="json", exclude_none=True)
    return {
        **{name: str(whole(value)) for name, value in fixed.items()},
        **{grid.name: _values(grid) for grid in spec.grids},
        "sample": "".join(_drawn(spec)) or "all",
        "digest of the data": description.data_sha256[:_DIGITS],
        "engine": description.engine_version,
    }


def _values(grid: Grid) -> str:
    if grid.values is None:
        return f"{exact(grid.start)} to {exact(grid.stop)} ({grid.axis.size:,} values)"
    if len(grid.values) <= _LISTED:
        return ", ".join(map(exact, grid.values))
    return f"{len(grid.values):,} values"


def _drawn(spec: SweepSpec) -> list[str]:
    """How many configs there are, where they are not all combinations."""
    if spec.total == spec.combinations:
        return []
    return [f"{spec.total:,} of {spec.combinations:,} combinations"]
