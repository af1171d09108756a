"""A verdict on a page of 80 columns: in words, then what would change it, then the figures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from arbitrage.documents.spec.grids import exact
from arbitrage.results.verdict.figures import figure_lines
from arbitrage.results.verdict.verdict import Verdict
from arbitrage.results.verdict.words.cautions import cautions
from arbitrage.results.verdict.words.changes import changes
from arbitrage.results.verdict.words.reasons import reasons
from arbitrage.shell.console import printable

WIDTH = 80
_NAME = 20  # columns of the name of a figure


def print_verdict(verdict: Verdict) -> None:
    """Print the page on stdout."""
    print(*page(verdict), sep="\n")


def page(verdict: Verdict) -> list[str]:
    """Its lines."""
    return [
        *_filled(f"sweep {verdict.sweep_id} over {printable(verdict.data_file)}"),
        "",
        verdict.verdict,
        "",
        *_filled(" ".join(reasons(verdict))),
        *_listed("What would change it", changes(verdict)),
        *_listed("Mind", cautions(verdict)),
        *_config(verdict),
        *_figures(verdict),
    ]


def _filled(text: str, first: str = "", indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _listed(title: str, sentences: Iterable[str]) -> list[str]:
    lines = [line for sentence in sentences for line in _filled(sentence, "- ", "  ")]
    return ["", f"{title}:", *lines] if lines else []


def _config(verdict: Verdict) -> list[str]:
    winner = verdict.winner
    numbers = [f"{name} {exact(value)}" for name, value in winner["config"].items() if value]
    name = f"The best config, {winner['sweep_id']}:{winner['config_number']}"
    return ["", *_filled(f"{name}: {', '.join(numbers)}.")]


def _figures(verdict: Verdict) -> list[str]:
    lines = [
        line
        for name, value in figure_lines(verdict)
        for line in _filled(value, f"{name:<{_NAME}}", " " * _NAME)
    ]
    return ["", "For those who know statistics (docs/results.md):", *lines] if lines else []
