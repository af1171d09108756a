"""What a report shows: its charts as data, its text as a reader has it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import altair as alt

JSON = re.compile(r'<script type="application/json" id="(\w+)">(.*?)</script>', re.DOTALL)
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def charts_of(page: str) -> dict[str, Any]:
    charts: dict[str, Any] = json.loads(dict(JSON.findall(page))["charts"])
    return charts


def check_charts(page: str, *names: str) -> None:
    """Compare these charts with the schema of Vega-Lite."""
    charts = charts_of(page)
    for name in names:
        chart = charts[name]["chart"]
        (alt.LayerChart if "layer" in chart else alt.Chart).validate(chart)


def text_of(page: str) -> str:
    """The page as people read it."""
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())
