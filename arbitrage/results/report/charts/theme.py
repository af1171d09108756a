"""What all charts have in common.

A tooltip of theirs is an `alt.Tooltip`, never a string: for each string Altair makes a table of all
its classes.
"""

from __future__ import annotations

from typing import Any

import altair as alt

ACCENT, SECOND, SOFT = "var(--accent)", "var(--second)", "var(--soft)"
INK, PAPER = "var(--ink)", "var(--paper)"
GAINS = tuple(f"var(--gain-{step})" for step in range(1, 8))
LOSSES = tuple(f"var(--loss-{step})" for step in range(4, 0, -1))
"""From the deepest loss up; the gains go up, too."""

HEIGHT = 260  # pixels

_AUTOSIZE = alt.AutoSizeParams(type="fit-x", contains="padding")

_TEXT = {
    "aria": False,
    "labelColor": SOFT,
    "titleColor": SOFT,
    "labelFontSize": 12,
    "titleFontSize": 12,
}

OPTIONS: dict[str, Any] = {
    "actions": False,
    "renderer": "svg",
    "ast": True,  # no eval: the page's policy forbids it
    "defaultStyle": False,  # the page has its own, which its policy allows
    "tooltip": {"disableDefaultStyle": True},
    "config": {
        "background": "transparent",
        "font": "system-ui, sans-serif",
        # The page says what each chart is, and a table has its figures: marks one by one would
        # drown a screen reader.
        "mark": {"aria": False},
        "view": {"stroke": None},
        "axis": {**_TEXT, "grid": True, "gridColor": "var(--line)", "domainColor": SOFT}
        | {"tickColor": SOFT, "titleFontWeight": "normal", "labelOverlap": "greedy"},
        "legend": {**_TEXT, "titleFontWeight": "normal", "orient": "bottom", "columns": 2},
    },
}
"""How the page draws them."""


def finished(
    chart: alt.Chart | alt.LayerChart | alt.FacetChart, height: int = HEIGHT
) -> dict[str, Any]:
    """The specification of a chart that is as wide as its place on the page.

    Altair would compare it with its schema, which takes longer than all the rest: what is drawn
    does not depend on the data, and a test compares each kind of chart.
    """
    sized = chart.properties(width="container", height=height, autosize=_AUTOSIZE)
    specification: dict[str, Any] = sized.to_dict(validate=False)
    del specification["config"]  # Altair's own, in place of which the page has `OPTIONS`
    return specification
