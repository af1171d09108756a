"""What the data were like."""

from __future__ import annotations

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
        sentences=[
            f"arbtune data check {known.spec.data_file} tells more: gaps, jumps, frozen quotes."
        ],
        tables=[Table("The data file", ("fact", "value"), [*facts.items()])],
    )
