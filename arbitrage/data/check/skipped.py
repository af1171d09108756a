"""Writes the sentence that says how many rows of a file are skipped, and why.

`replay/files/skipped_rows.py` counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Of the rows. Where so many are crossed, it is the columns rather than the market.
_SWAPPED_SHARE = 0.5

_REASONS = {
    "empty_snapshots": "with an empty book (a price of 0 or below)",
    "crossed_snapshots": "crossed (a bid above its ask)",
    "locked_snapshots": "locked (a bid that is its ask)",
}


def skipped_sentence(rows: Mapping[str, Any]) -> str:
    """How many rows are skipped, and why.

    Args:
        rows: The counts, as `FileFacts.of_rows` and `Rows` of a check name them; some are skipped.
    """
    count, skipped = rows["snapshots_count"], rows["skipped_snapshots"]
    reasons = [f"{rows[name]:,} {words}" for name, words in _REASONS.items() if rows[name]]
    whole = "all" if skipped == count else f"{skipped:,} of"
    hint = ""
    if rows["crossed_snapshots"] > _SWAPPED_SHARE * count:
        hint = "; are the columns of bid and ask swapped?"
    return f"{whole} {count:,} rows are skipped: {', '.join(reasons)}{hint}"
