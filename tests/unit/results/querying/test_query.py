"""The first configs of sweeps, against plain Python; conditions that read rows alone."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.documents.figures import FIGURE_NAMES
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError, DataError
from arbitrage.results.querying.condition import condition
from arbitrage.results.querying.in_words import differences, spec_in_a_line
from arbitrage.results.querying.neighbours import middle_of, neighbours_of
from arbitrage.results.querying.query import NEIGHBOURS_MEDIAN, SORTABLE, SWEEP, Query, first_lines
from arbitrage.results.store import ranking
from arbitrage.results.store.folder import SweepFolder
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.results.store.ranking import CONFIGS
from arbitrage.results.store.rows import sweep_rows
from tests.helpers.inputs.examples import examples
from tests.helpers.inputs.sweeps import spec

GRIDS = (
    {"name": "min_spread_bps", "values": [0, 1, 2, 3]},
    {"name": "slippage_bps", "values": [2, 0, 1]},
)
TOTAL = 12


def kept(results_dir: Path, sweep_id: str, nets: list[float], trades: list[int]) -> KnownSweep:
    """A sweep with these figures; a negative net profit stands for a config that failed."""
    sweep = SweepSpec(**spec(*GRIDS, filters={"min_trades": 1}))
    folder = SweepFolder(results_dir, sweep_id)
    figures: dict[str, Any] = dict.fromkeys(FIGURE_NAMES, np.zeros(TOTAL, np.int64))
    figures |= {"net_pnl_usd": np.array(nets), "total_trades": np.array(trades)}
    figures["stopped_timestamp"] = [None] * TOTAL
    failed = {number: "it failed" for number, net in enumerate(nets) if net < 0}
    with folder.exclusively():
        folder.describe(sweep, "0" * 64, "2")
        folder.write_part(sweep_rows(sweep, 0, TOTAL, figures, failed))
    return sweep_named(sweep_id, results_dir)


def rows_of(known: KnownSweep, neighbours: str) -> list[dict[str, Any]]:
    """Its rows, each with its sweep and the median of a figure over its neighbours."""
    rows = known.folder.rows(TOTAL).collect().to_dicts()
    beside = neighbours_of(known.spec, np.arange(TOTAL)).tolist()
    for row, numbers in zip(rows, beside, strict=True):
        values = [rows[number][neighbours] for number in numbers if number >= 0]
        there = [value for value in values if value is not None]
        row[NEIGHBOURS_MEDIAN] = statistics.median(there) if there else None
        row[SWEEP] = known.sweep_id
    return rows


def naive_lines(sweeps: list[KnownSweep], query: Query) -> list[tuple[str, int, int]]:
    """Sweep, config number and number of configs of each line."""
    specs = {known.sweep_id: known.spec for known in sweeps}
    rows = [row for known in sweeps for row in rows_of(known, query.neighbours or "net_pnl_usd")]
    rows = [
        row
        for row in rows
        if row[query.sort] is not None
        and (query.sort != NEIGHBOURS_MEDIAN or row[query.neighbours or ""] is not None)
        and ((row["total_trades"] or 0) >= 1 if query.where is None else row["slippage_bps"] < 2)
    ]
    sign = -1 if query.descending else 1
    rows.sort(key=lambda row: (sign * row[query.sort], row["config_number"], row[SWEEP]))
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        key = tuple(row[name] for name in (SWEEP, *FIGURE_NAMES, query.sort, *query.by))
        groups.setdefault(key, []).append(row)
    firsts: dict[Any, list[dict[str, Any]]] = {}
    for key, group in groups.items():
        value = tuple(group[0][name] for name in query.by) if query.by else key
        firsts.setdefault(value, group)
    lines = []
    for group in [*firsts.values()][: query.top]:
        numbers = sorted(row["config_number"] for row in group)
        sweep_id = group[0][SWEEP]
        lines.append((sweep_id, middle_of(specs[sweep_id], np.array(numbers)), len(numbers)))
    return lines


NETS = st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.0]), min_size=TOTAL, max_size=TOTAL)
TRADES = st.lists(st.integers(0, 2), min_size=TOTAL, max_size=TOTAL)
QUERIES = st.builds(
    Query,
    sort=st.sampled_from(
        ["net_pnl_usd", "total_trades", "config_number", "slippage_bps", NEIGHBOURS_MEDIAN]
    ),
    descending=st.booleans(),
    top=st.integers(0, 13),
    where=st.sampled_from([None, "slippage_bps < 2"]),
    by=st.sets(st.sampled_from([SWEEP, "slippage_bps", "net_pnl_usd", "tag"]), max_size=2).map(
        tuple
    ),
    neighbours=st.sampled_from(["net_pnl_usd", "total_trades"]),
)


@given(st.lists(st.tuples(NETS, TRADES), min_size=1, max_size=2), QUERIES)
@examples(20)
def test_lines_are_those_of_plain_python(
    tmp_path_factory: pytest.TempPathFactory,
    figures: list[tuple[list[float], list[int]]],
    query: Query,
) -> None:
    place = tmp_path_factory.mktemp("results")
    sweeps = [kept(place, f"id{at}", *one) for at, one in enumerate(figures)]

    found = first_lines(sweeps, query)

    assert [(line[SWEEP], line["config_number"], line[CONFIGS]) for line in found] == naive_lines(
        sweeps, query
    )
    medians = {
        (row[SWEEP], row["config_number"]): row[NEIGHBOURS_MEDIAN]
        for known in sweeps
        for row in rows_of(known, query.neighbours or "")
    }
    for line in found:
        assert line[NEIGHBOURS_MEDIAN] == medians[line[SWEEP], line["config_number"]]


def test_lines_are_the_same_however_few_rows_are_looked_at_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = kept(tmp_path, "id", [1.0, 2.0] * 6, [1, 1, 2, 2] * 3)
    query = Query("net_pnl_usd")
    expected = first_lines([known], query)
    monkeypatch.setattr(ranking, "_AHEAD", 2)

    assert first_lines([known], query) == expected
    assert [line[CONFIGS] for line in expected] == [3, 3, 3, 3]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text("config_number\n0\n1\n")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "config_number IN (SELECT config_number FROM read_csv('{secret}'))",
        "config_number IN (\u017felect config_number from read_csv('{secret}'))",
        "EXISTS (SELECT 1 FROM read_csv('{secret}'))",
        "config_number IN (TABLE read_csv('{secret}'))",
        "config_number IN (\u017felect 1)",
        "config_number IN (VALUES (1))",
        "config_number IN (WITH a AS (SELECT 1) SELECT * FROM a)",
        "tag = E'\\'' OR config_number IN (SELECT 1) OR tag = 'x'",
        "config_number = 0 /* ' */ OR config_number IN (SELECT 1) /* ' */",
        "config_number = 1; SELECT 1",
    ],
)
def test_a_query_in_a_condition_is_refused_before_it_is_read(text: str, secret: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--where looks at the columns of rows alone: it takes"):
        condition(text.format(secret=secret))


@pytest.mark.parametrize(
    "text",
    [
        "config_number = read_csv('{secret}')",
        "read_csv('{secret}')",
        "__import__('os').system('true')",
        "getenv('HOME') = tag",
    ],
)
def test_a_condition_has_no_functions_that_read(text: str, secret: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--where is not a condition"):
        condition(text.format(secret=secret))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("net_pnl > 0", "rows have no column 'net_pnl': did you mean net_pnl_usd"),
        ('tag = "mine"', "rows have no column 'mine'; text stands between 'single quotes'"),
        ("net_pnl_usd >", "is not a condition over the columns of rows: unable to parse"),
        ("net_pnl_usd", "is not a condition .* must be of type `Boolean`"),
        ("net_pnl_usd > 'x'", "is not a condition .* cannot compare"),
        ("", "is not a condition"),
    ],
)
def test_what_is_not_a_condition_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"^--where:? {sentence}") as refusal:
        condition(text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("slippage_bps BETWEEN 1 AND 2 AND NOT min_spread_bps = 0", 6),
        ("slippage_bps IN (0, 2) OR tag IS NOT NULL", 8),
        ("net_pnl_usd > AVG(net_pnl_usd)", 4),
        ("tag LIKE 'a%'", 0),
        ("CASE WHEN slippage_bps > 1 THEN TRUE ELSE FALSE END", 4),
        ("TRUE", 12),
    ],
)
def test_conditions_are_those_of_sql(text: str, count: int, tmp_path: Path) -> None:
    known = kept(tmp_path, "id", [1.0, 1.0, 4.0] * 4, [0] * 12)

    found = first_lines([known], Query("config_number", where=text, top=20))

    assert sum(line[CONFIGS] for line in found) == count


def test_a_condition_that_fails_on_a_row_is_named(tmp_path: Path) -> None:
    known = kept(tmp_path, "id", [1.0] * 12, [0] * 12)
    with pytest.raises(ConfigError, match=r"^--where is not a condition .* conversion from"):
        first_lines([known], Query("net_pnl_usd", where="CAST(data_file AS int) > 1"))


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    known = kept(tmp_path, "id", [1.0] * 12, [1] * 12)
    [part] = known.folder.path.glob("*.parquet")
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(DataError, match=f"^the results in {part} cannot be read: delete the file"):
        first_lines([known], Query("net_pnl_usd", where="TRUE"))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"sort": "net_pnl"}, "--sort: no such column: 'net_pnl': did you mean net_pnl_usd?"),
        ({"sort": "tag"}, "--sort: no such column: 'tag'"),
        ({"by": ("slipage_bps",)}, "--by: no such column: 'slipage_bps': did you mean slippage_"),
        ({"neighbours": "x"}, "--neighbours: no such column: 'x'"),
        ({"sort": NEIGHBOURS_MEDIAN}, "--sort neighbours_median needs --neighbours FIGURE"),
    ],
)
def test_a_wrong_column_names_the_nearest(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"^{sentence}"):
        Query(**{"sort": "net_pnl_usd", **asked})


def test_every_figure_can_be_sorted_by() -> None:
    assert set(FIGURE_NAMES) - set(SORTABLE) == {"stopped_timestamp"}


def test_a_spec_is_told_in_a_line() -> None:
    grids = ({"name": "min_spread_bps", "start": 0, "stop": 80, "step": 5}, GRIDS[1])
    line = "min_spread_bps 0 to 80 (17 values); slippage_bps 2, 0, 1"
    assert spec_in_a_line(SweepSpec(**spec(*grids))) == line
    drawn = SweepSpec(**spec(*grids, sample={"n": 9, "seed": 1}))
    assert spec_in_a_line(drawn) == f"{line}; 9 of 51 combinations"
    assert spec_in_a_line(SweepSpec(**spec())) == "one config"


def test_sweeps_are_told_apart_by_what_differs(tmp_path: Path) -> None:
    sweeps = []
    several: list[dict[str, Any]] = [{"latency_a_ms": 50}, {"sample": {"n": 3, "seed": 1}}]
    for at, fields in enumerate(several):
        folder = SweepFolder(tmp_path, f"id{at}")
        with folder.exclusively():
            folder.describe(SweepSpec(**spec(*GRIDS, **fields)), str(at) * 64, "2")
        sweeps.append(sweep_named(f"id{at}", tmp_path))

    assert differences(sweeps) == [
        {"latency_a_ms": "50", "sample": "all", "digest of the data": "00000000"},
        {
            "latency_a_ms": "0",
            "sample": "3 of 12 combinations",
            "digest of the data": "11111111",
        },
    ]
