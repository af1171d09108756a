"""A sweep's answer for people: what it came to, the first of the ranking, the best config."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console

from arbitrage.documents.config import TuningConfig
from arbitrage.documents.spec.grids import exact
from arbitrage.documents.spec.short_values import short_text, short_value
from arbitrage.documents.spec.spec_parts import Filters
from arbitrage.documents.spec.sweep_spec import LOW_IS_BETTER
from arbitrage.results.report.two_parameters import heatmap_of
from arbitrage.results.store.ranking import CONFIGS
from arbitrage.shell.pictures.heatmap import heatmap_text
from worker.client.tables import (
    TITLES,
    UNBOUNDED,
    TableColumn,
    figure_cell,
    fitting,
    not_shown,
    table,
    title_of,
)

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from arbitrage.results.store.folder import SweepFolder
    from arbitrage.results.store.ranking import Rejection
    from worker.client.sweeps.summary import Summary

SHOWN = 10


def print_report(
    spec: SweepSpec, folder: SweepFolder, summary: Summary, note: str, *, plain: bool = False
) -> None:
    """Print the ranking and the winner; only a terminal gets shortened lines.

    Args:
        spec: Of the sweep.
        folder: Its rows.
        summary: What they came to.
        note: What to say beside the count of configs.
        plain: Whether a terminal gets no colour either.
    """
    console = Console(highlight=False, soft_wrap=True, no_color=plain or None)
    row_counts = summary.row_counts
    parts = [f"sweep {summary.sweep_id}: {row_counts.succeeded:,} of {summary.total:,}"]
    parts += [f"{row_counts.failed:,} failed"] if row_counts.failed else []
    parts += [note] if note else []
    console.print(", ".join(parts))
    console.print(f"results in {summary.results_dir}", markup=False)
    if summary.best is None:
        _print_sentences(console, _why_none(spec, folder, summary))
        return
    if spec.filters != Filters():
        console.print(_passed(folder.rejected_together(spec)))
    _print_ranking(console, spec, folder)
    _print_heatmap(console, spec, folder)
    _print_best(console, spec, summary, summary.best)


def _print_ranking(console: Console, spec: SweepSpec, folder: SweepFolder) -> None:
    width = console.width if console.is_terminal else UNBOUNDED
    groups = folder.first_groups(spec, SHOWN)
    columns = dict(_columns(spec, groups))
    shown = fitting(columns, [grid.name for grid in spec.grids], spec.rank_by, width)
    console.print(table(columns[name] for name in shown), width=width)
    if hidden := [name for name in columns if name not in shown]:
        console.print(not_shown(hidden), width=width, soft_wrap=False)
    if _are_shared(groups):
        console.print("Configs whose figures are all the same share a line; it shows the first.")


def _print_heatmap(console: Console, spec: SweepSpec, folder: SweepFolder) -> None:
    """The two parameters that matter most, where there are two."""
    if heatmap := heatmap_of(folder, spec):
        console.print()
        console.print(heatmap_text(heatmap))


def _print_best(console: Console, spec: SweepSpec, summary: Summary, best: dict[str, Any]) -> None:
    rank = spec.rank_by
    if rank in LOW_IS_BETTER:
        rank += f" (descending: {LOW_IS_BETTER[rank]} first)"
    so_far = f" so far ({summary.missing:,} are missing)" if summary.missing else ""
    console.print(f"\nThe best{so_far} by {rank}, config number {best['config_number']}:")
    config = {name: best[name] for name in TuningConfig.model_fields if best[name] is not None}
    for grid in spec.grids:
        if grid.name in config:
            config[grid.name] = short_value(grid, best[grid.name])
    console.print(json.dumps(config, ensure_ascii=False), markup=False)
    _print_sentences(console, [f"Caution: {caution}." for caution in summary.cautions()])


def _print_sentences(console: Console, sentences: Iterable[str]) -> None:
    """One after the other; a terminal breaks them between words."""
    for sentence in sentences:
        console.print(sentence, markup=False, soft_wrap=not console.is_terminal)


def _passed(filtered: Rejection) -> str:
    passed = filtered.judged - filtered.rejected
    return f"{passed:,} of {filtered.judged:,} configs pass the filters"


def _why_none(spec: SweepSpec, folder: SweepFolder, summary: Summary) -> Iterator[str]:
    """Why there is no best config, a sentence a line."""
    if summary.row_counts.succeeded:
        yield from summary.cautions() or [_why_none_ranks(spec, folder)]
    elif summary.row_counts.failed:
        yield f"no config succeeded; the first failed with: {folder.first_error(spec.total)}"
    else:
        yield "no results yet"


def _why_none_ranks(spec: SweepSpec, folder: SweepFolder) -> str:
    """Which filters leave nothing, or that there is nothing to rank by."""
    rejections = folder.rejections(spec)
    if not any(rejection.judged for rejection in rejections.values()):
        return f"no config has a {spec.rank_by}, the figure to rank by"
    parts = []
    for name, (rejected, judged) in rejections.items():
        count = f"all {judged:,}" if rejected == judged else f"{rejected:,} of {judged:,}"
        parts.append(f"{name}: {exact(getattr(spec.filters, name))} rejects {count}")
    return f"no config passes the filters: {', '.join(parts)}"


def _are_shared(groups: list[dict[str, Any]]) -> bool:
    return any(group[CONFIGS] > 1 for group in groups)


def _columns(spec: SweepSpec, rows: list[dict[str, Any]]) -> Iterator[tuple[str, TableColumn]]:
    for grid in spec.grids:
        cells = [short_text(grid, row[grid.name]) for row in rows]
        yield grid.name, (grid.name.replace("_", "\n"), cells)
    for name in dict.fromkeys([*TITLES, spec.rank_by]):
        yield name, (title_of(name), [figure_cell(row[name]) for row in rows])
    if _are_shared(rows):
        yield CONFIGS, (CONFIGS, [f"{row[CONFIGS]:,}" for row in rows])
