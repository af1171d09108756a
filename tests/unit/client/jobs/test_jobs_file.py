"""Jobs as JSON lines: all good, or the first bad line by its number."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack

import pytest

from arbitrage.errors import ConfigError
from tests.conftest import JOB
from worker.client.jobs import jobs_file
from worker.client.jobs.jobs_file import checked_jobs

GOOD = json.dumps(JOB)


def check(content: str | bytes) -> list[dict[str, object]]:
    data = content.encode() if isinstance(content, str) else content
    with ExitStack() as stack:
        jobs, count = checked_jobs(io.BytesIO(data), stack)
        configs = [json.loads(job.config) for job in jobs]
    assert len(configs) == count
    return configs


@pytest.mark.parametrize("content", [f"{GOOD}\n{GOOD}\n", f"{GOOD}\r\n\n  \n{GOOD}"])
def test_every_line_that_holds_something_is_a_job(content: str) -> None:
    assert [config["data_file"] for config in check(content)] == ["quotes.csv"] * 2


def test_order_and_ids_are_kept_beyond_what_fits_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_file, "SPOOL_MEMORY_BYTES", 100)
    lines = [json.dumps({**JOB, "min_spread_bps": float(number)}) for number in range(50)]
    assert [config["min_spread_bps"] for config in check("\n".join(lines))] == list(range(50))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 3: not JSON"),
        ("[1]", "line 3: the job must be a JSON object"),
        ('{"data_file": "x"}', "line 3: min_spread_bps must be specified"),
        (GOOD.replace("20.0", "NaN"), "line 3: min_spread_bps must be a finite number"),
        (GOOD.replace("20.0", "1" + "0" * 5000), "line 3: "),
        ("[" * 30_000, "line 3: "),
        ('{"tag": "' + "x" * 70_000 + '"}', "line 3: longer than the 65,536 bytes"),
        (b"\xff\xfe", "line 3: not UTF-8 text"),
    ],
)
def test_a_bad_line_is_named_and_no_job_comes_out(line: str | bytes, sentence: str) -> None:
    data = line.encode() if isinstance(line, str) else line
    with pytest.raises(ConfigError) as caught:
        check(f"{GOOD}\n\n".encode() + data + f"\n{GOOD}\n".encode())
    assert str(caught.value).startswith(sentence)


def test_a_line_may_choose_its_id() -> None:
    lines = [json.dumps({**JOB, "job_id": "mine 1"}), GOOD]
    with ExitStack() as stack:
        jobs, _ = checked_jobs(io.BytesIO("\n".join(lines).encode()), stack)
        first, second = jobs
    assert first.job_id == "mine 1"
    assert json.loads(first.message)["headers"]["id"] == "mine 1"
    assert first.config == second.config
    assert len(second.job_id) == 36


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (["a", "b", "a"], "line 3: the job_id a stands in line 1 already"),
        (["a", 7], "line 2: job_id must be a text, not 7"),
        ([""], "line 1: a job id has 1 to 200 printable ASCII characters"),
        (["a\tb"], "line 1: a job id has 1 to 200 printable ASCII characters"),
    ],
)
def test_an_id_that_no_job_can_have_is_named(chosen: list[object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check("\n".join(json.dumps({**JOB, "job_id": one}) for one in chosen))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_no_job_at_all_is_an_error(content: str) -> None:
    with pytest.raises(ConfigError, match="there is no job in the input"):
        check(content)
