"""What `arbtune data check` says of a small file: `quotes.csv`, whose counts are known by eye.

`quotes.json` and `quotes.txt` are its whole output; `tests/property/data/test_data_check.py` holds
every figure against plain loops.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from arbitrage.data.check.file_check import check_file
from arbitrage.replay.files.data_cache import open_data, open_rows
from tests.helpers import commands
from worker.cli import main

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
PAGE = (ROOT / "docs/data.md").read_text(encoding="utf-8")
SAMPLES = ("sample_arbitrage_prices.csv", "sample_sizes_ages.csv")
HEADER = "timestamp,best_bid_a,best_ask_a,best_bid_b,best_ask_b\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(HERE / "quotes.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return commands.arbtune("data", "check", *arguments, environment=os.environ)


def document(*arguments: str) -> dict[str, Any]:
    answer = check(*arguments, "--json")
    assert (answer.returncode, answer.stderr) == (0, "")
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def refusal(*arguments: str) -> str:
    answer = check(*arguments)
    assert (answer.returncode, answer.stdout) == (1, "")
    [line] = answer.stderr.splitlines()
    return line.removeprefix("arbtune: ")


# -- the whole output


@pytest.mark.usefixtures("folder")
def test_the_text_is_the_golden_one() -> None:
    answer = check("quotes.csv", "--cost", "2")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == (HERE / "quotes.txt").read_text(encoding="utf-8")
    lines = answer.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]
    assert "\x1b" not in answer.stdout


@pytest.mark.usefixtures("folder")
def test_the_object_is_the_golden_one() -> None:
    golden = json.loads((HERE / "quotes.json").read_text(encoding="utf-8"))
    assert document("quotes.csv", "--cost", "2") == golden


def test_the_golden_object_has_what_is_seen_in_the_file() -> None:
    """Counted by eye, so that nobody writes the golden files anew without a look."""
    golden = json.loads((HERE / "quotes.json").read_text(encoding="utf-8"))
    assert golden["rows"] == {
        "snapshots_count": 26,
        "skipped_snapshots": 3,
        "empty_snapshots": 1,
        "crossed_snapshots": 1,
        "locked_snapshots": 1,
        "repeated_rows": 1,
        "unchanged_prices": 5,
    }
    times = golden["times"]
    assert (times["repeated_stamps"], times["gaps"], times["gap_bound_seconds"]) == (2, 1, 10.0)
    assert times["largest_step_after"] == "2024-03-01T12:00:05.000Z"
    assert golden["ages"]["unknown"] == {"age_a_ms": 0, "age_b_ms": 2}
    assert golden["sizes"]["zeros"]["ask_size_a"] == 0


def test_every_key_is_explained_on_the_page() -> None:
    golden = json.loads((HERE / "quotes.json").read_text(encoding="utf-8"))
    golden.pop("spec")
    for of_columns in ("unknown", "largest_ms"):
        golden["ages"].pop(of_columns)
    for of_columns in ("zeros", "largest"):
        golden["sizes"].pop(of_columns)
    explained = set(re.findall(r"`(\w+)`", PAGE.split("## What `data check` counts")[1]))
    assert set(keys(golden)) - explained == set()


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from keys(part)
    if isinstance(value, list):
        for part in value:
            yield from keys(part)


# -- the same rows as elsewhere


@pytest.mark.parametrize("name", SAMPLES)
def test_rows_and_spreads_are_those_that_a_sweep_sees(name: str) -> None:
    path = ROOT / "data" / name
    found, facts = check_file(path, 0.0), open_data(path).facts
    rows = found.as_json()["rows"]
    seen = {key: rows.get(key, found.spreads.largest_bps) for key in facts.of_rows()}
    assert seen == facts.of_rows()
    assert found.data_sha256 == facts.data_sha256


def test_stale_rows_are_those_of_a_config_with_the_limit() -> None:
    path = ROOT / "data" / SAMPLES[1]
    ages, rows = check_file(path, 0.0).ages, open_rows(path)
    assert ages is not None
    for stale in ages.stale:
        assert stale.rows == rows.skipped(stale.max_quote_age_ms)[1]


def test_whatever_the_format_the_figures_are_the_same(folder: Path) -> None:
    text = (folder / "quotes.csv").read_bytes()
    (folder / "quotes.csv.gz").write_bytes(gzip.compress(text))
    plain, packed = document("quotes.csv"), document("quotes.csv.gz")
    for found in (plain, packed):
        for name in ("data_file", "data_sha256", "spec"):
            found.pop(name)
    assert plain == packed


# -- odd files


FLAT = "2024-01-01T00:00:0{}Z,1,2,1,2\n"


def test_a_file_of_one_row_has_no_steps_and_no_moves(folder: Path) -> None:
    (folder / "one.csv").write_text(HEADER + FLAT.format(0), encoding="utf-8")
    found = document("one.csv")
    times, venue = found["times"], found["venues"]["a"]
    assert (times["span_seconds"], times["largest_step_seconds"], times["gaps"]) == (0, None, None)
    assert (venue["largest_move_bps"], venue["jumps"]) == (None, None)
    assert found["spreads"]["largest_bps"] == -5_000
    assert "no moves: fewer than two rows are tradable" in check("one.csv").stdout


def test_a_file_without_a_tradable_row_has_no_spreads(folder: Path) -> None:
    rows = FLAT.format(0).replace(",1,2", ",2,1", 1)
    (folder / "crossed.csv").write_text(HEADER + rows, encoding="utf-8")
    found = document("crossed.csv")
    assert found["spreads"]["largest_bps"] is None
    assert (found["spreads"]["better"], found["spreads"]["histogram"]) == (None, [])
    assert (found["opening"]["rows"], found["opening"]["share"]) == (0, None)
    assert found["spec"] is None
    skipped, nothing_opens = found["cautions"]
    assert skipped == (
        "all 1 rows are skipped: 1 crossed (a bid above its ask); "
        "are the columns of bid and ask swapped?"
    )
    assert nothing_opens == "no row is tradable"
    assert "no row is tradable" in check("crossed.csv").stdout
    assert refusal("crossed.csv", "--spec") == "there is no sweep to suggest: no row is tradable"


def test_times_that_64_bits_do_not_hold_are_not_measured(folder: Path) -> None:
    rows = "".join(f"{year}-01-01T00:00:00Z,1,2,1,2\n" for year in (1500, 1501, 2024))
    (folder / "old.csv").write_text(HEADER + rows, encoding="utf-8")
    found = document("old.csv")
    times = found["times"]
    assert (times.pop("first"), times.pop("last")) == (
        "1500-01-01T00:00:00Z",
        "2024-01-01T00:00:00Z",
    )
    assert set(times.values()) == {None}
    assert found["venues"]["a"]["longest_still_seconds"] is None
    assert found["rows"]["unchanged_prices"] == 2
    assert "steps are not measured" in " ".join(check("old.csv").stdout.split())


def test_venues_that_are_far_apart_raise_a_question(folder: Path) -> None:
    rows = FLAT.format(0).replace(",1,2,1,2", ",1,1.1,2,2.1")
    (folder / "apart.csv").write_text(HEADER + rows, encoding="utf-8")
    [question] = document("apart.csv")["cautions"]
    assert question.startswith("on half of the rows the venues are 8,181.82 bps apart or more")


@pytest.mark.usefixtures("folder")
def test_a_stream_without_block_characters_gets_a_picture_too() -> None:
    """Of a terminal whose encoding is not UTF-8."""
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="ascii")) as stream:
        assert main(["data", "check", "quotes.csv"]) == 0
    stream.seek(0)
    assert "####" in stream.read()


# -- what is refused


ALL_TOGETHER = "--cost is all costs together: it goes without --slippage-bps"


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        HEADER,
        "timestamp,bid\n1,2\n",
        HEADER + "2024-01-01T00:00:00Z,1,2,1,x\n",
        HEADER + "2024-01-01T00:00:00Z,1,2,1\n",
    ],
)
def test_a_file_that_a_job_would_refuse_is_refused_alike(folder: Path, content: str | None) -> None:
    if content is not None:
        (folder / "bad.csv").write_text(content, encoding="utf-8")
    job = ["run", "--data-file=bad.csv", "--min-spread-bps=0", "--max-position-usd=1"]
    costs = ["--taker-fee-a-bps=0", "--taker-fee-b-bps=0", "--slippage-bps=0"]
    said = commands.arbtune(*job, *costs, environment=os.environ).stderr
    assert said == f"arbtune: Tuning job failed: {refusal('bad.csv')}\n" or said == (
        f"arbtune: {refusal('bad.csv')}\n"
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--cost=x", "--cost must be a number of bps from 0 on, not 'x'"),
        ("--cost=-1", "--cost must be a number of bps from 0 on, not '-1'"),
        ("--cost=nan", "--cost must be a number of bps from 0 on, not 'nan'"),
        ("--cost=1 --slippage-bps=1", ALL_TOGETHER),
        ("--slippage-bps=-1", "slippage_bps must be non-negative, not -1.0"),
        ("--taker-fee-a-bps=x", "taker_fee_a_bps must be a number, not 'x'"),
    ],
)
def test_what_is_not_a_cost_is_refused(flags: str, said: str) -> None:
    assert refusal("quotes.csv", *flags.split()) == said


@pytest.mark.usefixtures("folder")
def test_the_parts_of_the_costs_are_added_up() -> None:
    flags = ("--taker-fee-a-bps=0.5", "--taker-fee-b-bps=0.75", "--slippage-bps=0.75")
    found = document("quotes.csv", *flags)
    assert found["opening"] == document("quotes.csv", "--cost=2")["opening"]
    costs = [found["spec"][name] for name in ("taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps")]
    assert costs == [0.5, 0.75, 0.75]
