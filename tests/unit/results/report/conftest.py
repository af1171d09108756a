"""A report, made once for the tests that read it, and a verdict on its sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbitrage.replay.many_configs import open_data
from arbitrage.results.querying.plateau import shown_best
from arbitrage.results.report.known import Known
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.results.verdict.verdict import Verdict
from arbitrage.sweep import judge
from tests.helpers.reports import GRIDS, reported, swept


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    reported(swept(folder, *GRIDS, tag_prefix="</script><script>alert(1)</script>"))
    return folder


@pytest.fixture(scope="session")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text()


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Known, Verdict]:
    """What is known of a sweep, and a verdict on it."""
    folder = tmp_path_factory.mktemp("judged")
    swept(folder, *GRIDS, name="quotes.csv")
    sweep = sweep_named("latest", folder / "results")
    verdict = judge(sweep.spec, n_bootstrap=50, results_dir=folder / "results")
    data = open_data(folder / "quotes.csv")
    return Known(sweep, shown_best(sweep), None, None, data), verdict
