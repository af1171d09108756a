"""What breaks it: the best config under other conditions, and its break-evens."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from arbitrage.documents.config import TuningConfig
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.results.explain.break_even import LONGEST_MS, BreakEvens, break_evens
from arbitrage.results.explain.ladder import Rung, ladder, repeats
from arbitrage.results.explain.resolution import latency_cautions, latency_text, row_seconds
from arbitrage.results.report.charts.series import bar_chart
from arbitrage.results.report.known import Known, number
from arbitrage.results.report.page.parts import Figure, Section, Table
from arbitrage.results.verdict.words.texts import counted

NAME, TITLE = "conditions", "What breaks it"


def conditions_section(known: Known) -> Section:
    """The ladder and the break-evens of the best config, where the data are there."""
    if known.config is None:
        return Section(NAME, TITLE, sentences=["No config may be ranked."])
    if known.data is None:
        return Section(NAME, TITLE, sentences=[f"Nothing could be tried: {known.why_no_data}"])
    return _of(known, known.config, known.data)


def _of(known: Known, config: TuningConfig, data: OpenedFile) -> Section:
    rungs = [rung for rung in ladder(config, data) if not repeats(rung.what, config.model_dump())]
    sentences = [
        *known.no_evidence,
        *_sentences(config, break_evens(config, data)),
        *latency_cautions(row_seconds(data), config.model_dump()),
        *_gaps(known),
    ]
    return Section(NAME, TITLE, sentences=sentences, figures=[_figure(rungs)])


def _sentences(config: TuningConfig, limits: BreakEvens) -> Iterator[str]:
    own = config.taker_fee_a_bps + config.taker_fee_b_bps + config.slippage_bps
    if limits.cost_bps is None:
        yield "Not even without costs does it earn anything."
    else:
        yield (
            f"Costs: it breaks even at {number(limits.cost_bps)} bps an execution; it pays "
            f"{number(own)}."
        )
    if limits.latency_ms is None:
        longest = latency_text(LONGEST_MS)
        yield f"Latency: it earns at every one that could be tried, up to {longest}."
    else:
        yield f"Latency: it breaks even at {latency_text(limits.latency_ms)} to both venues."


def _gaps(known: Known) -> Iterator[str]:
    """What hangs on rows that are not there."""
    quality = None if known.explanation is None else known.explanation.quality
    if quality is None or not quality.trades_over_gaps:
        return
    trades = counted(quality.trades_over_gaps, "closed trade")
    yield (
        f"Gaps: {trades} had been open where rows are unusually far apart, and earned "
        f"{number(quality.pnl_over_gaps_usd)} USD. Nobody knows what the quotes were meanwhile."
    )


def _figure(rungs: list[Rung]) -> Figure:
    rows = [(what, number(net_usd), f"{closed:,}") for what, net_usd, closed in rungs]
    frame = pl.DataFrame(rungs, schema=["condition", "net_usd", "closed_trades"], orient="row")
    return Figure(
        "ladder",
        "The best config again under other conditions: its net profit in USD.",
        bar_chart(frame, "condition", "net_usd", "net profit, USD"),
        Table("Under other conditions", ("condition", "net, USD", "closed trades"), rows),
    )
