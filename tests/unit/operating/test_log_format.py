"""A worker's log, line by line: for programs, for people, and never with the password."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from worker.operating.log.log_format import EventFormatter, LineFormatter, mask_of

LONG = "correct-horse-battery"


def record(said: str, level: int = logging.INFO, **details: Any) -> logging.LogRecord:
    fields = {"name": "arbtune.jobs", "levelno": level, "levelname": logging.getLevelName(level)}
    return logging.makeLogRecord({**fields, "msg": said, **details})


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        ((), "redis://:x@h", "redis://:x@h"),
        (("worker",), "redis://worker:worker@h", "redis://worker:***@h"),
        (("worker",), "the worker waits", "the worker waits"),
        (("ab",), "{'host': 'h', 'password': 'ab', 'x': 'abc'}", "'password': '***', 'x': 'abc'}"),
        (("ab",), "password=ab", "password=***"),
        ((LONG,), f"somebody said {LONG}!", "somebody said ***!"),
        (("a%2Bb", "a+b"), "//u:a%2Bb@h //u:a+b@h", "//u:***@h //u:***@h"),
        ((".", "."), "a.b redis://:.@h", "a.b redis://:***@h"),
    ],
)
def test_a_password_is_blotted_out_and_what_only_looks_like_it_is_not(
    secrets: tuple[str, ...], text: str, shown: str
) -> None:
    assert mask_of(secrets)(text).endswith(shown)


@pytest.mark.parametrize("secret", ['qu"ote-and-more', "back\\slash-and-more", "level", '"'])
def test_an_object_is_valid_and_blotted_whatever_a_password_is_made_of(secret: str) -> None:
    formatter = EventFormatter(mask_of((secret,)))
    line = formatter.format(
        record("x.y", error=f"redis://:{secret}@h", deep={"urls": [f"redis://:{secret}@h"]}, n=5)
    )
    event = json.loads(line)
    assert (event["event"], event["level"], event["n"]) == ("x.y", "INFO", 5)
    assert event["error"] == "redis://:***@h"
    assert event["deep"] == {"urls": ["redis://:***@h"]}


def test_a_line_has_the_time_the_event_and_its_details() -> None:
    told = record("job.finished", job_id="try 1", outcome="success", seconds=0.5)
    line = LineFormatter(mask_of(())).format(told)
    assert line[2] == line[5] == ":"
    assert line[8:] == ' job.finished  job_id="try 1"  outcome=success  seconds=0.5'


def test_a_line_is_one_and_moves_no_cursor() -> None:
    told = record("two\nlines", logging.ERROR, job_id="\x1b[2J\r", error="a\nb")
    line = LineFormatter(mask_of(())).format(told)
    assert line.isprintable()
    assert line[8:].startswith(" ERROR two lines  job_id=")


def test_a_traceback_stands_below_its_line_without_the_password() -> None:
    error = ValueError(f"no redis://:{LONG}@h")
    told = record("job.crashed", exc_info=(type(error), error, None))
    first, *_, last = LineFormatter(mask_of((LONG,))).format(told).splitlines()
    assert first.endswith("job.crashed")
    assert last == "ValueError: no redis://:***@h"
