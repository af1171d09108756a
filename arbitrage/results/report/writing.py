"""The report of a sweep: its sections in their order, which `page/writing.py` writes as HTML."""

from __future__ import annotations

from collections.abc import Iterator

from arbitrage.results.report.known import Known, number
from arbitrage.results.report.page.writing import page_of
from arbitrage.results.report.sections.conditions import conditions_section
from arbitrage.results.report.sections.data import data_section
from arbitrage.results.report.sections.model import model_section
from arbitrage.results.report.sections.parameters import parameters_section
from arbitrage.results.report.sections.reproduce import reproduce_section
from arbitrage.results.report.sections.search import search_section
from arbitrage.results.report.sections.trade_off import trade_off_section
from arbitrage.results.report.sections.verdict import verdict_section
from arbitrage.results.report.sections.walk_forward import walk_forward_section
from arbitrage.results.report.sections.winner import winner_section
from arbitrage.results.walk_forward.durations import duration_text

SECTIONS = (
    verdict_section,
    winner_section,
    parameters_section,
    search_section,
    trade_off_section,
    conditions_section,
    walk_forward_section,
    data_section,
    model_section,
    reproduce_section,
)
"""In the order of the page."""


def report_html(known: Known) -> str:
    """The report.

    Raises:
        DataError: A part of the rows is damaged, or the data lack what an option needs.
    """
    with known.sweep.folder.damage_in_a_sentence(known.spec.total):
        sections = [section(known) for section in SECTIONS]
    return page_of(f"Sweep {known.sweep.sweep_id}", " ".join(_basics(known)), sections)


def _basics(known: Known) -> Iterator[str]:
    """What was run over what, for whoever has the report alone."""
    spec, config, data = known.spec, known.config, known.data
    yield f"{known.sweep.done:,} of {spec.total:,} configs over {spec.data_file}."
    if varied := [grid.name for grid in spec.grids if grid.axis.size > 1]:
        yield f"Varied: {', '.join(varied)}."
    if data is not None and data.rows:
        length = duration_text(data.moment_ns(data.rows - 1) - data.moment_ns(0))
        yield (
            f"The file has {data.rows:,} rows from {data.timestamp(0)} to "
            f"{data.timestamp(data.rows - 1)}, {length}."
        )
    if config is not None:
        yield (
            f"The best config trades {number(config.max_position_usd)} USD at a time, of a balance "
            f"of {number(config.initial_balance_usd)} USD at the start."
        )
