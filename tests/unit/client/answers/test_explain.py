"""`arbtune explain`: what the word means, the page, the object for programs, the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fakeredis
import polars as pl
import pytest

from arbitrage.documents.config import TuningConfig, parse_config
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ArbtuneError
from arbitrage.replay.many_configs import open_data
from arbitrage.results.explain.break_even import BreakEvens
from arbitrage.results.explain.ladder import ladder
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.shell.console import run_command
from arbitrage.sweep import explain as explained
from arbitrage.sweep import run_sweep
from tests.conftest import JOB, quotes_csv
from tests.helpers.inputs.sweeps import spec
from worker.client.answers.explain import asked_config as asking
from worker.client.answers.explain.page import Page, lines_of
from worker.commands.answers import explain
from worker.ledger.celery_meta import success_meta
from worker.ledger.envelope import CHUNKS, JOBS, Route, job_message
from worker.ledger.ledger import Ledger, Outcome, State, Submission

GRID = {"name": "min_spread_bps", "values": [10, 20, 500]}
SLOTS = {"name": "max_open_trades", "values": [1, 2]}


@pytest.fixture
def sweep_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sweep of six configs, run in the folder where the commands run; the last two are idle."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARBTUNE_DATA_ROOT", str(tmp_path))
    (tmp_path / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
    (tmp_path / "sweep.json").write_text(json.dumps(spec(GRID, SLOTS)), encoding="utf-8")
    run_sweep(SweepSpec.from_file("sweep.json"), results_dir="results")
    return sweep_named("latest", Path("results")).sweep_id


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger of this process alone, which the command asks too."""
    made = Ledger(fakeredis.FakeRedis(), result_ttl_s=3600, lease_s=15)
    monkeypatch.setattr(asking, "open_ledger", lambda _: made)
    return made


def end(ledger: Ledger, job_id: str, summary: dict[str, Any], route: Route = JOBS) -> None:
    """A job of this config that has ended so."""
    text = json.dumps(JOB)
    ledger.submit([Submission(job_id, text, job_message(job_id, text))], route)
    start = ledger.start(job_id, "w1", text, route)
    assert start is not None
    meta = success_meta(job_id, {"config_summary": summary})
    ledger.finish(job_id, start.holder, Outcome(State.SUCCESS, meta))


