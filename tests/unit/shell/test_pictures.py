"""Pictures for a terminal: what they say without colour, and that they fit into 80 columns."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from arbitrage.shell.pictures.console import picture_console
from arbitrage.shell.pictures.heatmap import MAX_ACROSS, MAX_DOWN, Axis, Heatmap, heatmap_text
from arbitrage.shell.pictures.sparkline import sparkline, sparkline_lines

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def _heatmap(values: Sequence[Sequence[float | None]]) -> Heatmap:
    down = Axis("min_spread_bps", [f"{5 * step}" for step in range(len(values))])
    across = Axis("max_open_trades", [f"{1 + step}" for step in range(len(values[0]))])
    return Heatmap("best net USD", down, across, values)


def _printed(heatmap: Heatmap, *, colour: bool) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, color_system="truecolor", no_color=not colour
    )
    console.print(heatmap_text(heatmap), soft_wrap=True)
    return stream.getvalue()


def test_a_heatmap_has_a_digit_a_cell_and_says_what_they_mean() -> None:
    text = heatmap_text(_heatmap([[-3.0, 0.0, None], [50.0, 99.0, 100.0]])).plain
    assert text == (
        "best net USD: min_spread_bps down, max_open_trades across\n"
        "0  -  0  . \n"
        "5  5  9  9 \n"
        "   1  2  3\n"
        "9 up to 100.00, 0 from 0.00 on, - below 0 (lowest -3.00), . no value"
    )


def test_a_heatmap_of_losses_alone_runs_from_the_worst_to_the_best() -> None:
    text = heatmap_text(_heatmap([[-10.0, -1.0]])).plain
    assert "0  0  9" in text
    assert "9 up to -1.00, 0 from -10.00 on" in text


def test_a_heatmap_of_one_value_or_of_none_says_so() -> None:
    assert "9 up to 7.00" in heatmap_text(_heatmap([[7.0, 7.0]])).plain
    assert "no cell has a value" in heatmap_text(_heatmap([[None]])).plain


def test_colour_adds_nothing_but_colour() -> None:
    heatmap = _heatmap([[float(value) for value in range(-2, 10)]])
    coloured, plain = _printed(heatmap, colour=True), _printed(heatmap, colour=False)
    assert "48;2;" in coloured
    assert "48;2;" not in plain
    assert _ESCAPE.sub("", coloured) == _ESCAPE.sub("", plain)


@given(
    st.lists(st.text(max_size=30), min_size=1, max_size=MAX_DOWN),
    st.lists(st.text(max_size=30), min_size=1, max_size=MAX_ACROSS),
    st.tuples(*[st.floats(-1e15, 1e15) | st.none()] * 2),
)
def test_a_heatmap_fits_into_80_columns(
    down: list[str], across: list[str], cells: tuple[float | None, float | None]
) -> None:
    name = "stop_on_drawdown_pct"
    values = [[cells[0]] * len(across)] * (len(down) - 1) + [[cells[1]] * len(across)]
    text = heatmap_text(Heatmap("median net USD", Axis(name, down), Axis(name, across), values))
    lines = text.plain.split("\n")
    assert len(lines) == len(down) + 3
    assert max(map(len, lines)) <= 80


def test_a_pipe_and_the_plain_form_have_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert picture_console(plain=True).no_color
    assert not picture_console().no_color
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture_console().no_color


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([5.0], "▁"), ([1.0, 1.0], "▁▁"), ([0.0, 3.5, 7.0], "▁▅█"), ([2.0, 0.0], "█▁")],
)
def test_a_sparkline_runs_from_the_lowest_to_the_highest(values: list[float], line: str) -> None:
    assert sparkline(values) == line


def test_a_long_series_is_shown_at_even_moments_and_ends_with_its_last() -> None:
    values = [float(value) for value in range(1_000_000)]
    assert sparkline(values, width=8) == "▁▂▃▄▅▆▇█"
    assert sparkline(values, width=8, plain=True) == "01234567"
    assert sparkline([0.0] * 999 + [1.0], width=10).endswith("▁█")


def test_a_sparkline_comes_with_its_figures() -> None:
    lines = sparkline_lines("equity USD", [10_000.0, 9_990.0, 10_200.0], plain=True)
    assert lines == ("equity USD, 10,000.00 to 10,200.00 (lowest 9,990.00, highest 10,200.00)\n007")
    assert sparkline_lines("equity USD", []) == "equity USD: no values"
