"""Somebody's place of work for sweeps, and the sweeps that they run there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import sweep_id
from arbitrage.replay.files.data_cache import file_digest
from arbitrage.results.store.folder import SweepFolder
from arbitrage.sweep import SweepSpec, run_sweep
from tests.conftest import ledger_at
from tests.helpers import commands
from tests.helpers.servers.forked import ForkedArbtune
from worker.ledger.ledger import Ledger, State

SPREADS = {"name": "min_spread_bps", "start": 0, "stop": 60, "num": 61}
GRIDS = (
    {"name": "min_spread_bps", "start": 0, "stop": 60, "num": 7},
    {"name": "max_open_trades", "values": [1, 3]},
    {"name": "stop_on_drawdown_pct", "values": [None, 0.01]},
)


@dataclass
class Desk:
    """Somebody's place of work: a data root, a server, results of its own."""

    root: Path
    url: str
    results: Path

    @cached_property
    def ledger(self) -> Ledger:
        return ledger_at(self.url)

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            **os.environ,
            "ARBTUNE_REDIS_URL": self.url,
            "ARBTUNE_DATA_ROOT": str(self.root),
            "ARBTUNE_RESULTS_DIR": str(self.results),
            **changes,
        }

    def arguments(self, sweep: dict[str, Any], *flags: str) -> list[str]:
        path = self.results.parent / "spec.json"
        path.write_text(json.dumps(sweep), encoding="utf-8")
        return ["sweep", str(path), *flags]

    def command(self, sweep: dict[str, Any]) -> list[str]:
        return [sys.executable, "-m", "worker.cli", *self.arguments(sweep)]

    def sweep(
        self, sweep: dict[str, Any], *flags: str, **changes: str
    ) -> subprocess.CompletedProcess[str]:
        return commands.arbtune(
            *self.arguments(sweep, *flags), environment=self.environment(**changes)
        )

    def start(self, sweep: dict[str, Any]) -> ForkedArbtune:
        return ForkedArbtune(
            *self.arguments(sweep),
            environment=self.environment(),
            output=subprocess.DEVNULL,
            errors=subprocess.PIPE,
        )

    def folder(self, sweep: dict[str, Any]) -> SweepFolder:
        parsed = SweepSpec(**sweep)
        digest = file_digest(self.root / parsed.data_file)
        return SweepFolder(self.results, sweep_id(parsed.identity(), digest, ENGINE_VERSION))

    def with_chunks_of(self, size: int, sweep: dict[str, Any]) -> SweepFolder:
        """The sweep's folder as an earlier run left it that had begun and computed nothing."""
        folder, parsed = self.folder(sweep), SweepSpec(**sweep)
        folder.path.mkdir(parents=True)
        folder.describe(parsed, file_digest(self.root / parsed.data_file), ENGINE_VERSION, size)
        return folder

    def rows(self, sweep: dict[str, Any]) -> pl.DataFrame:
        return self.folder(sweep).rows(SweepSpec(**sweep).total).collect()

    def open_chunks(self, sweep: dict[str, Any]) -> list[str]:
        open_states = (State.QUEUED, State.RUNNING)
        return self.ledger.with_prefix(f"{self.folder(sweep).sweep_id}.", open_states)

    def here(self, sweep: dict[str, Any]) -> pl.DataFrame:
        """The same sweep in this process."""
        before = Path.cwd()
        os.chdir(self.root)
        try:
            return run_sweep(SweepSpec(**sweep))
        finally:
            os.chdir(before)


def files_of(folder: SweepFolder) -> dict[str, tuple[int, int]]:
    """Each file of the results as it is; another one if it was rewritten."""
    statuses = {path.name: path.stat() for path in folder.path.iterdir()}
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in statuses.items()}


def one_sentence(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 1, answer
    assert answer.stdout == ""
    assert answer.stderr.startswith("arbtune: ")
    assert answer.stderr.count("\n") == 1
    return answer.stderr
