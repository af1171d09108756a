"""Whatever finite numbers a job is given, its figures are finite or null, and it ends in order."""

from __future__ import annotations

import io
import json
import math
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.config import MAX_NUMBER, MIN_BALANCE_USD, NUMERIC_FIELDS, parse_config
from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.errors import ConfigError
from arbitrage.sweep import SweepSpec, run_sweep
from scripts.run_arbitrage_tuning import main
from tests.conftest import HEADER
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.strategies import LARGEST_PRICE, SMALLEST_PRICE
from worker.running.jobs.chunk_figures import unpacked
from worker.running.jobs.chunk_job import replay_chunk
from worker.running.jobs.chunks import Chunk, of_spec
from worker.settings import Settings

LEAST, MOST = 5e-324, 1.7976931348623157e308
ENDS = st.sampled_from([0.0, LEAST, 1e-310, MIN_BALANCE_USD, 1.0, MAX_NUMBER, MOST, -MOST])
NUMBER = ENDS | st.floats(allow_nan=False, allow_infinity=False)
SLOTS = st.sampled_from([1, 2, 3, 10**15, 10**400])
CONFIGS = st.fixed_dictionaries(
    {name: SLOTS if name == "max_open_trades" else NUMBER for name in NUMERIC_FIELDS}
)
"""The numbers of a config, which takes only some of them."""

GOOD_CONFIGS = st.fixed_dictionaries(
    {
        **{
            name: st.sampled_from([0.0, LEAST, 1.0, MAX_NUMBER]) | st.floats(0, MAX_NUMBER)
            for name in NUMERIC_FIELDS
            if name.endswith("_bps")
        },
        "max_position_usd": st.sampled_from([LEAST, MIN_BALANCE_USD, MAX_NUMBER]),
        "max_open_trades": st.sampled_from([1, 2, 3, int(MAX_NUMBER)]),
        "initial_balance_usd": st.sampled_from([MIN_BALANCE_USD, 1.0, MAX_NUMBER]),
        "stop_on_drawdown_pct": st.sampled_from([None, LEAST, 100.0]),
    }
)

_LOW, _HIGH = SMALLEST_PRICE, LARGEST_PRICE
_BOOKS = [
    (_LOW, math.nextafter(_LOW, 1)),
    (math.nextafter(_HIGH, 0), _HIGH),
    (_LOW, _HIGH),
    (1.0, 1.5),
]
ROWS = st.lists(st.tuples(st.sampled_from(_BOOKS), st.sampled_from(_BOOKS)), min_size=1)


def write_rows(path: Path, rows: list[Any]) -> Path:
    lines = (f"{s},{a[0]!r},{a[1]!r},{b[0]!r},{b[1]!r}\n" for s, (a, b) in enumerate(rows))
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("extremes") / "quotes.csv"


def no_json(text: str) -> NoReturn:
    pytest.fail(f"{text} is not JSON")


def run_by_command(path: Path, numbers: dict[str, Any]) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one job."""
    given_flags = {name: value for name, value in numbers.items() if value is not None}
    flags = [f"--{name.replace('_', '-')}={value!r}" for name, value in given_flags.items()]
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        status = main([f"--data-file={path}", *flags])
    return status, out.getvalue(), err.getvalue()


def refusal_of(config: dict[str, Any]) -> str | None:
    """In which words a config is refused, if it is."""
    try:
        parse_config(config)
    except ConfigError as error:
        return str(error)
    return None


@examples(12)
@given(CONFIGS, ROWS)
def test_a_command_succeeds_or_refuses_in_a_sentence(
    data: Path, numbers: dict[str, Any], rows: list[Any]
) -> None:
    write_rows(data, rows)
    status, out, err = run_by_command(data, numbers)
    if sentence := refusal_of({"data_file": str(data), **numbers}):
        assert (status, out, err) == (1, "", f"arbtune: {sentence}\n")
        return
    assert (status, err) == (0, "")
    assert json.loads(out, parse_constant=no_json)["status"] == "success"


def check(frame: pl.DataFrame) -> None:
    for name in FIGURE_NAMES:
        if frame[name].dtype == pl.Float64:
            assert frame[name].is_finite().all(), (name, frame[name])


@examples(8)
@given(GOOD_CONFIGS, ROWS)
def test_every_road_has_finite_figures(
    data: Path, numbers: dict[str, Any], rows: list[Any]
) -> None:
    """The command, a sweep in this process and a chunk in a worker."""
    write_rows(data, rows)
    status, out, _ = run_by_command(data, numbers)
    metrics = json.loads(out, parse_constant=no_json)["metrics"]
    assert status == 0
    assert all(
        math.isfinite(metrics[name]) for name in FIGURE_NAMES if type(metrics[name]) is float
    )
    positions = {"name": "max_position_usd", "values": [LEAST, 1.0, MAX_NUMBER]}
    fixed = {name: value for name, value in numbers.items() if name != positions["name"]}
    spec = SweepSpec(**{"data_file": data.name, **fixed, "grids": [positions]})
    chunk = Chunk(
        spec=of_spec(spec), start=0, stop=3, data_sha256=None, engine_version=ENGINE_VERSION
    )
    result = replay_chunk(chunk, Settings(data_root=data.parent))
    check(pl.DataFrame(unpacked(result["figures"])))
    check(run_sweep(SweepSpec(**{"data_file": str(data), **fixed, "grids": [positions]})))


@pytest.mark.parametrize("balance", [LEAST, 1e-310, math.nextafter(MIN_BALANCE_USD, 0)])
def test_a_balance_of_which_a_loss_is_not_a_percentage_is_refused(
    data: Path, balance: float
) -> None:
    numbers = dict.fromkeys(NUMERIC_FIELDS, 1.0) | {
        "max_open_trades": 1,
        "initial_balance_usd": balance,
    }
    status, _, err = run_by_command(write_rows(data, []), numbers)
    assert (status, err) == (1, "arbtune: initial_balance_usd must be at least 1e-15\n")
    assert refusal_of({"data_file": "-", **numbers, "initial_balance_usd": MIN_BALANCE_USD}) is None
