"""A cache of a test run's own: a user's is neither filled by tests, nor does it slow them down."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from arbitrage.caches.cache_folder import cache_folder, shipped_folder
from arbitrage.caches.compiled import _place, options

ROOT = Path(__file__).resolve().parents[2]


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder in the first process of a run; each other one has a folder in it.

    The compiled kernels are taken along, or each run would compile them anew.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        _take_kernels(Path(os.environ["ARBTUNE_CACHE_DIR"]) / worker)
        return
    shipped = shipped_folder().joinpath(*_place())
    if shipped.exists():
        raise pytest.UsageError(
            f"remove {shipped}, which prepare_kernels --shipped made: kernels are found there even "
            "where a test takes them away"
        )
    own = Path(tempfile.mkdtemp(prefix="arbtune-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(own, ignore_errors=True))
    if not options.DISABLE_JIT:
        subprocess.run([sys.executable, "-m", "tests.run.kernels"], cwd=ROOT, check=True)
    _take_kernels(own)


def _take_kernels(own: Path) -> None:
    kernels = cache_folder().joinpath(*_place())
    if kernels.exists():
        shutil.copytree(kernels, own.joinpath(*_place()))
    os.environ["ARBTUNE_CACHE_DIR"] = str(own)
