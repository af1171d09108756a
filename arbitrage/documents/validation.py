"""Validation errors in the words of the people who meet them.

pydantic finds what is wrong; this says it: one sentence per field, the field's name first.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

_SHOWN = 60  # characters of a refused value that a sentence shows

_WANTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "string_unicode": "valid Unicode text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a JSON object",
    "model_type": "a JSON object with the fields of a {model}",
    "model_attributes_type": "a JSON object with the fields of a {model}",
}


_BOUNDS = {"less_than_equal": ("at most", "le"), "greater_than_equal": ("at least", "ge")}


def refuse(sentence: str) -> NoReturn:
    """Refuse the value under validation, in exactly these words."""
    raise PydanticCustomError("arbtune", "{sentence}", {"sentence": sentence})


def in_our_words(
    error: ValidationError, model: type[BaseModel], *, whole: str = "the job", prefix: str = ""
) -> ValidationError:
    """The same findings at the same places, each with a sentence of ours.

    Args:
        error: What pydantic found.
        model: What was to be made.
        whole: What sentences call it.
        prefix: What sentences about its parts begin with.
    """
    return ValidationError.from_exception_data(
        model.__name__,
        [
            InitErrorDetails(
                type=PydanticCustomError(
                    found["type"],
                    "{sentence}",
                    {"sentence": _sentence(found, model, whole, prefix)},
                ),
                loc=found["loc"],
                input=found["input"],
            )
            for found in error.errors(include_url=False)
        ],
    )


def one_sentence(error: ValidationError) -> str:
    """All findings on one line."""
    return "; ".join(found["msg"] for found in error.errors(include_url=False))


def _sentence(found: ErrorDetails, model: type[BaseModel], whole: str, prefix: str) -> str:
    if "sentence" in found.get("ctx", {}):
        return found["msg"]  # of ours already
    name = ".".join(str(part) for part in found["loc"])
    return (prefix if name else "") + _finding(found, model, name or whole)


def _finding(found: ErrorDetails, model: type[BaseModel], name: str) -> str:
    kind = found["type"]
    if kind == "missing":
        return f"{name} must be specified"
    if kind == "extra_forbidden":
        return f"unknown field {shown(name)}{did_you_mean(name, model.model_fields)}"
    if kind == "finite_number":
        return f"{name} must be a finite number"
    if kind in _BOUNDS:
        wanted, bound = _BOUNDS[kind]
        return f"{name} must be {wanted} {found['ctx'][bound]:g}".replace("e+", "e")
    if kind in _WANTED:
        wanted = _WANTED[kind].format(model=model.__name__)
        return f"{name} must be {wanted}, not {shown(found['input'])}"
    return found["msg"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the known name that is close, if any."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean {close[0]}?" if close else ""


def json_kind(model: type[BaseModel], name: str) -> str:
    """The JSON type of a field that is not null, from the model's own schema."""
    schema = _properties(model)[name]
    kinds: list[str] = [option["type"] for option in schema.get("anyOf", [schema])]
    return next(kind for kind in kinds if kind != "null")


@cache
def _properties(model: type[BaseModel]) -> dict[str, Any]:
    """The schemas of its fields: a command that reads a spec asks for many, and soon."""
    properties: dict[str, Any] = model.model_json_schema()["properties"]
    return properties


def shown(value: Any) -> str:
    """A refused value as a sentence shows it: short, and without control characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an int of more digits than Python converts; great depth
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
