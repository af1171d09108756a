"""A sweep's answer for people: what it came to, the first of the ranking, the best config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from arbitrage.arbitrage_tuning import TuningConfig

if TYPE_CHECKING:
    from arbitrage.sweep_results import SweepFolder
    from arbitrage.sweep_spec import SweepSpec

SHOWN = 10

FIGURES = {
    "net_pnl_usd": "net USD",
    "realized_pnl_usd": "realized USD",
    "total_trades": "trades",
    "win_rate": "win rate",
    "max_drawdown_pct": "drawdown %",
}


def print_report(spec: SweepSpec, folder: SweepFolder, summary: dict[str, Any], note: str) -> None:
    """Print the ranking and the winner; tabs instead of columns where stdout is no terminal."""
    console = Console(highlight=False, soft_wrap=True)
    parts = [f"sweep {summary['sweep_id']}: {summary['succeeded']:,} of {summary['total']:,}"]
    parts += [f"{summary['failed']:,} failed"] if summary["failed"] else []
    parts += [note] if note else []
    console.print(", ".join(parts))
    console.print(f"results in {summary['results_dir']}")
    best = summary["best"]
    if best is None:
        console.print("no config passes the filters" if summary["succeeded"] else "no results yet")
        return
    console.print(_ranking(spec, folder))
    console.print(f"\nThe best by {spec.rank_by}, config number {best['config_number']}:")
    config = {name: best[name] for name in TuningConfig.model_fields if best[name] is not None}
    console.print(json.dumps(config, ensure_ascii=False), markup=False)


def _ranking(spec: SweepSpec, folder: SweepFolder) -> Table:
    varying = [grid.name for grid in spec.grids]
    figures = {**FIGURES, **({} if spec.rank_by in FIGURES else {spec.rank_by: spec.rank_by})}
    table = Table(box=None, pad_edge=False)
    for title in [*(name.replace("_", " ") for name in varying), *figures.values()]:
        table.add_column(title, justify="right")
    for row in folder.first_rows(spec, SHOWN):
        cells = [f"{row[name]:g}" if row[name] is not None else "" for name in varying]
        table.add_row(*cells, *(_figure(row[name]) for name in figures))
    return table


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:,.2f}"
