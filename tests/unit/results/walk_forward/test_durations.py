"""Durations as people write them."""

from __future__ import annotations

import pytest

from arbitrage.errors import ConfigError
from arbitrage.results.walk_forward.durations import duration_flag, duration_ns, duration_text


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("90s", 90, "1m 30s"),
        ("30m", 1_800, "30m"),
        ("2h", 7_200, "2h"),
        ("1.5d", 129_600, "1d 12h"),
        ("0.25s", 0.25, "0s"),
    ],
)
def test_durations_are_read_and_shown(text: str, seconds: float, shown: str) -> None:
    assert duration_ns(text) == seconds * 10**9
    assert duration_text(duration_ns(text)) == shown


@pytest.mark.parametrize("text", ["", "2", "2 h", "1h30m", "-1h", "0m", "h", "1e3s", "٣h", "2H"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a duration: write a number above 0"):
        duration_ns(text)


@pytest.mark.parametrize("text", ["30s", "90m", "2h", "1d", "0.25s", "100.5s", "36h", "0.1s"])
def test_a_duration_is_written_as_a_flag_takes_it(text: str) -> None:
    length = duration_ns(text)
    assert duration_ns(duration_flag(length / 10**9)) == length
    assert duration_flag(length / 10**9) == text
