"""What the model leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from arbitrage.documents.config import TuningConfig
from arbitrage.results.report.known import Known
from arbitrage.results.report.page.parts import Points, Section

ALWAYS = (
    "Funding and borrow of the short leg, and inventory on the venues.",
    "The change of fee notional as the price drifts: fees are taken on the notional at the open.",
    "Queues and partial fills: an order fills whole, or is not sent.",
)

_OPTIONS = {
    ("latency_a_ms", "latency_b_ms"): "Latency: a decision meets the quote of its own moment.",
    ("size_share",): "Displayed sizes: a trade takes its notional, whatever the quote offers.",
    ("max_quote_age_ms",): "The age of quotes: a stale one is traded like a fresh one.",
}


def model_section(known: Known) -> Section:
    """What every run leaves out, and what this one has not switched on."""
    return Section(
        "model",
        "What the model leaves out",
        sentences=[
            "Read the profit as an upper bound: what is left out or switched off would lower it."
        ],
        points=[Points("", [*ALWAYS, *_switched_off(known.config or known.spec.base)])],
    )


def _switched_off(config: TuningConfig) -> Iterator[str]:
    for names, sentence in _OPTIONS.items():
        if off := [name for name in names if not getattr(config, name)]:
            yield f"{sentence} Not set: {', '.join(off)}."
