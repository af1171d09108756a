"""What people read of a verdict, and how the command finds what it judges."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arbitrage.results.verdict.verdict import EDGE, LUCK, NO_EDGE, TOO_LITTLE, Verdict
from arbitrage.results.verdict.words.changes import tolerated_elsewhere
from arbitrage.sweep import SweepSpec, judge, run_sweep
from tests.helpers.inputs.sweeps import spec
from tests.luck.markets import MEAN_REVERTING, write_market
from worker.cli import main
from worker.client.answers.verdict.page import WIDTH, page


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a market in `quotes.parquet`."""
    root = tmp_path_factory.mktemp("root")
    write_market(root / "quotes.parquet", MEAN_REVERTING, seed=3, rows=1_200)
    return root


@pytest.fixture(scope="module")
def verdict(root: Path) -> Verdict:
    """An edge with all figures."""
    sweep = sweep_of({"name": "min_spread_bps", "values": [5, 6, 7, 8]})
    return judge(SweepSpec.from_data({**sweep, "data_file": str(root / "quotes.parquet")}))


@pytest.fixture
def desk(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results of somebody whose server is away, and whose data are in the data root."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(root))
    monkeypatch.setenv("ARBTUNE_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("ARBTUNE_RESULTS_DIR", str(tmp_path / "results"))
    return tmp_path


def sweep_of(*grids: dict[str, Any], **fields: Any) -> dict[str, Any]:
    costs = {"taker_fee_a_bps": 1, "taker_fee_b_bps": 1, "slippage_bps": 0}
    return {**spec(*grids, **{**costs, **fields}), "data_file": "quotes.parquet"}


def ran(root: Path, desk: Path, *values: float, **fields: Any) -> Path:
    """A sweep over these thresholds, run; its spec file."""
    sweep = sweep_of({"name": "min_spread_bps", "values": [*values]}, **fields)
    path = desk / "spec.json"
    path.write_text(json.dumps(sweep), encoding="utf-8")
    there = SweepSpec.from_data(sweep)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        run_sweep(there, results_dir=desk / "results")
    return path


def text_of(of: Verdict, **changes: Any) -> str:
    lines = page(replace(of, **changes))
    assert max(map(len, lines)) <= WIDTH
    return " ".join(" ".join(lines).split())


def with_figures(verdict: Verdict, **figures: Any) -> dict[str, Any]:
    return {**verdict.winner, "figures": {**verdict.winner["figures"], **figures}}


# The page


def test_an_edge_is_told_with_how_often_luck_does_as_well(verdict: Verdict) -> None:
    text = text_of(verdict)
    assert verdict.verdict == EDGE
    assert f"{EDGE} The best of the 4 configs that were tried earned" in text
    assert "in fewer than 1 of 1,000 cases (p < 0.001)" in text_of(verdict, p_value=1 / 1001)
    assert "--also-tried" in text
    assert "calibrated" in text
    assert "deflated Sharpe" in text
    assert "in about 20 of 1,000 cases (p = 0.020)" in text_of(verdict, p_value=0.02)


def test_how_many_others_an_edge_bears_is_so(verdict: Verdict, root: Path) -> None:
    sweep = sweep_of({"name": "min_spread_bps", "values": [5, 6, 7, 8]})
    spec_there = SweepSpec.from_data({**sweep, "data_file": str(root / "quotes.parquet")})
    count = tolerated_elsewhere(verdict)
    assert judge(spec_there, also_tried=count - 1).verdict == EDGE
    assert judge(spec_there, also_tried=count + 1).verdict == LUCK


def test_luck_says_which_measure_holds_it_back(verdict: Verdict) -> None:
    assert verdict.test is not None
    steady = {**verdict.test, "in_dollars": {**verdict.test["in_dollars"], "consistent": 0.4}}
    text = text_of(verdict, verdict=LUCK, p_value=0.4, test=steady)
    assert "in about 400 of 1,000 cases" in text
    assert "By how steadily they earn some configs stand out" in text
    by_deviation = {**verdict.test["by_deviation"], "calibrated": 0.4}
    lucky = {**verdict.test, "by_deviation": by_deviation}
    assert "few periods made most of the profit" in text_of(verdict, verdict=LUCK, test=lucky)


def test_too_little_says_of_what(verdict: Verdict) -> None:
    short = {"p_value": None, "periods": None, "period_seconds": None, "test": None, "beside": None}
    text = text_of(verdict, verdict=TOO_LITTLE, **short)
    assert "fewer than 30 seconds" in text
    assert "For those who know statistics" in text
    few = text_of(verdict, verdict=TOO_LITTLE, winner=with_figures(verdict, closed_trades=1))
    assert "in 1 closed trade." in few
    left = with_figures(verdict, closed_trades=1, open_trades=2)
    assert "in 1 closed trade and 2 still open." in text_of(
        verdict, verdict=TOO_LITTLE, winner=left
    )
    assert "Fewer than 10 closed trades" in few


def test_no_edge_says_whether_anything_traded(verdict: Verdict) -> None:
    lost = with_figures(verdict, net_pnl_usd=-3.456)
    assert "The best came to -3.46 USD net." in text_of(verdict, verdict=NO_EDGE, winner=lost)
    idle = with_figures(verdict, net_pnl_usd=0.0, total_trades=0)
    assert "did not trade at all" in text_of(verdict, verdict=NO_EDGE, winner=idle)


def test_what_breaks_it_is_told(verdict: Verdict) -> None:
    assert [rung["what"] for rung in verdict.ladder][:2] == ["as it is", "latency 0 ms"]
    breaks = {"cost_bps": 3.25, "latency_ms": 512.5}
    text = text_of(verdict, break_evens=breaks)
    assert "earns nothing from a cost of 3.25 bps an execution on; it has 2." in text
    assert "earns nothing from a latency of 512.5 ms to both venues on" in text
    assert "from a latency of 20 s to" in text_of(
        verdict, break_evens={**breaks, "latency_ms": 20_000.0}
    )
    sized = [{"what": "displayed size", "net_pnl_usd": -1.0, "closed_trades": 3}]
    assert "nothing with the sizes that were displayed" in text_of(verdict, ladder=sized)
    lost = with_figures(verdict, net_pnl_usd=-1.0)
    no_edge = text_of(verdict, verdict=NO_EDGE, winner=lost, break_evens=breaks)
    assert "at a cost below 3.25 bps an execution; it has 2." in no_edge


def test_figures_that_speak_against_an_edge_are_told_with_why_they_are_not_followed(
    verdict: Verdict,
) -> None:
    assert verdict.beside is not None
    beside = verdict.beside

    def told(all_: float, effective: float, overfitting: float, name: str = EDGE) -> str:
        ends = {"deflated_of_all": all_, "deflated_of_effective": effective}
        changed = {"sharpe": {**beside["sharpe"], **ends}, "overfitting": overfitting}
        return text_of(verdict, verdict=name, beside={**beside, **changed})

    low = told(0.0, 0.565, 0.17)
    assert "the deflated Sharpe ratio is 0.000 to 0.565, below 0.95" in low
    assert "the verdict follows the test" in low
    assert "PBO) is" not in low
    assert "the overfitting (PBO) is 0.62, above 0.5." in told(0.97, 0.99, 0.62)
    assert "Against it" not in told(0.5, 0.97, 0.5)
    assert "Against it" not in told(0.0, 0.565, 0.62, LUCK)


def test_a_p_value_below_one_replicate_is_not_told_as_zero(verdict: Verdict) -> None:
    assert verdict.test is not None
    zeros = dict.fromkeys(("lower", "consistent", "upper", "calibrated"), 0.0)
    test = {**verdict.test, "by_deviation": zeros, "in_dollars": zeros, "winner_p_value": 0.0}
    text = text_of(verdict, test=test, p_value=0.0004, n_bootstrap=1_000)
    assert "< 0.001 consistent, < 0.001 lower, < 0.001 upper" in text
    assert "0.000 consistent" not in text
    assert "p of the verdict < 0.001" in text


def test_rows_that_are_too_far_apart_for_a_latency_are_told(verdict: Verdict) -> None:
    assert verdict.row_seconds is not None
    told = "Rows are 1 s apart: a latency below that cannot be told by this file."
    assert told in text_of(verdict, row_seconds=1.0)
    assert "apart: a latency" not in text_of(verdict, row_seconds=0.05)
    assert "apart: a latency" not in text_of(verdict, row_seconds=None)
    config = {**verdict.winner["config"], "latency_a_ms": 5.0}
    late = {**verdict.winner, "config": config}
    assert "the config's own 5 ms," in text_of(verdict, winner=late, row_seconds=0.02)


def test_what_a_walk_forward_kept_is_told(verdict: Verdict) -> None:
    assert verdict.walk_forward is None
    assert "arbtune walk-forward says" in text_of(verdict)
    kept = {
        "folds": 5,
        "folds_with_profit": 3,
        "in_sample_usd_per_hour": 2.0,
        "out_of_sample_usd_per_hour": 0.8,
        "kept_share": 0.4,
    }
    assert "kept 40% of the profit an hour, with a profit in 3 of 5 windows" in text_of(
        verdict, walk_forward=kept
    )
    assert "found nothing to keep" in text_of(verdict, walk_forward={**kept, "kept_share": None})


def test_whoever_wants_good_news_is_cautioned(verdict: Verdict) -> None:
    free = {**verdict.winner, "config": {"min_spread_bps": 4.0}}
    assert "Its costs are 0" in text_of(verdict, winner=free)
    assert "Its costs are 0" not in text_of(verdict)
    cheap = {**verdict.winner, "config": {"min_spread_bps": 4.0, "slippage_bps": 0.01}}
    assert "Its costs are 0.01 bps an execution" in text_of(verdict, winner=cheap)
    assert "Its costs are" not in text_of(verdict)
    varied = {**verdict.winner, "varied_conditions": ["slippage_bps", "latency_a_ms"]}
    assert "The grids vary slippage_bps, latency_a_ms." in text_of(verdict, winner=varied)
    assert "The grids vary" not in text_of(verdict)
    stopped = with_figures(verdict, stopped_row=7)
    assert "A drawdown stop ended its run" in text_of(verdict, winner=stopped)
    alone = {"median_net_pnl_usd": 0.01, "neighbours": 2}
    assert "It stands alone" in text_of(verdict, plateau=alone)
    assert "of another sweep" in text_of(verdict, winner={**verdict.winner, "sweep_id": "f" * 16})
    assert verdict.test is not None
    other = {**verdict.test, "winner_p_value": 0.3}
    assert "not shown to be that of the best config itself" in text_of(verdict, test=other)
    gone = {**verdict.search["sweeps"][0], "is_gone": True}
    others = {"sweeps": [gone], "other_sweeps": 2, "other_configs": 70}
    text = text_of(verdict, search=others, also_tried=5)
    assert "The rows of 1 sweep are gone" in text
    assert "Not counted: 2 sweeps with 70 configs" in text
    assert "and 5 as tried elsewhere" in text


@pytest.mark.parametrize(
    ("net", "balance", "told"),
    [
        (1e-200, 10_000, "It earned 1e-200 USD over the whole file, less than a cent: however"),
        (0.009, 10_000, "It earned 0.009 USD over the whole file, less than a cent"),
        (0.02, 10_000, None),
        (0.9, 1e6, "It earned 0.9 USD over the whole file, less than a millionth of the balance"),
        (-1e-200, 10_000, None),
    ],
)
def test_a_profit_that_nobody_would_see_is_told(
    verdict: Verdict, net: float, balance: float, told: str | None
) -> None:
    config = {**verdict.winner["config"], "initial_balance_usd": balance}
    winner = {**with_figures(verdict, net_pnl_usd=net), "config": config}
    text = text_of(verdict, winner=winner)
    assert told in text if told else "over the whole file, less than" not in text


def test_whoever_looks_for_a_seed_is_cautioned(verdict: Verdict) -> None:
    """Twenty replicates that all are worse are an edge by one seed, and luck by another."""
    near = "another --seed may give another verdict"
    for p_value, n_bootstrap, is_near in (
        (1 / 21, 20, True),
        (0.045, 1_000, True),
        (0.02, 1_000, False),
        (0.045, 100_000, False),
    ):
        text = text_of(verdict, p_value=p_value, n_bootstrap=n_bootstrap)
        assert (near in text) == is_near, (p_value, n_bootstrap)
    others = {"also_tried": 396, "n_bootstrap": 1_000}  # 100 times the search
    assert near in text_of(verdict, p_value=0.1, verdict=LUCK, **others)
    assert near not in text_of(verdict, p_value=0.6, verdict=LUCK, **others)
    assert verdict.test is not None
    given = {**verdict.test, "mean_block": 1.0, "is_block_given": True}
    assert "for longer than that, luck looks like an edge" in text_of(verdict, test=given)


def test_one_is_not_several(verdict: Verdict) -> None:
    rung = {"what": "1 bp more cost", "net_pnl_usd": 1.0, "closed_trades": 1}
    assert "1.00 USD, 1 closed trade " in f"{text_of(verdict, ladder=[rung])} "
    bound = {"p_value": 0.05, "also_tried": 7}
    assert "If 8 more configs or so" in text_of(verdict, **bound)


# The command


def test_a_sweep_is_judged_by_its_spec_file_its_id_or_its_folder(
    root: Path, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ran(root, desk, 3, 4)
    documents = []
    for word in (str(path), "latest"):
        assert main(["verdict", word, "--json", "--replicates=50"]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    folder = desk / "results" / documents[0]["sweep_id"]
    assert main(["verdict", str(folder), "--json", "--replicates=50"]) == 0
    documents.append(json.loads(capsys.readouterr().out))
    assert documents[0] == documents[1] == documents[2]
    assert main(["verdict", str(path), "--plain", "--replicates=50"]) == 0
    shown = capsys.readouterr().out
    assert "\nequity, USD, 10,000.00 to " in shown
    assert shown.isascii()
    assert max(map(len, shown.splitlines())) <= WIDTH
    assert Verdict.read(folder.with_name(f"{folder.name}.verdict.json")) is not None


def test_results_that_were_moved_still_meet_those_they_left(
    root: Path, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(root, desk, *range(20))
    ran(root, desk, 4.5)
    assert main(["verdict", "latest", "--json", "--replicates=50"]) == 0
    sweep_id = json.loads(capsys.readouterr().out)["sweep_id"]
    (desk / "elsewhere").mkdir()
    for path in (desk / "results").glob(f"{sweep_id}*"):
        shutil.move(path, desk / "elsewhere")
    folder = desk / "elsewhere" / sweep_id
    assert main(["verdict", str(folder), "--json", "--replicates=50"]) == 0
    assert json.loads(capsys.readouterr().out)["n_configs"] == 21


def test_rows_without_a_description_are_told(
    root: Path, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(root, desk, *range(20))
    assert main(["verdict", "latest", "--replicates=50"]) == 0
    assert "without a description" not in capsys.readouterr().out
    [description] = (path for path in (desk / "results").glob("*.json") if "." not in path.stem)
    description.write_text("{")
    ran(root, desk, 4.5)
    assert main(["verdict", "latest", "--replicates=50"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Not counted: 1 folder of rows without a description that can be read." in told


def test_data_that_are_away_or_changed_are_told_in_a_sentence(
    root: Path, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(root, desk, 3, 4)
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(desk))
    assert main(["verdict", "latest"]) == 1
    assert "is over quotes.parquet, which is not here" in capsys.readouterr().err
    write_market(desk / "quotes.parquet", MEAN_REVERTING, seed=9, rows=100)
    assert main(["verdict", "latest"]) == 1
    assert "quotes.parquet has changed since sweep" in capsys.readouterr().err


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--replicates=0"], "at least 1 replicate"),
        (["--block=0.5"], "at least 1 period"),
        (["--block=x"], "must be a number"),
        (["--also-tried=-1"], "whole number"),
    ],
)
def test_flags_that_make_no_sense_are_refused(
    flags: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verdict", "latest", *flags]) == 1
    assert words in capsys.readouterr().err
