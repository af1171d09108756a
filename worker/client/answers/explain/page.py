"""One config on a page of 80 columns, the same on a terminal and in a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import polars as pl

from arbitrage.documents.spec.grids import exact
from arbitrage.results.explain.break_even import LONGEST_MS, BreakEvens
from arbitrage.results.explain.explanation import Explanation
from arbitrage.results.explain.habits import FEW
from arbitrage.results.explain.ladder import Rung, repeats
from arbitrage.results.explain.quality import Quality
from arbitrage.results.explain.resolution import latency_cautions, latency_text
from arbitrage.shell.console import printable
from arbitrage.shell.pictures.console import picture_console
from arbitrage.shell.pictures.sparkline import sparkline_lines

WIDTH = 80
_LABEL = 14
_SHOWN = 3  # trades, of the best and of the worst


class Page(NamedTuple):
    """What stands on it."""

    place: dict[str, Any]
    explanation: Explanation
    rungs: Sequence[Rung]
    limits: BreakEvens
    row_seconds: float | None = None


def print_page(page: Page, *, plain: bool) -> None:
    """Print it on stdout; `plain` is for logs."""
    console = picture_console(plain=plain)
    for line in lines_of(page, plain=plain or console.options.ascii_only):
        console.print(line)


def lines_of(page: Page, *, plain: bool) -> Iterator[str]:
    """Its lines.

    Args:
        page: What stands on it.
        plain: Whether only ASCII is wanted.
    """
    run = page.explanation
    yield from _heading(page)
    yield ""
    yield from _result(run)
    yield sparkline_lines("equity, USD", run.equity["equity_usd"].to_list(), plain=plain)
    yield ""
    yield from _money(run)
    yield ""
    yield from _trades(run.trades)
    yield from _habits(run)
    yield from _quality(run.quality)
    yield ""
    yield from _conditions(page)


def _heading(page: Page) -> Iterator[str]:
    place, config = page.place, page.explanation.config
    name = f"job {place['job_id']}" if "job_id" in place else _of_sweep(place)
    numbers = (f"{name} {exact(value)}" for name, value in config.numbers().items() if value)
    yield from _filled(f"{printable(name)}, over {printable(config.data_file)}")
    yield from _filled(", ".join(numbers))


def _of_sweep(place: dict[str, Any]) -> str:
    return f"config {place['config_number']} of sweep {place['sweep_id']}"


def _result(run: Explanation) -> Iterator[str]:
    metrics = run.metrics
    stop = metrics.stopped_timestamp
    end = "" if stop is None else f", which stopped it at {stop}"
    yield from _paragraph(
        "net profit",
        f"{_usd(metrics.net_pnl_usd)} USD: {_usd(metrics.realized_pnl_usd)} realized in "
        f"{metrics.closed_trades:,} closed trades, {_usd(metrics.unrealized_pnl_usd)} in "
        f"{metrics.open_trades:,} open ones",
    )
    yield from _paragraph("drawdown", f"{metrics.max_drawdown_pct:.2f} % at most{end}")


def _money(run: Explanation) -> Iterator[str]:
    yield f"{'where the money went':<28}{'USD':>14}{'bps':>10}"
    for what, usd, bps in run.money:
        yield f"{what:<28}{_usd(usd):>14}{'' if bps is None else f'{bps:z.2f}':>10}"
    yield "bps are of the notional of the closed trades"


def _trades(trades: pl.DataFrame) -> Iterator[str]:
    """The best of the closed trades and the worst ones, each once."""
    closed = trades.drop_nulls("close_row").sort("pnl_usd", descending=True, maintain_order=True)
    if not closed.height:
        return
    ends = pl.concat([closed.head(_SHOWN), closed.slice(max(_SHOWN, closed.height - _SHOWN))])
    spreads = "".join(f"{title:>9}" for title in ("seen", "entry", "exit"))
    yield f"{'best and worst trades, opened at':<32}{spreads}{'USD':>11}  end"
    for row in ends.iter_rows(named=True):
        spreads = "".join(f"{row[f'{at}_spread_bps']:9.2f}" for at in ("decision", "entry", "exit"))
        end = row["ended_by"]
        yield f"{printable(row['open_time']):<32.32}{spreads}{_usd(row['pnl_usd']):>11}  {end}"
    yield ""


def _habits(run: Explanation) -> Iterator[str]:
    habits = run.habits
    if habits.median_holding_seconds is not None and habits.longest_holding_seconds is not None:
        yield from _paragraph(
            "held",
            f"{habits.median_holding_seconds:,.6g} s (median), "
            f"{habits.longest_holding_seconds:,.6g} s at most",
        )
    if habits.exposure is not None:
        yield from _paragraph("exposure", f"a trade was open {habits.exposure:.1%} of the time")
    if habits.best_five_share is not None:
        best = f"{habits.best_five_share:.1%} of the realized profit are from the best {FEW} trades"
        yield from _paragraph("concentration", best + _busiest(run))


def _busiest(run: Explanation) -> str:
    habits = run.habits
    if habits.busiest_hour is None or habits.busiest_hour_share is None:
        return ""
    return (
        f", {habits.busiest_hour_share:.1%} from the {habits.busiest_hour_trades:,} that closed in "
        f"the busiest hour, from {habits.busiest_hour} on"
    )


def _quality(quality: Quality) -> Iterator[str]:
    reasons = {
        "empty": quality.empty_snapshots,
        "crossed": quality.crossed_snapshots,
        "locked": quality.locked_snapshots,
        "too old": quality.stale_snapshots,
    }
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
    skipped = f"{quality.skipped_snapshots:,} skipped" + (f" ({told})" if told else "")
    yield from _paragraph("rows", f"{quality.snapshots_count:,}, {skipped}")
    if quality.gaps is None:
        return
    over = ""
    if quality.gaps and quality.pnl_over_gaps_usd is not None:
        over = (
            f"; {quality.trades_over_gaps:,} trades were open over one and earned "
            f"{_usd(quality.pnl_over_gaps_usd)} USD"
        )
    longest = f"the longest time between two rows, {quality.largest_step_seconds:,.6g} s"
    yield from _paragraph(
        "gaps",
        f"{quality.gaps:,} above {quality.gap_bound_seconds:,.6g} s; {longest}, follows "
        f"{quality.largest_step_after}{over}",
    )


def _conditions(page: Page) -> Iterator[str]:
    yield f"{'under other conditions':<28}{'net USD':>14}{'closed':>10}"
    config, limits = page.explanation.config, page.limits
    for what, net_usd, closed in page.rungs:
        if not repeats(what, config.model_dump()):
            yield f"{what:<28}{_usd(net_usd):>14}{closed:>10,}"
    own = config.taker_fee_a_bps + config.taker_fee_b_bps + config.slippage_bps
    cost = "at no cost" if limits.cost_bps is None else f"at {limits.cost_bps:,.4g} bps"
    yield from _paragraph("break-even", f"{cost} an execution (it pays {own:,.6g})")
    yield from _paragraph("", f"{_latency(limits.latency_ms)} to both venues")
    for sentence in latency_cautions(page.row_seconds, config.model_dump()):
        yield from _filled(sentence)


def _latency(latency_ms: float | None) -> str:
    if latency_ms is None:
        return f"at no latency that was tried, up to {latency_text(LONGEST_MS)},"
    return f"at a latency of {latency_text(latency_ms)}"


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"{value:z,.2f}"


def _paragraph(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=f"{label:<{_LABEL}}",
        subsequent_indent=" " * _LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
