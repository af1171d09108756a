"""Chunks as they travel: small, whole, refused with a sentence when they are not."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.figures import NULLABLE_COUNTS
from arbitrage.errors import ConfigError, DataChanged, DataError
from arbitrage.replay.many_configs import open_data, replay
from arbitrage.results.store.rows import sweep_rows
from arbitrage.sweep import SweepSpec, run_sweep
from tests.conftest import quotes_csv
from tests.helpers.inputs.sweeps import spec
from worker.running.jobs.chunk_figures import packed, unpacked
from worker.running.jobs.chunk_job import data_facts, replay_chunk, run_chunk
from worker.running.jobs.chunks import MAX_CONFIGS, Chunk, bits_of, of_spec
from worker.running.jobs.task_argument import CHUNK, Payload
from worker.settings import Settings

GRIDS = (
    {"name": "min_spread_bps", "start": 0, "stop": 60, "num": 7},
    {"name": "max_open_trades", "values": [1, 3]},
    {"name": "stop_on_drawdown_pct", "values": [None, 0.01]},
)
SWEEP = SweepSpec(**spec(*GRIDS, max_position_usd=1e6))


def chunk(start: int, stop: int, sweep: SweepSpec = SWEEP, **changes: Any) -> dict[str, Any]:
    """A sound chunk as JSON, with these changes."""
    document = {
        "spec": of_spec(sweep),
        "start": start,
        "stop": stop,
        "data_sha256": None,
        "engine_version": ENGINE_VERSION,
        **changes,
    }
    found: dict[str, Any] = json.loads(json.dumps(document))
    return found


def parsed(value: Any) -> Chunk:
    """The chunk of a message with this argument."""
    return Chunk.parse(Payload.of_message((value,), {}, CHUNK))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a worker whose data root, the current directory, holds `quotes.csv`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quotes.csv").write_text(
        quotes_csv() + "2024-01-01T00:02:00Z,0,0,100,101\n", encoding="utf-8"
    )
    return Settings.from_environment({"ARBTUNE_DATA_ROOT": str(tmp_path)})


def test_the_chunks_of_a_sweep_make_its_rows(settings: Settings) -> None:
    expected = run_sweep(SWEEP)
    for start, stop in ((0, 5), (5, 6), (6, SWEEP.total)):
        result = json.loads(json.dumps(run_chunk(parsed(chunk(start, stop)), settings)))
        assert (result["start"], result["stop"]) == (start, stop)
        rows = sweep_rows(SWEEP, start, stop, unpacked(result["figures"]), {})
        assert rows.equals(expected[start:stop])
    assert 0 < expected["stopped_row"].null_count() < SWEEP.total


def test_a_chunk_of_some_rows_is_a_sweep_over_these_rows(settings: Settings) -> None:
    """A range of rows is a file of its own; without one a message says nothing of rows."""
    of_rows = parsed(chunk(0, SWEEP.total, rows=[20, 61]))
    figures = unpacked(replay_chunk(of_rows, settings)["figures"])
    data = open_data(settings.data_root / "quotes.csv").between(20, 61)
    expected = replay(data, SWEEP.columns(0, SWEEP.total), SWEEP.total)
    assert {name: figures[name].to_list() for name in expected} == {
        name: column.tolist() for name, column in expected.items()
    }
    assert set(expected["stopped_row"]) & {*range(20, 61)}
    assert data_facts(parsed(chunk(0, 0, rows=[20, 61])), settings)["rows"] == 41
    of_all = parsed(chunk(0, SWEEP.total)).submission("id").config
    assert of_all == json.dumps(chunk(0, SWEEP.total), separators=(",", ":"))


def test_rows_that_the_data_do_not_have_are_refused(settings: Settings) -> None:
    for rows in ([0, 102], [3, 2]):
        with pytest.raises(ConfigError, match=rf"the chunk is of rows {rows[0]} to {rows[1]} of"):
            run_chunk(parsed(chunk(0, 1, rows=rows)), settings)


@pytest.mark.parametrize("wanted", [[3], [10], [3, 4, 8], [4, 10], [*range(3, 11)]])
def test_a_chunk_computes_those_that_are_wanted_alone(
    settings: Settings, wanted: list[int]
) -> None:
    expected = run_sweep(SWEEP)[wanted]
    numbers = np.array(wanted)
    of_some = parsed(chunk(3, 11, only=bits_of(numbers, 3, 11)))
    assert (of_some.numbers.tolist(), of_some.configs) == (wanted, len(wanted))
    figures = unpacked(replay_chunk(of_some, settings)["figures"])
    for name, column in figures.items():
        found = [None if name in NULLABLE_COUNTS and value == -1 else value for value in column]
        assert found == expected[name].to_list()


def test_the_bits_of_a_chunk_are_as_documented() -> None:
    assert bits_of(np.array([5, 7, 13]), 5, 14) == base64.b64encode(b"\xa0\x80").decode()
    assert bits_of(np.arange(5, 14), 5, 14) is None


def test_figures_come_back_as_they_were_packed(settings: Settings) -> None:
    data = open_data(settings.data_root / "quotes.csv")
    figures = replay(data, SWEEP.columns(0, SWEEP.total), SWEEP.total)
    back = unpacked(packed(figures, data))
    for name, column in figures.items():
        assert back[name].to_list() == column.tolist()
    stopped = [None if row < 0 else data.timestamp(row) for row in figures["stopped_row"].tolist()]
    assert back["stopped_timestamp"].to_list() == stopped


def test_a_message_is_small_however_large_the_sweep_is() -> None:
    grid = {"name": "min_spread_bps", "start": 0, "stop": 1, "num": 10**8}
    sweep = SweepSpec(**spec(grid, {"name": "slippage_bps", "values": [0, 1]}))
    far = chunk(sweep.total - MAX_CONFIGS, sweep.total, sweep)
    assert len(parsed(far).submission("id").message) < 4_096


def test_an_empty_chunk_says_what_the_data_are(settings: Settings) -> None:
    facts = data_facts(parsed(chunk(0, 0)), settings)
    assert facts["data_sha256"] == open_data(settings.data_root / "quotes.csv").data_sha256
    assert (facts["rows"], facts["skipped"]) == (101, 1)
    assert (facts["data"]["snapshots_count"], facts["data"]["skipped_snapshots"]) == (101, 1)
    assert facts["data"]["largest_spread_bps"] > 0
    assert facts["engine_version"] == ENGINE_VERSION
    assert facts["seconds_per_config"] is not None
    assert facts["seconds_per_config"] > 0


def test_an_empty_chunk_times_no_config_unless_asked_to(settings: Settings) -> None:
    """A config that ends its process must not end the question after the data."""
    facts = data_facts(parsed(chunk(0, 0, pilots=0)), settings)
    assert facts["seconds_per_config"] is None


def test_other_data_than_the_sweep_s_are_refused(settings: Settings) -> None:
    with pytest.raises(DataChanged, match=r"'quotes\.csv' is another file on this worker"):
        run_chunk(parsed(chunk(0, 1, data_sha256="0" * 64)), settings)


def test_the_bounds_of_the_worker_hold(settings: Settings, tmp_path: Path) -> None:
    narrow = Settings.from_environment(
        {"ARBTUNE_DATA_ROOT": str(tmp_path), "ARBTUNE_MAX_ROWS": "100"}
    )
    assert replay_chunk(parsed(chunk(0, 1)), settings)["stop"] == 1
    with pytest.raises(DataError, match="ARBTUNE_MAX_ROWS"):
        run_chunk(parsed(chunk(0, 1)), narrow)


def test_a_chunk_past_the_end_of_its_sweep_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"config 28 of a sweep of 28"):
        run_chunk(parsed(chunk(27, 29)), settings)


WRONG: dict[str, tuple[Any, str]] = {
    "no object": ([1], "the chunk"),
    "nothing in it": ({}, "spec"),
    "one row": (chunk(0, 1, rows=[3]), "rows"),
    "a row below 0": (chunk(0, 1, rows=[-1, 3]), "rows"),
    "an unknown field": (chunk(0, 1, surprise=1), "surprise"),
    "a range that falls": (chunk(2, 1), "its range rises"),
    "too many configs": (chunk(0, MAX_CONFIGS + 1), "a chunk has at most 20,000 configs"),
    "a negative number": (chunk(-1, 1), "start"),
    "a number that is text": ({**chunk(0, 1), "stop": "1"}, "stop"),
    "a spec that is text": ({**chunk(0, 1), "spec": "x"}, "spec"),
    "a spec without fields": (chunk(0, 1, spec={}), "data_file"),
    "a value that is refused": (
        chunk(0, 1, spec={**of_spec(SWEEP), "slippage_bps": -1}),
        "slippage_bps must be non-negative",
    ),
    "no finite number": (
        chunk(0, 1, spec={**of_spec(SWEEP), "slippage_bps": float("nan")}),
        "a number that is not finite",
    ),
    "an absolute path": (
        chunk(0, 1, spec={**of_spec(SWEEP), "data_file": "/etc/passwd"}),
        "outside the data root",
    ),
    "bits that are not base64": (chunk(0, 9, only="!AAA"), "only must have a bit"),
    "bits that are not ASCII": (chunk(0, 9, only="\u00e4"), "only must have a bit"),
    "too few bits": (chunk(0, 9, only="/w=="), "only must have a bit"),
    "too many bits": (chunk(0, 9, only="////"), "only must have a bit"),
    "bits that want nothing": (chunk(0, 9, only="AAA="), "some of them 1"),
    "bits of a range of none": (chunk(0, 0, only=""), "some of them 1"),
    "bits beyond the range": (chunk(0, 9, only="AAE="), "some of them 1"),
    "bits that are a number": (chunk(0, 9, only=3), "only"),
    "a tag of a megabyte": (chunk(0, 1, spec={**of_spec(SWEEP), "tag": "x" * 2**20}), "65,536"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_chunk_is_refused_with_a_sentence(settings: Settings, case: str) -> None:
    payload, words = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        run_chunk(parsed(payload), settings)
    assert words in str(caught.value)
    assert "Value error" not in str(caught.value), "which is pydantic's way"
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("arguments", [(), (1, 2)])
def test_another_number_of_arguments_is_refused(arguments: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="the task takes one argument, chunk: "):
        Chunk.parse(Payload.of_message(arguments, {}, CHUNK))


def test_a_chunk_may_come_by_its_name() -> None:
    assert Chunk.parse(Payload.of_message((), {"chunk": chunk(0, 1)}, CHUNK)) == parsed(chunk(0, 1))
