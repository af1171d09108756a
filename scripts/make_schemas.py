"""Writes the JSON Schemas of what goes in and out, from the models: `docs/schemas/*.json`."""

from __future__ import annotations

import json
import typing
from pathlib import Path
from typing import Any, NotRequired

from pydantic import BaseModel, ConfigDict, create_model

from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.documents.job_metrics import TuningMetrics
from arbitrage.documents.result import (
    DOCUMENT_VERSION,
    ErrorDocument,
    ErrorRecord,
    StatusDocument,
    SuccessDocument,
)
from arbitrage.documents.spec.sweep_spec import RANKABLE_FIGURES, SweepSpec

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

# What pydantic leaves as it is where a validator of ours stands before a bound.
_BOUNDS = {"ge": "minimum", "le": "maximum"}


def schemas() -> dict[str, dict[str, Any]]:
    """Each schema by the name of its file."""
    return {
        "config": _whole(TuningConfig, "The parameters of one job, one line of a jobs file."),
        "metrics": _whole(TuningMetrics, "The figures of one job, the result of its task."),
        "result": _result(),
        "sweep": _sweep(),
    }


def text_of(schema: dict[str, Any]) -> str:
    """A schema as its file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _whole(model: type[BaseModel], description: str) -> dict[str, Any]:
    schema = _cleaned(model.model_json_schema(mode="validation"))
    return {"$schema": DIALECT, **schema, "description": description}


def _result() -> dict[str, Any]:
    """The result document: one of three, which `status` tells apart."""
    model = create_model(
        "ResultDocument",
        success=_model_of(SuccessDocument, metrics=TuningMetrics, config=TuningConfig | None),
        error=_model_of(ErrorDocument, error=_model_of(ErrorRecord), config=TuningConfig | None),
        status=_model_of(StatusDocument, config=TuningConfig | None),
    )
    schema = _cleaned(model.model_json_schema(mode="serialization"))
    others = ["cancelled", "queued", "running", "unknown"]
    schema["$defs"]["StatusDocument"]["properties"]["status"] = {"enum": others}
    schema["$defs"]["ErrorDocument"]["properties"]["config"] = {}  # what was refused is no config
    schema["$defs"]["StatusDocument"]["properties"]["config"] = {}
    del schema["$defs"]["ErrorRecord"]["properties"]["attempts"]["default"]
    for name in ("SuccessDocument", "ErrorDocument", "StatusDocument"):
        schema["$defs"][name]["properties"]["version"] = {"const": DOCUMENT_VERSION}
    return {
        "$schema": DIALECT,
        "title": "ResultDocument",
        "description": "What a job leaves behind, from the command line and from the queue alike.",
        "oneOf": [
            {"$ref": f"#/$defs/{name}"}
            for name in ("SuccessDocument", "ErrorDocument", "StatusDocument")
        ],
        "$defs": schema["$defs"],
    }


def _model_of(document: type, **types: Any) -> Any:
    """A model with the fields of a typed dictionary, some of other types."""
    hints = typing.get_type_hints(document, include_extras=True)
    fields: dict[str, Any] = {}
    for name, hint in hints.items():
        is_optional = typing.get_origin(hint) is NotRequired
        kind = typing.get_args(hint)[0] if is_optional else hint
        fields[name] = (types.get(name, kind), None if is_optional else ...)
    return create_model(document.__name__, __config__=ConfigDict(extra="allow"), **fields)


def _sweep() -> dict[str, Any]:
    """A sweep spec: its own fields, and those of a config, of which each may be a grid instead."""
    spec = _cleaned(SweepSpec.model_json_schema(mode="validation"))
    config = _cleaned(TuningConfig.model_json_schema(mode="validation"))
    fields = ("data_file", *NUMERIC_FIELDS, "extra")
    spec["properties"]["rank_by"]["enum"] = list(RANKABLE_FIGURES)
    spec["$defs"]["Grid"]["properties"]["name"]["enum"] = list(NUMERIC_FIELDS)
    return {
        "$schema": DIALECT,
        **spec,
        "description": "Many configs over one data file; a field stands here or in a grid.",
        "properties": {name: config["properties"][name] for name in fields} | spec["properties"],
        "required": ["data_file"],
        "additionalProperties": False,
    }


def _cleaned(schema: Any) -> Any:
    """The schema with the bounds by their names, without generated titles and our docstrings."""
    if isinstance(schema, list):
        return [_cleaned(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    is_object = schema.get("type") == "object" and "properties" in schema
    left_out = {"description"} if is_object else {"title"} if "properties" not in schema else set()
    return {_BOUNDS.get(k, k): _cleaned(v) for k, v in schema.items() if k not in left_out}


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / f"{name}.json").write_text(text_of(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
