"""The text of a sweep spec, YAML or JSON, as plain data.

YAML is read by the rules of YAML 1.2, which are those of JSON: `1e3` is a number; `yes`, `010`,
`1_000`, `1:30` and `2024-01-01` are text, which a field that wants a number refuses by name. What
plain data has no use for is refused: aliases (a few lines of them unfold into gigabytes), tags, and
a key that stands twice.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from arbitrage.errors import ConfigError

MAX_SPEC_BYTES = 64 * 1024

_TAG = "tag:yaml.org,2002:"
_INT = r"[-+]?(?:0|[1-9][0-9]*)"
_FLOAT = r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_NOT_FINITE = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_SCALARS = {  # what a plain scalar is: the pattern, and the characters it may begin with
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (_INT, list("-+0123456789")),
    "float": (f"{_FLOAT}|{_NOT_FINITE}", list("-+.0123456789")),
}
_PLAIN = (*_SCALARS, "str", "seq", "map")


class _PlainLoader(yaml.SafeLoader):
    """YAML that is plain data."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            raise ConfigError(f"aliases (*{event.anchor}) are not allowed, {_place(event)}")
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if (tag := getattr(event, "tag", None)) is not None:
            shorthand = tag.replace(_TAG, "!!", 1)
            raise ConfigError(f"tags ({shorthand}) are not allowed, {_place(event)}")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        pairs = [(self.construct_object(key, deep=True), key) for key, _ in node.value]
        seen: set[str] = set()
        for name, key in pairs:
            if not isinstance(name, str):
                raise ConfigError(f"a field's name must be text, not {name!r}, {_place(key)}")
            if name in seen:
                raise ConfigError(f"{name} stands twice, {_place(key)}")
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


# PyYAML keeps these in the class; set anew, they are no longer those of its other loaders.
_PlainLoader.yaml_implicit_resolvers = {}
_PlainLoader.yaml_constructors = {
    f"{_TAG}{kind}": yaml.SafeLoader.yaml_constructors[f"{_TAG}{kind}"] for kind in _PLAIN
}
for _kind, (_pattern, _starts) in _SCALARS.items():
    _PlainLoader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"^(?:{_pattern})$"), _starts)


def read_spec_file(path: Path) -> str:
    """The text of a spec file.

    Raises:
        ConfigError: It cannot be read, is too large, or is not UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SPEC_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the sweep spec: {error.strerror}") from error
    except ValueError as error:  # a NUL in the path
        raise ConfigError(f"this is not the path of a sweep spec: {error}") from error
    if len(content) > MAX_SPEC_BYTES:
        raise too_large()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError("the sweep spec is not UTF-8 text") from None


def too_large() -> ConfigError:
    """The error of a spec of too many bytes."""
    return ConfigError(f"a sweep spec is at most {MAX_SPEC_BYTES:,} bytes: make long lists ranges")


def parse_spec_text(text: str) -> Any:
    """Plain data from YAML or JSON.

    Raises:
        ConfigError: The text is neither; the sentence says where.
    """
    if len(text) > MAX_SPEC_BYTES:
        raise too_large()
    try:
        return _parsed(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"the sweep spec is not YAML or JSON: {_problem(error)}") from error
    except RecursionError:
        raise ConfigError("the sweep spec is nested too deeply") from None
    except OverflowError as error:
        raise ConfigError(f"the sweep spec holds a number out of range: {error}") from error
    except ValueError as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError("the sweep spec holds a number of too many digits") from error


def _parsed(text: str) -> Any:
    # JSON is YAML but for some escapes, so what begins like JSON is tried as JSON first.
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=_without_doubles)
        except json.JSONDecodeError:
            pass
    return yaml.load(text, _PlainLoader)  # noqa: S506 - a SafeLoader, cut down further


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ConfigError(f"{name} stands twice in one JSON object")
        found[name] = value
    return found


def _place(thing: Any) -> str:
    return f"line {thing.start_mark.line + 1}"


def _problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = " ".join(str(getattr(error, "problem", None) or error).split())
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else problem
