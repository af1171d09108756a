"""Changing any field of a config changes the result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arbitrage.arbitrage_tuning import TuningConfig
from tests.acceptance.commands.run.running import flags, here
from tests.conftest import quotes_csv

CHANGES: dict[str, Any] = {
    "data_file": "other.csv",
    "min_spread_bps": 90.0,
    "taker_fee_a_bps": 6.0,
    "taker_fee_b_bps": 6.0,
    "slippage_bps": 3.0,
    "max_position_usd": 2000.0,
    "max_open_trades": 2,
    "initial_balance_usd": 500.0,
    "stop_on_drawdown_pct": 0.001,
    "exit_spread_bps": -10.0,
    "max_holding_seconds": 1.0,
    "latency_a_ms": 7000.0,
    "latency_b_ms": 7000.0,
    "max_quote_age_ms": 50.0,
    "size_share": 0.5,
    "min_position_usd": 500.0,
    "tag": "other",
    "extra": '{"a": 1}',
}
WHERE_IT_SHOWS: dict[str, str] = {
    "data_file": "total_trades",
    "min_spread_bps": "total_trades",
    "taker_fee_a_bps": "net_pnl_usd",
    "taker_fee_b_bps": "net_pnl_usd",
    "slippage_bps": "net_pnl_usd",
    "max_position_usd": "net_pnl_usd",
    "max_open_trades": "total_trades",
    "initial_balance_usd": "max_drawdown_pct",
    "stop_on_drawdown_pct": "stopped_row",
    "exit_spread_bps": "total_trades",
    "max_holding_seconds": "total_trades",
    "latency_a_ms": "total_trades",
    "latency_b_ms": "net_pnl_usd",
    "max_quote_age_ms": "total_trades",
    "size_share": "net_pnl_usd",
    "min_position_usd": "total_trades",
}
NEEDED: dict[str, dict[str, Any]] = {"min_position_usd": {"size_share": 0.5}}


def with_sizes_and_ages(text: str) -> str:
    """Sizes of about 400 USD throughout; old quotes in the first 20 rows."""
    header, *rows = text.splitlines()
    sizes = "bid_size_a,ask_size_a,bid_size_b,ask_size_b"
    lines = [f"{header},{sizes},age_a_ms,age_b_ms"]
    lines += [f"{row},4,4,4,4,0,{100 if at < 20 else 0}" for at, row in enumerate(rows)]
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("field", TuningConfig.model_fields)
def test_changing_a_field_changes_the_result(
    field: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    quotes = with_sizes_and_ages(quotes_csv())
    (folder / "quotes.csv").write_text(quotes, encoding="utf-8")
    (folder / "other.csv").write_text(quotes_csv(cycles=3), encoding="utf-8")
    documents, needed = [], NEEDED.get(field, {})
    for arguments in (flags(**needed), flags(**needed, **{field: CHANGES[field]})):
        assert here(arguments, folder, monkeypatch) == 0
        documents.append(json.loads(capsys.readouterr().out))
    before, after = documents
    if field in WHERE_IT_SHOWS:
        figure = WHERE_IT_SHOWS[field]
        assert before["metrics"][figure] != after["metrics"][figure]
    else:
        assert before["config"][field] != after["config"][field]