def run(*arguments: str) -> int:
    return run_command("arbtune explain", explain, list(arguments))


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(*arguments, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_object_has_the_config_and_all_that_is_told(
    sweep_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, f"{sweep_id}:3")
    assert (found["sweep_id"], found["config_number"]) == (sweep_id, 3)
    config = SweepSpec.from_file("sweep.json").config(3)
    assert found["config"] == config.model_dump(mode="json")
    run_again = explained(config)
    assert found["money"] == [item._asdict() for item in run_again.money]
    assert found["ladder"] == [rung._asdict() for rung in ladder(config, open_data("quotes.csv"))]
    assert found["break_evens"].keys() == {"cost_bps", "latency_ms"}
    assert found["metrics"]["net_pnl_usd"] == run_again.metrics.net_pnl_usd


def test_a_sweep_alone_means_its_best_config(
    sweep_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pl.read_parquet(f"results/{sweep_id}").sort("net_pnl_usd", descending=True)
    for word in (sweep_id[:6], "sweep.json", "latest", f"results/{sweep_id}"):
        assert document(capsys, word)["metrics"]["net_pnl_usd"] == rows["net_pnl_usd"][0]


def test_the_tables_go_to_files(sweep_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, f"{sweep_id}:1", "--trades=deep/trades.csv", "--equity=equity.parquet")
    run_again = explained(SweepSpec.from_file("sweep.json").config(1))
    trades = pl.read_csv("deep/trades.csv", schema=run_again.trades.schema)
    assert trades.equals(run_again.trades)
    assert pl.read_parquet("equity.parquet").equals(run_again.equity)
    assert found["metrics"]["total_trades"] == trades.height > 0


@pytest.mark.usefixtures("sweep_id")
def test_a_job_is_explained_by_its_id(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sha256 = open_data(tmp_path / "quotes.csv").data_sha256
    end(ledger, "first", {"data_sha256": sha256, "engine_version": "1"})
    assert run("first", "--json") == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["job_id"] == "first"
    assert found["config"] == parse_config(JOB).model_dump(mode="json")
    assert "warning: job first was run by engine 1, and this is 2" in told.err


@pytest.mark.usefixtures("sweep_id")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nobody"], "no sweep 'nobody' in results: see arbtune sweeps, and arbtune jobs: no job"),
        (["latest:6"], "'latest:6': the sweep has configs 0 to 5"),
        (["changed"], "quotes.csv has changed since job changed was run on it"),
        (["chunk"], "job chunk is many configs of a sweep: name one"),
        (["latest", "--trades=here.txt"], "--trades: must end in .csv or .parquet, not 'here.txt'"),
        (["latest", "--trades=quotes.csv/t.csv"], "cannot write quotes.csv/t.csv: "),
        (
            ["latest", "--trades=t.csv", "--equity=./t.csv"],
            "--trades and --equity name the same file: ",
        ),
    ],
)
def test_what_cannot_be_explained_is_a_sentence(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    end(ledger, "changed", {"data_sha256": "0" * 64})
    end(ledger, "chunk", {}, CHUNKS)
    assert run(*arguments) == 1
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.out == ""


@pytest.mark.usefixtures("sweep_id")
def test_data_that_are_not_here_or_have_changed_are_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "quotes.csv"
    path.write_text(quotes_csv(11), encoding="utf-8")
    assert run("latest") == 1
    assert "quotes.csv has changed since sweep" in capsys.readouterr().err
    path.unlink()
    assert run("latest") == 1
    assert "is over quotes.csv, which is not here" in capsys.readouterr().err


@pytest.mark.usefixtures("sweep_id")
def test_without_a_server_it_is_told_that_jobs_are_not_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(_: object) -> None:
        raise ArbtuneError("the server is away")

    monkeypatch.setattr(asking, "open_ledger", away)
    assert run("nobody") == 1
    told = capsys.readouterr().err
    assert "no sweep 'nobody'" in told
    assert "whether it is a job is not known: the server is away" in told


def page_of(config: TuningConfig, limits: BreakEvens, *, plain: bool = False) -> list[str]:
    rungs = ladder(config, open_data(config.data_file))
    page = Page({"sweep_id": "abc", "config_number": 7}, explained(config), rungs, limits)
    return [line for part in lines_of(page, plain=plain) for line in part.split("\n")]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TuningConfig:
    path = tmp_path_factory.mktemp("data") / "quotes.csv"
    path.write_text(quotes_csv(), encoding="utf-8")
    return parse_config({**JOB, "data_file": str(path)})


def test_the_page_has_every_item_in_80_columns(config: TuningConfig) -> None:
    lines = page_of(config, BreakEvens(17.25, 3_000.0))
    run_again = explained(config)
    told = "\n".join(lines)
    wide = [line for line in lines if len(line) > 80 and config.data_file not in line]
    assert wide == []
    assert lines[0].startswith("config 7 of sweep abc")
    for what, usd, bps in run_again.money:
        cells = [line.split() for line in lines if line.startswith(what)]
        assert [*what.split(), f"{usd:z,.2f}", f"{bps:z.2f}"] in cells
    assert "at 17.25 bps an execution (it pays 12)" in told
    assert "at a latency of 3 s to both venues" in told
    assert "latency below that cannot be told by this file" not in told
    assert all(
        name in told for name in ("held", "exposure", "concentration", "rows", "gaps", "drawdown")
    )


def test_the_page_says_which_latencies_the_rows_cannot_tell(config: TuningConfig) -> None:
    page = Page({"sweep_id": "abc", "config_number": 7}, explained(config), [], BreakEvens(1, 1), 1)
    told = "\n".join(lines_of(page, plain=True))
    assert "Rows are 1 s apart: a latency below that cannot be told by this file." in told
    late = explained(config.model_copy(update={"latency_b_ms": 5.0}))
    told = " ".join(lines_of(page._replace(explanation=late, row_seconds=0.02), plain=True))
    assert "Rows are 20 ms apart: a latency below that, such as the config's own 5 ms," in told


def test_the_page_without_a_trade_is_short_and_whole(config: TuningConfig) -> None:
    idle = config.model_copy(update={"min_spread_bps": 900.0})
    lines = page_of(idle, BreakEvens(None, None), plain=True)
    told = "\n".join(lines)
    assert "0.00 USD: 0.00 realized in 0 closed trades, 0.00 in 0 open ones" in told
    assert "at no cost an execution" in told
    assert "at no latency that was tried, up to 65.536 s, to both venues" in told
    assert told.isascii()
    assert "best and worst" not in told
