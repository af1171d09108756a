"""A worker's log: lines to read on a terminal, objects elsewhere, or as a flag says."""

from __future__ import annotations

import json
import os
import re

import pytest

from tests.helpers.terminals import shown_on_terminal

WORKER = ["worker", "--concurrency=1"]


@pytest.mark.parametrize(
    ("flags", "is_text"),
    [([], True), (["--log-format=text"], True), (["--log-format=json"], False)],
)
def test_a_worker_on_a_terminal_logs_for_people_unless_told_otherwise(
    flags: list[str], is_text: bool, own_redis_url: str
) -> None:
    urls = {"ARBTUNE_REDIS_URL": own_redis_url, "ARBTUNE_REDIS_ULR": "misspelt"}
    environment = {**os.environ, **urls}
    shown = shown_on_terminal([*WORKER, *flags], environment, "data_root")
    lines = shown.splitlines()
    if is_text:
        events = [line for line in lines if re.match(r"[0-9]{2}:[0-9]{2}:[0-9]{2} ", line)]
        assert f"redis={own_redis_url}" in events[-1]
        assert any(" WARNING setting.unknown " in event for event in events)
    else:
        events = [json.loads(line)["event"] for line in lines if line.endswith("}")]
        assert {"kernels.ready", "setting.unknown"} <= set(events)
    assert "ARBTUNE_REDIS_ULR is not a setting (did you mean ARBTUNE_REDIS_URL?)" in shown
    assert "**" not in shown, "a blot for a password that there is not"
