"""Profit against drawdown: what a smaller drawdown costs."""

from __future__ import annotations

from collections.abc import Iterator

from arbitrage.results.querying.front import DRAWDOWN, PROFIT
from arbitrage.results.report.charts.cloud import cloud_chart
from arbitrage.results.report.frontier import Frontier, frontier_of
from arbitrage.results.report.known import Known, number
from arbitrage.results.report.page.parts import Figure, Section, Table
from arbitrage.results.report.sections.winner import thinned

_FRONT_SHOWN = 100


def trade_off_section(known: Known) -> Section:
    """The cloud of all configs, and the front of those that no other betters."""
    frontier = frontier_of(known.rows)
    figures = [_figure(known, frontier)] if frontier.cloud.height else []
    return Section(
        "trade-off",
        "Profit against drawdown",
        sentences=[*_sentences(frontier)],
        figures=figures,
        folded=[_counts(frontier)] if figures else [],
    )


def _sentences(frontier: Frontier) -> Iterator[str]:
    yield (
        f"{frontier.front.height:,} of {frontier.configs:,} configs make the front: for each of "
        "them no other config earns as much with a smaller drawdown, or more with the same."
    )
    if frontier.outside:
        yield f"{frontier.outside:,} configs lose more or draw down further than the picture shows."


def _figure(known: Known, frontier: Frontier) -> Figure:
    front = thinned(frontier.front, _FRONT_SHOWN)
    rows = [
        (f"{config:,}", known.told(known.spec.config(config)), number(profit), number(drawdown, 3))
        for config, profit, drawdown in front.iter_rows()
    ]
    return Figure(
        "cloud",
        "Net profit in USD against the largest drawdown in percent. The line is the front.",
        cloud_chart(frontier.cloud, front, frontier.cloud["profit_from"].to_numpy().min()),
        Table(
            f"The front: {front.height:,} of {frontier.front.height:,} configs",
            ("config", "parameters", PROFIT, DRAWDOWN),
            rows,
        ),
    )


def _counts(frontier: Frontier) -> Table:
    """The cells of the cloud."""
    rows = [
        (*(number(end, 3) for end in ends), f"{count:,}")
        for *ends, count in frontier.cloud.iter_rows()
    ]
    columns = [f"{name} {end}" for name in (DRAWDOWN, PROFIT) for end in ("from", "to")]
    return Table("How many configs lie where", (*columns, "configs"), rows)
