"""`TuningConfig` as command-line flags: the model's own fields, so that there is no second list."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from arbitrage.documents.config import TuningConfig, parse_config
from arbitrage.documents.validation import json_kind
from arbitrage.shell.numbers import number, whole_number

if TYPE_CHECKING:
    import argparse

    from pydantic.fields import FieldInfo


_PARSERS: dict[str, Callable[[str], Any]] = {
    "number": number,
    "integer": whole_number,
    "object": json.loads,
}


def add_config_flags(parser: argparse.ArgumentParser) -> None:
    """Add one flag per field of `TuningConfig`; none is required here, the model says what is."""
    group = parser.add_argument_group("the parameters of the job")
    for name, field in TuningConfig.model_fields.items():
        group.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            metavar=_metavar(name),
            help=_help(field),
        )


def config_from_flags(arguments: argparse.Namespace) -> TuningConfig:
    """The config that the flags describe.

    Raises:
        ConfigError: One sentence that names every flag's field that is wrong.
    """
    given = {name: getattr(arguments, name) for name in TuningConfig.model_fields}
    return parse_config(
        {name: _value(name, text) for name, text in given.items() if text is not None}
    )


def fill_flags(arguments: argparse.Namespace, config: Mapping[str, Any]) -> None:
    """Put the fields of a config where no flag was given."""
    for name in TuningConfig.model_fields:
        if getattr(arguments, name) is None and config.get(name) is not None:
            setattr(arguments, name, _text(config[name]))


def has_config_flags(arguments: argparse.Namespace) -> bool:
    """Whether any of the flags was given."""
    return any(getattr(arguments, name) is not None for name in TuningConfig.model_fields)


def _kind(name: str) -> str:
    return json_kind(TuningConfig, name)


def _value(name: str, text: str) -> Any:
    """The text as the field's type; what does not parse stays text, and the model refuses it."""
    try:
        return _PARSERS.get(_kind(name), str)(text)
    except (ValueError, RecursionError):
        return text


def _text(value: Any) -> str:
    """A value as a flag would have it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _metavar(name: str) -> str:
    return {"number": "X", "integer": "N", "object": "JSON"}.get(
        _kind(name), "PATH" if name.endswith("_file") else "TEXT"
    )


def _help(field: FieldInfo) -> str:
    text = (field.description or "").replace("%", "%%")
    if field.is_required():
        return f"{text} (required)"
    return text if field.default is None else f"{text} (default: {field.default:g})"
