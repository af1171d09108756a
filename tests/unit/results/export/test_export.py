"""Rows of a sweep in one file for other programs; Optuna itself reads the journal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from pyarrow import parquet

from arbitrage.arbitrage_tuning import TuningConfig, TuningMetrics
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.documents.whole_file import UNFINISHED
from arbitrage.errors import ConfigError, DataError
from arbitrage.results.export import trials as trials_room
from arbitrage.results.export.exporting import export
from arbitrage.results.export.tables import METADATA_KEY
from arbitrage.results.export.trials import CHOSEN_AS, Trials
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.results.store.rows import SCHEMA, sweep_rows
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.sweeps import permuted, spec

GRIDS = (
    {"name": "min_spread_bps", "start": 0, "stop": 0.9, "step": 0.1},
    {"name": "max_open_trades", "values": [3, 1]},
    {"name": "stop_on_drawdown_pct", "values": [None, 5]},
    {"name": "slippage_bps", "values": [2, 0, 1.5]},
)
TOTAL = 120
FAILED = 7
DATA = {"snapshots_count": 20}
EXTRA = {"note": 'a "quoted" $1 word', "list": [1, None, {"x": 0.5}]}


def keep(results_dir: Path, sweep: SweepSpec) -> KnownSweep:
    """A sweep with figures by chance, in parts of 50, one config of which has failed."""
    draw = np.random.default_rng(3)
    folder = SweepFolder(results_dir, "f" * 16)
    with folder.exclusively():
        folder.describe(sweep, "0" * 64, "2", data=DATA)
        for start in range(0, sweep.total, 50):
            stop = min(start + 50, sweep.total)
            figures: dict[str, Any] = {
                name: draw.integers(0, 9, stop - start) for name in FIGURE_NAMES
            }
            figures["net_pnl_usd"] = draw.standard_normal(stop - start)
            figures["max_drawdown_pct"] = draw.random(stop - start)
            figures["stopped_timestamp"] = ["2024-01-01T00:00:00Z"] * (stop - start)
            failed = {FAILED: 'it "failed"'} if start <= FAILED < stop else {}
            folder.write_part(sweep_rows(sweep, start, stop, figures, failed))
    return sweep_named("latest", results_dir)


@pytest.fixture
def known(tmp_path: Path) -> KnownSweep:
    sweep = SweepSpec(**spec(*GRIDS, tag_prefix='"extra":null', extra=EXTRA))
    return keep(tmp_path / "results", sweep)


def exported(known: KnownSweep, path: Path) -> int:
    said: list[str] = []
    count = export(known, path, said.append)
    assert said[-1] == f"{known.done:,} of {known.done:,} rows"
    assert [*path.parent.glob(UNFINISHED)] == []
    return count


def rows_of(known: KnownSweep) -> pl.DataFrame:
    return known.folder.rows(known.spec.total).collect()


def test_parquet_holds_the_rows_and_what_they_are_of(known: KnownSweep, tmp_path: Path) -> None:
    path = tmp_path / "new" / "rows.parquet"
    assert exported(known, path) == TOTAL
    assert pl.read_parquet(path).equals(rows_of(known))
    described = json.loads(parquet.read_metadata(path).metadata[METADATA_KEY.encode()])
    assert (described["sweep_id"], described["data_sha256"]) == (known.sweep_id, "0" * 64)
    assert SweepSpec.model_validate(described["spec"]) == known.spec


def test_csv_holds_the_rows_to_the_last_bit(known: KnownSweep, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("what was there")
    assert exported(known, path) == TOTAL
    assert pl.read_csv(path, schema=SCHEMA).equals(rows_of(known))


def test_result_documents_are_those_of_jobs(known: KnownSweep, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert exported(known, path) == TOTAL
    documents = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = rows_of(known).to_dicts()
    for number, (document, row) in enumerate(zip(documents, rows, strict=True)):
        config = known.spec.config(number)
        assert TuningConfig.model_validate(document["config"]) == config
        assert document["config"] == config.model_dump(mode="json")
        if number == FAILED:
            error = {"type": "unknown", "message": 'it "failed"', "retryable": False}
            assert document == {"status": "error", "config": document["config"], "error": error}
            continue
        metrics = TuningMetrics.model_validate(document["metrics"])
        assert document["metrics"] == metrics.model_dump(mode="json")
        assert {name: getattr(metrics, name) for name in FIGURE_NAMES} == {
            name: row[name] for name in FIGURE_NAMES
        }
        summary = {name: value for name, value in document["config"].items() if name != "extra"}
        summary |= {"snapshots_count": 20, "data_sha256": "0" * 64, "engine_version": "2"}
        assert document["config_summary"] == metrics.config_summary == summary
        assert list(document) == ["status", "config", "metrics", "config_summary"]


def study_of(path: Path) -> optuna.Study:
    storage = JournalStorage(JournalFileBackend(str(path)))
    [name] = optuna.get_all_study_names(storage)
    return optuna.load_study(study_name=name, storage=storage)


def distributions() -> dict[str, BaseDistribution]:
    return {
        "min_spread_bps": FloatDistribution(0.0, 0.9),
        "max_open_trades": IntDistribution(1, 3),
        "stop_on_drawdown_pct": CategoricalDistribution([None, 5]),
        "slippage_bps": FloatDistribution(0.0, 2.0),
    }


def test_optuna_reads_the_journal(known: KnownSweep, tmp_path: Path) -> None:
    path = tmp_path / "sweep.optuna.log"
    assert exported(known, path) == TOTAL - 1

    study = study_of(path)

    assert study.directions == [
        optuna.study.StudyDirection.MAXIMIZE,
        optuna.study.StudyDirection.MINIMIZE,
    ]
    assert study.metric_names == ["net_pnl_usd", "max_drawdown_pct"]
    assert study.user_attrs["sweep_id"] == known.sweep_id
    assert SweepSpec.model_validate(study.user_attrs["spec"]) == known.spec
    rows = [row for row in rows_of(known).to_dicts() if row["config_number"] != FAILED]
    for trial, row in zip(study.trials, rows, strict=True):
        config = known.spec.config(row["config_number"])
        assert trial.state is optuna.trial.TrialState.COMPLETE
        assert trial.values == [row["net_pnl_usd"], row["max_drawdown_pct"]]
        assert trial.params == {name: getattr(config, name) for name in distributions()}
        assert trial.distributions == distributions()
        assert trial.user_attrs["config_number"] == row["config_number"]
        assert trial.user_attrs["win_rate"] == row["win_rate"]
        trial._validate()  # what Optuna asks of a trial that is added to a study
    best = {trial.user_attrs["config_number"] for trial in study.best_trials}
    chosen = {trial.number for trial in study.trials if trial.user_attrs[CHOSEN_AS] == "pareto"}
    assert best == {study.trials[number].user_attrs["config_number"] for number in chosen}


def test_a_study_can_go_on(known: KnownSweep, tmp_path: Path) -> None:
    path = tmp_path / "sweep.optuna.log"
    exported(known, path)
    study = study_of(path)
    trial = study.ask(distributions())
    study.tell(trial, [1.0, 0.5])
    assert len(study_of(path).trials) == TOTAL


def test_the_same_rows_make_the_same_journal(known: KnownSweep, tmp_path: Path) -> None:
    paths = [tmp_path / "one.optuna.log", tmp_path / "two.optuna.log"]
    for path in paths:
        exported(known, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_few_of_many_are_the_front_the_top_and_a_sample(
    known: KnownSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials_room, "MOST", 40)
    monkeypatch.setattr(trials_room, "MOST_OF_TOP", 10)
    path = tmp_path / "few.optuna.log"
    assert exported(known, path) == 40

    study = study_of(path)

    kinds = Counter(trial.user_attrs[CHOSEN_AS] for trial in study.trials)
    selection = study.user_attrs["selection"]
    assert selection == {**kinds, "seed": 0, "of": TOTAL - 1}
    assert sum(kinds.values()) == 40
    rows = {row["config_number"]: row for row in rows_of(known).to_dicts()}
    del rows[FAILED]
    by_net = sorted(rows, key=lambda number: -rows[number]["net_pnl_usd"])
    best = naive_front(rows) | set(by_net[:10])
    others = sorted(rows.keys() - best, key=lambda number: permuted(number, TOTAL, 0))
    numbers = {trial.user_attrs["config_number"] for trial in study.trials}
    assert numbers == best | set(others[: 40 - len(best)])


def naive_front(rows: dict[int, dict[str, Any]]) -> set[int]:
    """Those that no other betters in one figure without being worse in the other."""
    points = {at: (row["net_pnl_usd"], -row["max_drawdown_pct"]) for at, row in rows.items()}
    found: set[int] = set()
    for at, (net, low) in sorted(points.items()):
        others = [point for point in points.values() if point != (net, low)]
        is_bettered = any(other[0] >= net and other[1] >= low for other in others)
        if not is_bettered and (net, low) not in {points[other] for other in found}:
            found.add(at)
    return found


FEW = SweepSpec(**spec({"name": "min_spread_bps", "start": 0, "stop": 19, "num": 20}))


def in_batches(nets: list[int], drawdowns: list[int], cut: int) -> Iterator[pl.DataFrame]:
    figures: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, np.ones(20, np.int64))
    figures |= {"net_pnl_usd": np.array(nets), "max_drawdown_pct": np.array(drawdowns)}
    figures["stopped_timestamp"] = [None] * 20
    rows = sweep_rows(FEW, 0, 20, figures, {})
    yield rows.head(cut)
    yield rows.slice(cut)


SMALL = st.lists(st.integers(0, 4), min_size=20, max_size=20)


@examples(25)
@given(SMALL, SMALL, st.integers(0, 20))
def test_the_front_does_not_depend_on_the_batches(
    nets: list[int], drawdowns: list[int], cut: int
) -> None:
    trials = Trials(FEW)
    for batch in in_batches(nets, drawdowns, cut):
        trials.add(batch)
    chosen = trials.chosen()
    pairs = enumerate(zip(nets, drawdowns, strict=True))
    rows = {at: {"net_pnl_usd": net, "max_drawdown_pct": low} for at, (net, low) in pairs}
    front = chosen.filter(pl.col(CHOSEN_AS) == "pareto")["config_number"]
    assert set(front) == naive_front(rows)
    assert chosen["config_number"].to_list() == list(range(20))


@pytest.mark.parametrize("name", ["rows.xlsx", "rows", "rows.log", "rows.csv.gz"])
def test_another_format_is_refused(name: str, known: KnownSweep, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ends in none of \.csv, \.parquet, \.jsonl"):
        export(known, tmp_path / name, print)


def test_a_folder_is_refused(known: KnownSweep, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").mkdir()
    with pytest.raises(ConfigError, match="is a folder: name a file in it"):
        export(known, tmp_path / "rows.csv", print)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl", "optuna.log"])
def test_a_damaged_part_leaves_the_old_file(suffix: str, known: KnownSweep, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    path.write_text("what was there")
    part = sorted(known.folder.path.glob("*.parquet"))[1]
    part.write_bytes(b"damaged")
    with pytest.raises(DataError, match="cannot be read: delete the file and run the sweep again"):
        export(known, path, print)
    assert path.read_text() == "what was there"
    assert [*tmp_path.glob(UNFINISHED)] == []


def test_a_sweep_without_rows_makes_an_empty_file(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path, "a" * 16)
    with folder.exclusively():
        folder.describe(FEW, "0" * 64, "2")
    known = sweep_named("latest", tmp_path)
    for suffix in ("csv", "parquet", "jsonl", "optuna.log"):
        assert export(known, tmp_path / f"rows.{suffix}", print) == 0
    assert pl.read_parquet(tmp_path / "rows.parquet").schema == SCHEMA
    assert study_of(tmp_path / "rows.optuna.log").trials == []
