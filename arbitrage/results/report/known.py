"""What a report is made of: a sweep, and what is known of it beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from arbitrage.documents.config import TuningConfig
from arbitrage.documents.spec.grids import Grid, exact
from arbitrage.documents.spec.short_values import short_text
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.results.explain.explanation import Explanation, explain_config
from arbitrage.results.report.importance import Importances, importances
from arbitrage.results.report.levels import NO_VALUE
from arbitrage.results.store.known_sweeps import KnownSweep
from arbitrage.results.store.ranking import Rejection, rejected_together
from arbitrage.results.verdict.verdict import Verdict
from arbitrage.results.verdict.words.reasons import no_evidence
from arbitrage.results.walk_forward.outcome import WalkForward


@dataclass(frozen=True)
class Known:
    """A sweep with rows.

    Attributes:
        best: The row of the config that is shown as the best; None where no config may be ranked.
        verdict: As it was kept, or None.
        walk: What walk-forward kept, or None.
        data: The data file, of the same content as when the sweep ran; None where it is not there.
        why_no_data: A sentence, where it is not.
        why_no_verdict: A sentence, where a verdict was kept that is not shown.
        why_no_walk: The same of walk-forward.
    """

    sweep: KnownSweep
    best: dict[str, Any] | None
    verdict: Verdict | None
    walk: WalkForward | None
    data: OpenedFile | None
    why_no_data: str = ""
    why_no_verdict: str = ""
    why_no_walk: str = ""

    @property
    def spec(self) -> SweepSpec:
        return self.sweep.spec

    @cached_property
    def rows(self) -> pl.LazyFrame:
        """All rows of the sweep."""
        return self.sweep.folder.rows(self.spec.total)

    @cached_property
    def grids(self) -> list[Grid]:
        """What varies, the most important first."""
        by_name = {grid.name: grid for grid in self.spec.grids if grid.axis.size > 1}
        return [by_name[name] for name in self.importances.names() if name in by_name]

    @cached_property
    def importances(self) -> Importances:
        return importances(self.rows, self.spec)

    @cached_property
    def config(self) -> TuningConfig | None:
        """The best config."""
        return None if self.best is None else self.spec.config(self.best["config_number"])

    @cached_property
    def explanation(self) -> Explanation | None:
        """What the best config did, where the data file is there."""
        if self.config is None or self.data is None:
            return None
        return explain_config(self.config, self.data)

    @cached_property
    def no_evidence(self) -> list[str]:
        """The verdict once more for whoever reads the figures alone, where it is not an edge."""
        return [] if self.verdict is None else no_evidence(self.verdict)

    @cached_property
    def rejected(self) -> Rejection:
        """What the filters together reject."""
        return rejected_together(self.rows, self.spec)

    def told(self, config: TuningConfig) -> str:
        """The parameters of a config that vary, in the order of the spec."""
        values = (
            f"{grid.name} {_told(grid, getattr(config, grid.name))}" for grid in self.spec.grids
        )
        return ", ".join(values)


def _told(grid: Grid, value: float | None) -> str:
    return NO_VALUE if value is None else short_text(grid, value)


def number(value: float | None, digits: int = 2) -> str:
    """A figure as the page has it; nothing where it has no value."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:z,.{digits}f}"


def share(value: float | None) -> str:
    """A share in percent."""
    return "not known" if value is None else f"{value:.0%}"


def setting(value: float | None) -> str:
    """A value of a config's field."""
    return NO_VALUE if value is None else exact(value)
