"""What stands beside the verdict: other statistics, and what a walk-forward kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arbitrage.results.verdict.beside import effective_number
from arbitrage.results.walk_forward.outcome import FoldOutcome, Side, WalkForward
from tests.unit.results.verdict.searched import quick, spec_of, thresholds


def test_the_effective_number_is_that_of_the_eigenvalues() -> None:
    random = np.random.default_rng(3)
    profits = random.standard_normal((200, 1)) + random.standard_normal((200, 12))
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(profits.T))
    expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    assert effective_number(profits, 12) == pytest.approx(expected)
    assert effective_number(np.repeat(profits[:, :1], 9, axis=1), 9) == pytest.approx(1)
    assert effective_number(profits[:, :1], 1) == 1
    assert effective_number(np.zeros((200, 4)), 4) == 4


def test_a_band_of_deflated_ratios(quotes: Path) -> None:
    found = quick(spec_of(quotes, thresholds(*range(12))))
    assert found.beside is not None
    sharpe = found.beside["sharpe"]
    assert 1 <= sharpe["n_effective"] <= 12
    assert 0 <= sharpe["deflated_of_all"] <= sharpe["deflated_of_effective"] <= 1
    assert sharpe["track_record"] > 1
    assert found.beside["sample"] == 12
    assert 0 <= found.beside["overfitting"] <= 1
    assert found.plateau["neighbours"] in {1, 2}


def test_what_a_walk_forward_kept_stands_with_it(quotes: Path, tmp_path: Path) -> None:
    spec = spec_of(quotes, thresholds(4, 6))
    found = quick(spec, results_dir=tmp_path)
    assert found.walk_forward is None
    walked = WalkForward(
        sweep_id=found.sweep_id,
        data_file=found.data_file,
        data_sha256=found.data_sha256,
        engine_version=found.engine_version,
        configs=2,
        rank_by="net_pnl_usd",
        train_seconds=60.0,
        test_seconds=30.0,
        folds=[fold(4.0, 1.0), fold(6.0, -0.5), fold(2.0, 2.5)],
        equity=[],
    )
    walked.write(tmp_path)
    kept = quick(spec, results_dir=tmp_path).walk_forward
    assert kept is not None
    assert kept["kept_share"] == pytest.approx(3 / 12)
    assert (kept["folds_with_profit"], kept["folds"]) == (2, 3)
    replace(walked, data_sha256="0" * 64).write(tmp_path)
    assert quick(spec, results_dir=tmp_path).walk_forward is None


def fold(in_sample_usd: float, out_of_sample_usd: float) -> FoldOutcome:
    train = Side("a", "b", 1.0, 0, 10, net_pnl_usd=in_sample_usd)
    test = Side("b", "c", 1.0, 10, 20, net_pnl_usd=out_of_sample_usd)
    return FoldOutcome(0, {"min_spread_bps": 4.0}, None, train, test)
