"""Payloads and data files that nobody meant: a sentence each, no crash, no hang, no traceback."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.arbitrage_tuning import TuningConfig
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.documents.result import MAX_SENTENCE
from arbitrage.errors import DataError
from tests.conftest import JOB, quotes_csv
from tests.helpers.inputs.examples import examples
from worker.running.jobs.job import JobFailedError, attempt_job
from worker.running.jobs.task_argument import CONFIG, Payload
from worker.settings import Settings

LIMITS = DataLimits(max_rows=1_000, max_bytes=100_000)
CSV = quotes_csv(2).encode()


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "quotes.csv").write_bytes(CSV)
        yield Path(folder)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
paths = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["quotes.csv", ".", "..", "/dev/zero", "/proc/self/mem", "a/" * 3_000]),
)
names = st.sampled_from([*TuningConfig.model_fields, "config", "surprise"])
jobs = st.builds(
    lambda changes, path: {**JOB, **changes, "data_file": path},
    st.dictionaries(names, anything, max_size=3),
    anything | paths,
)


def check_outcome(args: tuple[Any, ...], kwargs: dict[str, Any], root: Path) -> None:
    payload = Payload.of_message(args, kwargs, CONFIG)
    try:
        result = attempt_job(payload, Settings(data_root=root, max_rows=1_000))
    except JobFailedError as error:
        record = error.record
        assert record["type"] in ("ValueError", "FileNotFoundError"), record
        assert record["retryable"] is False
        assert len(record["message"]) <= MAX_SENTENCE
        assert record["message"].splitlines() == [record["message"]]
        json.dumps(record, allow_nan=False).encode()
    else:
        assert len(json.dumps(result, allow_nan=False)) < 2**18


@examples(60)
@given(st.lists(anything | jobs, max_size=2), st.dictionaries(names, anything | jobs, max_size=2))
def test_payloads(root: Path, args: list[Any], kwargs: dict[str, Any]) -> None:
    check_outcome(tuple(args), kwargs, root)


@examples(60)
@given(jobs)
def test_jobs_with_a_few_wrong_fields(root: Path, job: dict[str, Any]) -> None:
    check_outcome((job,), {}, root)


@pytest.mark.parametrize("depth", [100, 10_000, 100_000])
def test_payloads_of_great_depth(root: Path, depth: int) -> None:
    nested: Any = 0
    for _ in range(depth):
        nested = [nested]
    check_outcome(({**JOB, "extra": {"x": nested}},), {}, root)


def parquet() -> bytes:
    content = io.BytesIO()
    pl.read_csv(io.BytesIO(CSV)).write_parquet(content)
    return content.getvalue()


SKIPPED = b"\x50\x2a\x4d\x18\x04\0\0\0note"  # a zstd frame that is not data
PACKED = zstandard.compress(CSV)
WHOLE = [CSV, gzip.compress(CSV), PACKED, SKIPPED + PACKED, parquet()]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A sound file of some kind with a few places overwritten, cut out or doubled."""
    content = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 12))
        content[place : place + length] = draw(st.binary(max_size=12))
    return bytes(content)


@examples(120)
@given(files() | st.binary(max_size=300))
def test_data_files(root: Path, content: bytes) -> None:
    path = root / "fuzzed"
    path.write_bytes(content)
    try:
        rows = load_snapshots(path, LIMITS, name="fuzzed")
    except DataError:  # and nothing else
        return
    assert 0 < len(rows) <= LIMITS.max_rows
    assert len(list(rows)) == len(rows)
