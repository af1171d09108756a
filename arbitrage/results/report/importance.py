"""Which parameters matter: what share of a figure's variance each one explains.

The main effect of a parameter is Var(E[figure | parameter]) / Var(figure), its total
E[Var(figure | all other parameters)] / Var(figure); the difference is what it does together with
others (Sobol 1993; Homma and Saltelli 1996). On a full grid both are exact: means and variances of
groups. On a part of one they are estimates. The means of small groups differ by chance alone, which
is subtracted: the between-group sum of squares less what the variance within groups lets one expect
(Kelley's epsilon squared, 1935). The variance within groups counts by degrees of freedom.

A figure with a long tail of losses has its variance there. So the main effect on being in the top
tenth stands beside it, by counts of configs alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from arbitrage.documents.spec.sweep_spec import SweepSpec

TOP_SHARE = 0.1
_MOST_TIED = 0.5  # of the configs: where as many are equal, there is no top tenth
_LEAST_DEGREES = 30  # of freedom, for a total on a part of a grid

_FIGURE, _IN_TOP = "figure", "in_top"


@dataclass(frozen=True, slots=True)
class Importance:
    """What one parameter explains, in shares of the variance; None where it cannot be told.

    Attributes:
        main_effect: Of the figure, by itself.
        total: Of the figure, by itself and together with others.
        top_tenth: Of being in the top tenth, by itself.
    """

    parameter: str
    main_effect: float | None
    total: float | None
    top_tenth: float | None


@dataclass(frozen=True, slots=True)
class Importances:
    """What the parameters explain, the most important first.

    Attributes:
        is_exact: Whether the rows are a full grid; else the shares are estimates, less the noise.
        configs: How many have the figure.
        top_from: The least figure of the top tenth; None where too many are equal for one.
        top_configs: How many are in it: more than a tenth where several have that least figure.
    """

    parameters: tuple[Importance, ...]
    is_exact: bool
    configs: int
    top_from: float | None
    top_configs: int

    def names(self) -> list[str]:
        """The parameters, the most important first."""
        return [one.parameter for one in self.parameters]


def importances(rows: pl.LazyFrame, spec: SweepSpec) -> Importances:
    """The importance of each parameter that varies, for the figure that the spec ranks by.

    Args:
        rows: Of the sweep; those without the figure do not count.
        spec: Whose they are.
    """
    names = [grid.name for grid in spec.grids]
    known = _known(rows, spec)
    top_from, top_configs = _top(known)
    marked = known.with_columns(
        (pl.col(_FIGURE) >= pl.lit(top_from, pl.Float64)).cast(pl.Float64).alias(_IN_TOP)
    )
    configs, variance = _spread(marked, _FIGURE)
    _, top_variance = _spread(marked, _IN_TOP)
    is_exact = configs == spec.combinations
    found = [
        Importance(
            name,
            _main_effect(marked, name, _FIGURE, variance, is_exact),
            _total(marked, name, names, variance, is_exact),
            _main_effect(marked, name, _IN_TOP, top_variance, is_exact),
        )
        for name in names
    ]
    found.sort(key=lambda one: -max(one.total or 0.0, one.main_effect or 0.0))
    return Importances(tuple(found), is_exact, configs, top_from, top_configs)


def two_most_important(rows: pl.LazyFrame, spec: SweepSpec) -> tuple[str, str] | None:
    """The two parameters with the largest main effects, or None where fewer vary.

    It streams the rows: memory holds the values of one parameter, not the rows.
    """
    names = [grid.name for grid in spec.grids if grid.axis.size > 1]
    if len(names) < 2:  # noqa: PLR2004 - two axes
        return None
    known = _known(rows, spec)
    configs, variance = _spread(known, _FIGURE)
    is_exact = configs == spec.combinations
    effects = {name: _main_effect(known, name, _FIGURE, variance, is_exact) for name in names}
    first, second, *_ = sorted(names, key=lambda name: -(effects[name] or 0.0))
    return first, second


def _known(rows: pl.LazyFrame, spec: SweepSpec) -> pl.LazyFrame:
    """The parameters and the figure of the rows that have it."""
    figure = pl.col(spec.rank_by).cast(pl.Float64).alias(_FIGURE)
    return rows.select(figure, *(grid.name for grid in spec.grids)).filter(
        pl.col(_FIGURE).is_not_null()
    )


def _top(known: pl.LazyFrame) -> tuple[float | None, int]:
    """The least figure of the top tenth, and how many configs have at least as much."""
    bound = pl.col(_FIGURE).quantile(1 - TOP_SHARE, "higher")
    at_least = (pl.col(_FIGURE) >= bound).sum()
    found, count, configs = known.select(bound, at_least.alias("n"), pl.len()).collect().row(0)
    return (None, 0) if not configs or count > _MOST_TIED * configs else (found, count)


def _spread(known: pl.LazyFrame, column: str) -> tuple[int, float]:
    """How many rows there are, and the variance of a column; 0 where all are equal."""
    value = pl.col(column)
    varies = value.min() < value.max()
    found = known.select(pl.len(), varies.alias("varies"), value.var(ddof=0))
    configs, is_spread, variance = found.collect(engine="streaming").row(0)
    return configs, variance if is_spread else 0.0


def _main_effect(
    marked: pl.LazyFrame, name: str, column: str, variance: float, is_exact: bool
) -> float | None:
    groups = (
        marked.group_by(name)
        .agg(pl.len().alias("n"), mean=pl.col(column).mean(), var=pl.col(column).var(ddof=0))
        .collect(engine="streaming")
    )
    if not variance:
        return None
    sizes, means, variances = (groups[one].to_numpy() for one in ("n", "mean", "var"))
    rows = int(sizes.sum())
    off = means - (means * sizes).sum() / rows
    between, within = float((sizes * off**2).sum()), float((sizes * variances).sum())
    if not is_exact:
        if rows <= sizes.size:
            return None
        between -= (sizes.size - 1) * within / (rows - sizes.size)
    return _share(between / rows, variance)


def _total(
    marked: pl.LazyFrame, name: str, names: list[str], variance: float, is_exact: bool
) -> float | None:
    if not variance:
        return None
    others = [pl.col(other) for other in names if other != name] or [pl.lit(0)]
    size, squares = pl.col("n"), pl.col("n") * pl.col("var")
    counted = (
        marked.group_by(others)
        .agg(pl.len().alias("n"), var=pl.col(_FIGURE).var(ddof=0))
        .select(squares.sum().alias("within"), size.sum(), (size - 1).sum().alias("degrees"))
    )
    values = marked.select(pl.col(name).n_unique())
    of_groups, of_name = pl.collect_all([counted, values], engine="streaming")
    within, rows, degrees = of_groups.row(0)
    if is_exact:
        return _share(within / rows, variance)
    count = of_name.item()
    if degrees < _LEAST_DEGREES:
        return None
    return _share(within / degrees * (count - 1) / count, variance)


def _share(part: float, whole: float) -> float:
    """A share of the variance; rounding and an estimate may leave the range of one."""
    return min(max(part / whole, 0.0), 1.0)
