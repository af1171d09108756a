"""Whether the best is luck: first on the page."""

from __future__ import annotations

from dataclasses import replace

from arbitrage.results.report.known import Known
from arbitrage.results.report.page.parts import Points, Section, Table
from arbitrage.results.report.sections.walk_forward import kept_sentence, walk_cautions
from arbitrage.results.verdict.breaking import kept_of
from arbitrage.results.verdict.figures import figure_lines
from arbitrage.results.verdict.words.cautions import cautions
from arbitrage.results.verdict.words.changes import changes
from arbitrage.results.verdict.words.reasons import reasons

_NOT_JUDGED = "not judged yet"


def verdict_section(known: Known) -> Section:
    """The verdict that was kept, or how to get one; then what walk-forward kept of it."""
    verdict, kept = known.verdict, kept_sentence(known)
    if verdict is None:
        how = known.why_no_verdict or (
            "Nobody has asked yet whether the best is more than luck: "
            f"arbtune verdict {known.sweep.sweep_id} tells. Then make this report anew."
        )
        sentences = [how, *kept, *walk_cautions(known)]
        return Section("verdict", "Verdict", _NOT_JUDGED, sentences)
    if known.walk is not None:  # it may have been run after the verdict, and is told by itself
        verdict = replace(verdict, walk_forward=kept_of(known.walk))
    lines = [(name.strip(), told) for name, told in figure_lines(verdict)]
    return Section(
        "verdict",
        "Verdict",
        verdict.verdict,
        [*reasons(replace(verdict, walk_forward=None)), *kept],
        [
            Points("What would change it", changes(verdict)),
            Points("Mind", [*walk_cautions(known), *cautions(verdict)]),
        ],
        folded=[Table("The figures of the test", ("figure", "value"), lines)],
    )
