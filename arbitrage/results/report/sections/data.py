"""What the data were like."""

from __future__ import annotations

from collections.abc import Iterator

from arbitrage.results.report.known import Known, number
from arbitrage.results.report.page.parts import Section, Table


def data_section(known: Known) -> Section:
    """What is known of the file that the sweep ran over."""
    description = known.sweep.description
    facts = {"file": known.spec.data_file, "SHA-256": description.data_sha256}
    facts |= {
        name.replace("_", " "): value if isinstance(value, str) else number(value)
        for name, value in (description.data or {}).items()
        if value is None or isinstance(value, (int, float, str))
    }
    return Section(
        "data",
        "The data",
        sentences=[*_gaps(known), _more(known)],
        tables=[Table("The data file", ("fact", "value"), [*facts.items()])],
    )


def _more(known: Known) -> str:
    return f"arbtune data check {known.spec.data_file} tells more: gaps, jumps, frozen quotes."


def _gaps(known: Known) -> Iterator[str]:
    """What the rows were like under the best config."""
    if known.explanation is None:
        return
    quality = known.explanation.quality
    yield (
        f"Of {quality.snapshots_count:,} rows the best config skipped "
        f"{quality.skipped_snapshots:,}, {quality.stale_snapshots:,} for the age of a quote."
    )
    if quality.gaps is None or quality.largest_step_seconds is None:
        return
    yield (
        f"{quality.gaps:,} times the rows are unusually far apart; the longest time between two is "
        f"{number(quality.largest_step_seconds)} s, after {quality.largest_step_after}."
    )
