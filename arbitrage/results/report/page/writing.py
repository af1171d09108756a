"""Writes the page: one file that asks for nothing from outside, and says so to the browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from arbitrage.results.report.charts.theme import OPTIONS
from arbitrage.results.report.page.bundle import chart_library
from arbitrage.results.report.page.parts import Section

_HERE = Path(__file__).parent


def page_of(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The page as HTML.

    Its policy names the scripts and the style by their digests, so that a text from a data file
    could not run even if it got into the page unescaped. Nothing is evaluated: Vega interprets
    its expressions.
    """
    style, script = _asset("report.css"), _asset("report.js")
    scripts = [chart_library(), script]
    return _template().render(
        title=title,
        subtitle=subtitle,
        sections=sections,
        charts={
            figure.name: {"chart": figure.chart, "choices": figure.choices}
            for section in sections
            for figure in section.figures
        },
        options=OPTIONS,
        policy=_policy(scripts, style),
        scripts=[Markup(one) for one in scripts],  # noqa: S704 - our own files, no foreign text
        style=Markup(style),  # noqa: S704 - the same
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str], style: str) -> str:
    allowed = " ".join(_digest(script) for script in scripts)
    return f"default-src 'none'; script-src {allowed}; style-src {_digest(style)}; img-src data:"


def _digest(text: str) -> str:
    """The digest by which a policy names an inline text."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest())
    return f"'sha256-{digest.decode()}'"
