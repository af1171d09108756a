"""The unit of systemd, held against the settings that it depends on."""

from __future__ import annotations

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from worker.settings import Settings

UNIT = Path(__file__).resolve().parents[3] / "deploy/systemd/arbtune-worker.service"


@pytest.fixture(scope="module")
def unit() -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def test_a_worker_has_the_time_to_end_in_order(unit: ConfigParser) -> None:
    """The main process alone is told, and all are ended when the time is up."""
    assert int(unit["Service"]["TimeoutStopSec"]) > Settings().shutdown_s
    assert unit["Service"]["KillMode"] == "mixed"


def test_it_may_write_where_its_cache_is(unit: ConfigParser) -> None:
    folder = unit["Service"]["CacheDirectory"]
    assert unit["Service"]["Environment"] == f"ARBTUNE_CACHE_DIR=/var/cache/{folder}"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_knows_all_that_it_says(unit: ConfigParser, tmp_path: Path) -> None:
    unit["Service"]["ExecStart"], unit["Service"]["User"] = "/bin/true", "root"
    copy = tmp_path / UNIT.name
    with copy.open("w", encoding="utf-8") as file:
        unit.write(file, space_around_delimiters=False)
    told = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert UNIT.name not in told.stderr, told.stderr
