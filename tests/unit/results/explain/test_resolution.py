"""A caution says which latencies a file cannot tell, by how far its rows are apart."""

from __future__ import annotations

from typing import Any

import pytest

from arbitrage.results.explain.resolution import latency_cautions, latency_text


@pytest.mark.parametrize(("seconds", "is_told"), [(None, 0), (0.003, 0), (0.05, 0), (0.06, 1)])
def test_rows_near_enough_to_tell_every_rung_need_no_word(
    seconds: float | None, is_told: int
) -> None:
    assert len(latency_cautions(seconds, {"latency_a_ms": 0.0})) == is_told


def test_rows_too_far_apart_for_the_ladder_are_told() -> None:
    assert latency_cautions(1_000.0, {}) == [
        "Rows are 1,000 s apart: a latency below that cannot be told by this file."
    ]


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ({"latency_a_ms": 5.0}, "5 ms"),
        ({"latency_b_ms": 5.0}, "5 ms"),
        ({"latency_a_ms": 5.0, "latency_b_ms": 5.0}, "5 ms"),
        ({"latency_a_ms": 19.0, "latency_b_ms": 5.0}, "5 ms and 19 ms"),
        ({"latency_a_ms": 5.0, "latency_b_ms": 20.0}, "5 ms"),
    ],
)
def test_a_latency_of_the_config_that_the_rows_cannot_tell_is_named(
    own: dict[str, Any], named: str
) -> None:
    [told] = latency_cautions(0.02, own)
    assert told.startswith("Rows are 20 ms apart: a latency below that, such as the config's own ")
    assert told.endswith(f" own {named}, cannot be told by this file.")
    assert latency_cautions(0.005, own) == []


def test_a_long_latency_is_told_in_seconds() -> None:
    assert [latency_text(ms) for ms in (12.5, 999.9, 20_000.0)] == ["12.5 ms", "999.9 ms", "20 s"]
