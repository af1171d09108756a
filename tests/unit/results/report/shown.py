"""What a report shows: its charts as data, its text as a reader has it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

JSON = re.compile(r'<script type="application/json" id="(\w+)">(.*?)</script>', re.DOTALL)
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def charts_of(page: str) -> dict[str, Any]:
    charts: dict[str, Any] = json.loads(dict(JSON.findall(page))["charts"])
    return charts


def text_of(page: str) -> str:
    """The page as people read it."""
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())
