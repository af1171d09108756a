"""The first configs of one or several sweeps, for people, pipes and programs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.grids import exact
from arbitrage.documents.spec.short_values import short_text
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError
from arbitrage.results.querying.in_words import differences, spec_in_a_line
from arbitrage.results.querying.query import NEIGHBOURS_MEDIAN, SWEEP, Query, first_lines
from arbitrage.results.report.two_parameters import heatmap_of
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.results.store.ranking import CONFIGS
from arbitrage.shell.console import printable
from arbitrage.shell.pictures.heatmap import Heatmap, heatmap_text
from worker.client.tables import (
    TITLES,
    TableColumn,
    figure_cell,
    fitting,
    not_shown,
    table,
    title_of,
)

DEFAULT_RANK = "net_pnl_usd"  # of sweeps that are ranked by several figures
_ORDERS = {"": True, "down": True, "up": False}
_ID_DIGITS = 8  # of a sweep id, where it stands in a line


def print_results(arguments: argparse.Namespace, results_dir: Path) -> None:
    """Print the lines that the flags ask for.

    Raises:
        ConfigError: There is no such sweep or column, or the condition is not one.
        DataError: A part is damaged.
    """
    named = [sweep_named(word, results_dir) for word in arguments.sweeps]
    sweeps = list({known.sweep_id: known for known in named}.values())
    query = _query(arguments, sweeps)
    lines = first_lines(sweeps, query)
    if arguments.json:
        for line in lines:
            print(json.dumps(line, ensure_ascii=False, allow_nan=False))
    elif sys.stdout.isatty():
        _print_table(sweeps, query, lines, plain=arguments.plain)
    else:
        _print_cells(query, lines)


def _query(arguments: argparse.Namespace, sweeps: Sequence[KnownSweep]) -> Query:
    ranks = {known.spec.rank_by for known in sweeps}
    rank = ranks.pop() if len(ranks) == 1 else DEFAULT_RANK
    sort, _, order = (arguments.sort or rank).partition(":")
    if order not in _ORDERS:
        raise ConfigError(f"--sort takes FIGURE, FIGURE:up or FIGURE:down, not {arguments.sort!r}")
    neighbours = arguments.neighbours or (rank if sort == NEIGHBOURS_MEDIAN else None)
    by = tuple(dict.fromkeys(arguments.by))
    return Query(sort, _ORDERS[order], arguments.top, arguments.where, by, neighbours)


def _print_cells(query: Query, lines: Sequence[dict[str, Any]]) -> None:
    """Cells between tabs under the names of the columns, with all digits."""
    names = [SWEEP, "config_number", *NUMERIC_FIELDS, *FIGURE_NAMES, CONFIGS]
    names += [NEIGHBOURS_MEDIAN] if query.neighbours else []
    print("\t".join(names))
    for line in lines:
        cells = ("" if line[name] is None else line[name] for name in names)
        print("\t".join(map(printable, cells)))


def _print_table(
    sweeps: Sequence[KnownSweep], query: Query, lines: Sequence[dict[str, Any]], *, plain: bool
) -> None:
    console = Console(highlight=False, markup=False, emoji=False, no_color=plain or None)
    for sentence in _heading(sweeps, query):
        console.print(printable(sentence))
    if not lines:
        console.print("no config is left")
        return
    parameters = _parameters(sweeps, query)
    columns = dict(_columns(sweeps, parameters, query, lines))
    shown = fitting(columns, parameters, query.sort, console.width)
    console.print(table(columns[name] for name in shown))
    if hidden := [name for name in columns if name not in shown]:
        console.print(not_shown(hidden))
    if CONFIGS in columns:
        console.print(
            "Configs whose figures are all the same share a line, which shows the middle."
        )
    if heatmap := _heatmap(sweeps, query):
        console.print()
        console.print(heatmap_text(heatmap), soft_wrap=True)


def _heatmap(sweeps: Sequence[KnownSweep], query: Query) -> Heatmap | None:
    """The two parameters that matter most, where the lines are the ranking of one sweep."""
    known, *others = sweeps
    spec = known.spec
    is_its_ranking = query.sort == spec.rank_by and query.descending
    if others or query.where or not is_its_ranking:
        return None
    return heatmap_of(known.folder, spec)


def _heading(sweeps: Sequence[KnownSweep], query: Query) -> Iterator[str]:
    """Which sweeps they are and in what they differ, and what is printed of them."""
    for known, parts in zip(sweeps, differences(sweeps), strict=True):
        done = f"{known.done:,} of {known.spec.total:,}"
        told = "; ".join(f"{name} {text}" for name, text in parts.items())
        yield f"sweep {known.sweep_id}: {done}; {told or spec_in_a_line(known.spec)}"
    order = "highest" if query.descending else "lowest"
    best_of = f", the first of each {' and '.join(query.by)}" if query.by else ""
    yield f"by {query.sort}, the {order} first{best_of}"
    if query.neighbours:
        yield f"{NEIGHBOURS_MEDIAN}: of {query.neighbours}, over configs a step along one grid away"
    if query.where:
        yield f"where {query.where} (in place of the filters of the spec)"


def _columns(
    sweeps: Sequence[KnownSweep],
    parameters: Sequence[str],
    query: Query,
    lines: Sequence[dict[str, Any]],
) -> Iterator[tuple[str, TableColumn]]:
    specs = {known.sweep_id: known.spec for known in sweeps}
    if len(sweeps) > 1:
        yield SWEEP, ("sweep", [line[SWEEP][:_ID_DIGITS] for line in lines])
    yield "config_number", ("config\nnumber", [str(line["config_number"]) for line in lines])
    for name in parameters:
        cells = [_parameter_text(specs[line[SWEEP]], name, line[name]) for line in lines]
        yield name, (name.replace("_", "\n"), cells)
    medians = [NEIGHBOURS_MEDIAN] if query.neighbours else []
    for name in dict.fromkeys([*TITLES, query.sort, *medians]):
        if name in {*FIGURE_NAMES, *medians}:
            yield name, (title_of(name), [figure_cell(line[name]) for line in lines])
    if any(line[CONFIGS] > 1 for line in lines):
        yield CONFIGS, (CONFIGS, [f"{line[CONFIGS]:,}" for line in lines])


def _parameters(sweeps: Sequence[KnownSweep], query: Query) -> list[str]:
    """The fields that vary in a sweep, differ between them or are asked for, in their order."""
    told = {grid.name for known in sweeps for grid in known.spec.grids}
    told |= {name for parts in differences(sweeps) for name in parts}
    told |= {query.sort, *query.by}
    return [name for name in TuningConfig.model_fields if name in told]


def _parameter_text(spec: SweepSpec, name: str, value: Any) -> str:
    """A parameter in the digits of its grid, where it has one there."""
    if isinstance(value, str):
        return printable(value)
    for grid in spec.grids:
        if grid.name == name:
            return short_text(grid, value)
    return exact(value)
