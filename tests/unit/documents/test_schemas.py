"""The JSON Schemas are those of the models, and say of a document what the models say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from arbitrage.documents.config import NUMERIC_FIELDS, parse_config
from arbitrage.documents.result import error_document, record_of, status_document, success_document
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError
from scripts.make_schemas import FOLDER, schemas, text_of
from tests.conftest import JOB
from tests.helpers.inputs.sweeps import spec

ROOT = Path(__file__).resolve().parents[3]
VALUES: tuple[Any, ...] = (
    None,
    -1,
    -1e-300,
    0,
    1e-300,
    0.5,
    1,
    2,
    100,
    100.5,
    10**15,
    10**16,
    "1",
    True,
    [1],
    {},
)


@cache
def validator(name: str) -> Any:
    return Draft202012Validator(schemas()[name])


def accepts(name: str, document: Any) -> bool:
    return bool(validator(name).is_valid(document))


def taken(config: dict[str, Any]) -> bool:
    try:
        parse_config(config)
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("name", schemas())
def test_the_files_are_those_of_the_models(name: str) -> None:
    """`python -m scripts.make_schemas` writes them anew."""
    Draft202012Validator.check_schema(schemas()[name])
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == text_of(schemas()[name])


@pytest.mark.parametrize("field", [*NUMERIC_FIELDS, "tag", "data_file"])
def test_a_config_is_taken_by_both_or_by_neither(field: str) -> None:
    for value in VALUES:
        config = {**JOB, field: value}
        assert accepts("config", config) == taken(config), (field, value)


def test_a_config_has_no_other_fields_and_all_that_it_needs() -> None:
    assert not accepts("config", {**JOB, "min_spred_bps": 1})
    for field in JOB:
        assert not accepts("config", {name: JOB[name] for name in JOB if name != field})


def test_result_documents_of_every_kind() -> None:
    metrics: dict[str, Any] = dict.fromkeys(schemas()["metrics"]["required"], 1)
    record = record_of("DataError", "a sentence", is_retryable=False, attempts=1)
    good = (
        success_document(parse_config(JOB).model_dump(mode="json"), metrics),
        success_document(None, metrics),
        error_document(JOB, record),
        error_document({"not": "a config"}, record),
        *(status_document(state, None) for state in ("queued", "running", "cancelled", "unknown")),
    )
    for document in good:
        assert accepts("result", document), document
        assert not accepts("result", {**document, "version": 2})
        assert not accepts("result", {**document, "status": "done"})
    assert not accepts("result", {**error_document(None, record), "error": "a text"})


def test_specs_of_sweeps() -> None:
    sample = yaml.safe_load((ROOT / "data" / "sweep.yaml").read_text(encoding="utf-8"))
    grid = {"name": "min_spread_bps", "values": [1, 2]}
    for good in (sample, spec(grid), spec(grid, sample={"n": 2}, filters={"min_trades": 1})):
        SweepSpec(**good)
        assert accepts("sweep", json.loads(json.dumps(good)))
    for bad in (
        spec(grid, max_job=1),
        spec(grid, rank_by="profit"),
        spec({"name": "spread", "values": [1]}),
        spec(grid, sample={"n": 0}),
        spec(grid, slippage_bps=-1),
    ):
        with pytest.raises(ValueError, match=r"\S"):
            SweepSpec(**bad)
        assert not accepts("sweep", bad)
