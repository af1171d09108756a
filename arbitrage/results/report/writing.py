"""The report of a sweep, as one HTML file."""

from __future__ import annotations

from arbitrage.results.report.known import Known
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
    subtitle = f"{known.sweep.done:,} of {known.spec.total:,} configs over {known.spec.data_file}"
    return page_of(f"Sweep {known.sweep.sweep_id}", subtitle, sections)
