"""Whether the best is luck: first on the page."""

from __future__ import annotations

from arbitrage.results.report.known import Known, number
from arbitrage.results.report.page.parts import Section

_NOT_JUDGED = "not judged yet"


def verdict_section(known: Known) -> Section:
    """The verdict that was kept, or how to get one."""
    if known.verdict is None:
        how = (
            "Nobody has asked yet whether the best is more than luck: "
            f"arbtune verdict {known.sweep.sweep_id} tells. Then make this report anew."
        )
        return Section("verdict", "Verdict", _NOT_JUDGED, [how])
    verdict = known.verdict
    return Section(
        "verdict",
        "Verdict",
        verdict.verdict,
        [
            f"The search had {verdict.n_configs:,} configs; p value {number(verdict.p_value, 3)}.",
        ],
    )
