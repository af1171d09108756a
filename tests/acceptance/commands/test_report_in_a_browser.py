"""The report as its readers have it: on any screen, in light, dark and print, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.helpers.reports import GRIDS, reported, swept

if TYPE_CHECKING:
    from tests.helpers.browser import Browser

pytestmark = pytest.mark.xdist_group("browser")  # one browser for all

FIGURES = (
    *("equity", "drawdown", "money", "profits"),
    *("heatmap", "importance", "cloud", "ladder"),
)

# How a reader may look at it: the width of the window, the reader's own scheme, the medium.
LOOKS = {
    "wide": (1400, "light", ""),
    "wide and dark": (1400, "dark", ""),
    "narrow": (380, "light", ""),
    "narrow and dark": (380, "dark", ""),
    "on paper": (794, "dark", "print"),
}

_MARKS = """
return [...document.querySelectorAll("figure")].map(figure => [
  figure.id,
  [...figure.querySelectorAll("svg .role-mark path, svg .role-mark rect")]
    .map(mark => mark.getBoundingClientRect())
    .filter(box => box.width > 1 || box.height > 1).length,
]);
"""
_CONTROLS = """
window.controls = () => [...document.querySelectorAll("a, select, summary, [tabindex='0']")]
  .filter(one => one.checkVisibility());
return controls().length;
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reported(swept(tmp_path_factory.mktemp("report"), *GRIDS))


@pytest.fixture(scope="module")
def reader() -> Iterator[Browser]:
    from tests.helpers.browser import browser  # its driver: each process of a run would import it

    with browser() as opened:
        yield opened


@pytest.mark.parametrize("look", LOOKS)
def test_every_figure_is_drawn_and_nothing_is_complained_of(
    reader: Browser, page: Path, look: str
) -> None:
    width, scheme, medium = LOOKS[look]
    reader.show(page, width=width, scheme=scheme, medium=medium)
    drawn = dict(reader.run(_MARKS))
    assert set(drawn) == set(FIGURES)
    assert min(drawn.values()) > 0, drawn
    assert reader.said() == []
    assert reader.run("return document.documentElement.scrollWidth") <= width


def test_a_narrow_page_scrolls_its_tables_and_breaks_no_word_in_them(
    reader: Browser, page: Path
) -> None:
    reader.show(page, width=380)
    widths = "const box = document.querySelector('#data .scroll'); "
    shown, needed = reader.run(widths + "return [box.clientWidth, box.scrollWidth]")
    assert shown < 380 < needed  # a digest has 64 letters


@pytest.mark.parametrize("look", ["wide", "narrow and dark"])
def test_an_accessibility_checker_finds_nothing_serious(
    reader: Browser, page: Path, look: str
) -> None:
    width, scheme, medium = LOOKS[look]
    reader.show(page, width=width, scheme=scheme, medium=medium)
    reader.run("document.querySelector('#heatmap details').open = true")
    assert reader.complaints() == []


def test_no_request_leaves_the_file(reader: Browser, page: Path) -> None:
    reader.requests()
    reader.show(page, width=1400)
    asked = {url for url in reader.requests() if not url.startswith("data:")}
    assert asked == {page.as_uri()}


def test_the_policy_of_the_page_stops_what_is_not_its_own(reader: Browser, page: Path) -> None:
    reader.show(page, width=1400)
    reader.run(
        """
        const script = document.createElement("script");
        script.textContent = "document.title = 'taken over'";
        document.body.append(script);
        document.body.append(Object.assign(new Image(), {src: "http://127.0.0.1:9/x.png"}));
        """
    )
    assert reader.driver.title.startswith("Sweep ")
    assert any("Content Security Policy" in line for line in reader.said())


@pytest.mark.parametrize(
    ("scheme", "medium", "is_dark"), [("dark", "", True), ("dark", "print", False)]
)
def test_paper_is_light_whatever_the_screen_is(
    reader: Browser, page: Path, scheme: str, medium: str, is_dark: bool
) -> None:
    reader.show(page, width=794, scheme=scheme, medium=medium)
    colour = reader.run("return getComputedStyle(document.body).backgroundColor")
    red = int(colour.removeprefix("rgb(").partition(",")[0])
    assert (red < 64) == is_dark, colour


def test_the_keyboard_alone_reaches_every_control(reader: Browser, page: Path) -> None:
    reader.show(page, width=1400)
    reader.run("for (const one of document.querySelectorAll('details')) one.open = true")
    controls = reader.run(_CONTROLS)
    for _ in range(controls + 1):
        reader.press("TAB")
        reader.run("document.activeElement.dataset.reached = 'yes'")
    missed = reader.run(
        "return controls().filter(one => !one.dataset.reached).map(one => one.outerHTML)"
    )
    assert controls > len(FIGURES)
    assert missed == []


def test_the_reader_chooses_what_the_heatmap_shows(reader: Browser, page: Path) -> None:
    reader.show(page, width=1400)
    _choose(reader, "down", "min_spread_bps")
    _choose(reader, "across", "max_open_trades")
    before = _cells(reader)
    assert (len(before), len(before[0])) == (9, 3)
    _choose(reader, "across", "max_holding_seconds")
    _choose(reader, "down", "max_open_trades")
    _choose(reader, "across", "min_spread_bps")
    turned = _cells(reader)
    assert turned == [list(column) for column in zip(*before, strict=True)]
    _choose(reader, "statistic", "the median")
    assert _cells(reader) != turned
    assert dict(reader.run(_MARKS))["heatmap"] > 0
    assert reader.said() == []


def test_the_same_parameter_is_never_on_both_axes(reader: Browser, page: Path) -> None:
    reader.show(page, width=1400)
    for control, pressed in (("down", "ARROW_UP"), ("across", "ARROW_DOWN")):
        reader.run("arguments[0].focus()", reader.driver.find_element("id", f"heatmap-{control}"))
        reader.press(pressed)
        down, across, _ = reader.run(
            "return [...document.querySelectorAll('#heatmap select')].map(one => one.value)"
        )
        assert down != across
    assert reader.said() == []


def test_a_table_opens_by_keyboard(reader: Browser, page: Path) -> None:
    reader.show(page, width=380)
    summary = reader.driver.find_element("css selector", "#equity summary")
    assert not reader.run("return document.querySelector('#equity table').checkVisibility()")
    reader.run("arguments[0].focus()", summary)
    reader.press("ENTER")
    assert reader.run("return document.querySelector('#equity table').checkVisibility()")


def _choose(reader: Browser, control: str, text: str) -> None:
    reader.choose(f"heatmap-{control}", text)


def _cells(reader: Browser) -> list[list[str]]:
    """The cells of the table behind the heatmap."""
    rows: list[list[str]] = reader.run(
        "return [...document.querySelectorAll('#heatmap tbody tr')]"
        ".map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"
    )
    return rows
