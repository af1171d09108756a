"""What a `TuningConfig` accepts, what it refuses, and in which words."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbitrage.arbitrage_tuning import TuningConfig, TuningMetrics
from arbitrage.documents.config import MAX_EXTRA_BYTES, MAX_EXTRA_DEPTH, MAX_JOB_BYTES, parse_config
from arbitrage.errors import ConfigError

MINIMAL: dict[str, Any] = {
    "data_file": "quotes.csv",
    "min_spread_bps": 30,
    "taker_fee_a_bps": 5,
    "taker_fee_b_bps": 5,
    "slippage_bps": 2,
    "max_position_usd": 1000,
}
NON_NEGATIVE = ["min_spread_bps", "taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps"]
POSITIVE = ["max_position_usd", "initial_balance_usd", "stop_on_drawdown_pct"]
REQUIRED = list(MINIMAL)


def refusal(**changes: Any) -> str:
    """The text of the ValueError that construction raises."""
    with pytest.raises(ValueError) as caught:
        TuningConfig(**{**MINIMAL, **changes})
    return str(caught.value)


def test_a_config_needs_six_fields_and_fills_in_the_rest() -> None:
    config = TuningConfig(**MINIMAL)
    assert (config.max_open_trades, config.initial_balance_usd) == (1, 10_000.0)
    assert (config.stop_on_drawdown_pct, config.tag, config.extra) == (None, None, None)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_field_without_a_default_must_be_specified(name: str) -> None:
    given = {key: value for key, value in MINIMAL.items() if key != name}
    with pytest.raises(ValueError, match=f"{name} must be specified"):
        TuningConfig(**given)


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_data_file_is_not_specified(text: str) -> None:
    assert "data_file must be specified" in refusal(data_file=text)


@pytest.mark.parametrize("name", NON_NEGATIVE)
def test_fees_and_spreads_must_be_non_negative(name: str) -> None:
    assert f"{name} must be non-negative" in refusal(**{name: -0.001})
    assert getattr(TuningConfig(**{**MINIMAL, name: 0}), name) == 0.0


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("value", [0, -1.0])
def test_amounts_must_be_positive(name: str, value: float) -> None:
    assert f"{name} must be positive" in refusal(**{name: value})


def test_a_balance_is_at_least_as_large_as_the_smallest_price() -> None:
    """Of less, a loss in percent may be more than a double holds."""
    assert "initial_balance_usd must be at least 1e-15" in refusal(initial_balance_usd=9.9e-16)
    assert TuningConfig(**MINIMAL, initial_balance_usd=1e-15).initial_balance_usd == 1e-15


@pytest.mark.parametrize("value", [0, -3])
def test_at_least_one_trade_may_be_open(value: int) -> None:
    assert "max_open_trades must be at least 1" in refusal(max_open_trades=value)


def test_a_drawdown_limit_is_at_most_100() -> None:
    assert "stop_on_drawdown_pct must be at most 100" in refusal(stop_on_drawdown_pct=100.5)
    assert TuningConfig(**MINIMAL, stop_on_drawdown_pct=100).stop_on_drawdown_pct == 100


@pytest.mark.parametrize("name", [*NON_NEGATIVE, *POSITIVE])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_must_be_finite(name: str, value: float) -> None:
    assert f"{name} must be a finite number" in refusal(**{name: value})


@pytest.mark.parametrize("name", [*NON_NEGATIVE, *POSITIVE[:2]])
def test_numbers_are_at_most_1e15(name: str) -> None:
    assert f"{name} must be at most 1e15" in refusal(**{name: 1.0000001e15})
    assert getattr(TuningConfig(**{**MINIMAL, name: 1e15}), name) == 1e15


def test_max_open_trades_is_at_most_1e15() -> None:
    assert "max_open_trades must be at most 1e15" in refusal(max_open_trades=10**15 + 1)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("min_spread_bps", "30", "min_spread_bps must be a number, not '30'"),
        ("min_spread_bps", True, "min_spread_bps must be a number, not True"),
        ("min_spread_bps", None, "min_spread_bps must be a number, not None"),
        ("max_open_trades", 1.0, "max_open_trades must be a whole number, not 1.0"),
        ("data_file", 5, "data_file must be text, not 5"),
        ("tag", 5, "tag must be text, not 5"),
        ("tag", "\ud800", "tag must be valid Unicode text"),
        ("data_file", "a\udfff.csv", "data_file must be valid Unicode text"),
        ("extra", [1], "extra must be a JSON object, not [1]"),
        ("extra", {"x": math.nan}, "extra must hold JSON values only"),
        ("extra", {"x": {1: 2}}, "extra must hold JSON values only"),
        ("extra", {"x": (1, 2)}, "extra must hold JSON values only"),
        ("extra", {"x": "\ud800"}, "extra must hold JSON values only"),
        ("extra", {"x": object()}, "extra must hold JSON values only"),
    ],
)
def test_values_are_not_converted(name: str, value: Any, sentence: str) -> None:
    assert sentence in refusal(**{name: value})


def test_numbers_and_paths_of_python_are_those_of_json() -> None:
    config = TuningConfig(
        data_file=Path("quotes.csv"),  # type: ignore[arg-type]
        min_spread_bps=np.int64(30),  # type: ignore[arg-type]
        taker_fee_a_bps=np.float32(5),  # type: ignore[arg-type]
        taker_fee_b_bps=Decimal(5),  # type: ignore[arg-type]
        slippage_bps=np.array(2),  # type: ignore[arg-type]
        max_position_usd=Decimal("1E+3"),  # type: ignore[arg-type]
        max_open_trades=np.uint16(1),  # type: ignore[arg-type]
    )
    assert config == parse_config(MINIMAL)
    assert config.to_json() == TuningConfig(**MINIMAL).to_json()
    assert parse_config({**MINIMAL, "slippage_bps": Decimal("0.1")}).slippage_bps == 0.1
    assert "slippage_bps must be at most 1e15" in refusal(slippage_bps=Decimal("1E+300"))
    assert "slippage_bps must be a finite number" in refusal(slippage_bps=Decimal("1E+999999"))


def test_an_unknown_field_is_refused_with_the_name_that_was_meant() -> None:
    assert "unknown field 'min_spread': did you mean min_spread_bps?" in refusal(min_spread=3)


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({**MINIMAL, "min_spread_bps": -1, "slippage_bps": "x", "surprise": 1})
    text = str(caught.value)
    assert "min_spread_bps must be non-negative; " in text
    assert "slippage_bps must be a number, not 'x'; " in text
    assert "unknown field 'surprise'" in text
    assert "\n" not in text


@pytest.mark.parametrize("payload", [None, 5, "text", [], [MINIMAL]])
def test_a_payload_that_is_not_an_object_is_refused_in_a_sentence(payload: Any) -> None:
    with pytest.raises(ConfigError, match="the job must be a JSON object"):
        parse_config(payload)


def test_a_config_cannot_be_changed() -> None:
    config = TuningConfig(**MINIMAL)
    with pytest.raises(ValueError, match="frozen"):
        config.min_spread_bps = 1.0  # type: ignore[misc]


def test_extra_comes_out_as_it_went_in_and_cannot_be_reached_from_outside() -> None:
    extra = {"a": [1, 2.5, "ü", None, True], "b": {"c": {}}}
    config = TuningConfig(**MINIMAL, extra=extra)
    assert config.extra == extra
    extra["a"] = "changed"
    assert config.extra is not None
    assert config.extra["a"] == [1, 2.5, "ü", None, True]


def test_extra_is_bounded_in_bytes_of_compact_utf8() -> None:
    frame = len('{"a":""}')
    fits = {"a": "é" * ((MAX_EXTRA_BYTES - frame) // 2)}
    assert TuningConfig(**MINIMAL, extra=fits).extra == fits
    assert "extra must be at most 16,384 bytes" in refusal(extra={"a": fits["a"] + "é"})


def test_extra_is_bounded_in_depth() -> None:
    deepest = nested(MAX_EXTRA_DEPTH - 1)
    config = TuningConfig(**MINIMAL, extra=deepest)
    assert parse_config(json.loads(config.to_json())) == config
    assert "extra must be nested at most 100 levels deep" in refusal(extra={"a": deepest})
    assert "extra must hold JSON values only" in refusal(extra=nested(5000))


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


def test_a_whole_job_is_bounded() -> None:
    with pytest.raises(ConfigError, match=r"the job is \d+,\d+ bytes of JSON; at most 65,536"):
        parse_config({**MINIMAL, "tag": "x" * MAX_JOB_BYTES})


def test_a_config_travels_as_json_and_back() -> None:
    config = TuningConfig(**MINIMAL, tag="ü", extra={"k": [1, {"l": None}]})
    assert parse_config(json.loads(config.to_json())) == config


METRICS: dict[str, Any] = {
    "total_trades": 3,
    "closed_trades": 2,
    "open_trades": 1,
    "final_balance_usd": 10_001.5,
    "realized_pnl_usd": 1.5,
    "max_drawdown_pct": 0.25,
    "win_rate": 0.5,
    "avg_pnl_per_trade_usd": 0.75,
}


def test_metrics_of_an_older_version_load() -> None:
    metrics = TuningMetrics(**METRICS)
    assert metrics.net_pnl_usd is metrics.stopped_row is metrics.runtime_seconds is None


def test_metrics_of_a_newer_version_load() -> None:
    assert TuningMetrics(**METRICS, sharpe_ratio=1.0).total_trades == 3


@pytest.mark.parametrize("name", METRICS)
def test_each_of_the_eight_figures_is_required(name: str) -> None:
    given = {key: value for key, value in METRICS.items() if key != name}
    with pytest.raises(ValueError, match=name):
        TuningMetrics(**given)


def test_the_order_of_the_metrics_is_the_documents() -> None:
    assert list(TuningMetrics.model_fields) == [
        *METRICS,
        "runtime_seconds",
        "config_summary",
        "unrealized_pnl_usd",
        "net_pnl_usd",
        "stopped_row",
        "stopped_timestamp",
        "exits_beyond_size",
    ]
