"""Validation errors in the words of the people who meet them.

pydantic finds what is wrong; this says it: one sentence per field, the field's name first.
"""

from __future__ import annotations

import difflib
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
    "dict_type": "a JSON object",
    "model_type": "a JSON object with the fields of a TuningConfig",
    "model_attributes_type": "a JSON object with the fields of a TuningConfig",
}


def refuse(sentence: str) -> NoReturn:
    """Refuse the value under validation, in exactly these words."""
    raise PydanticCustomError("arbtune", "{sentence}", {"sentence": sentence})


def in_our_words(error: ValidationError, model: type[BaseModel]) -> ValidationError:
    """The same findings at the same places, each as a sentence of ours."""
    return ValidationError.from_exception_data(
        model.__name__,
        [
            InitErrorDetails(
                type=PydanticCustomError(
                    found["type"], "{sentence}", {"sentence": _sentence(found, model)}
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


def _sentence(found: ErrorDetails, model: type[BaseModel]) -> str:
    name = ".".join(str(part) for part in found["loc"]) or "the job"
    kind = found["type"]
    if kind == "missing":
        return f"{name} must be specified"
    if kind == "extra_forbidden":
        return f"unknown field {shown(name)}{_did_you_mean(name, model)}"
    if kind == "finite_number":
        return f"{name} must be a finite number"
    if kind == "less_than_equal":
        return f"{name} must be at most {found['ctx']['le']:g}".replace("e+", "e")
    if kind in _WANTED:
        return f"{name} must be {_WANTED[kind]}, not {shown(found['input'])}"
    return found["msg"]


def _did_you_mean(name: str, model: type[BaseModel]) -> str:
    close = difflib.get_close_matches(name, model.model_fields, n=1)
    return f": did you mean {close[0]}?" if close else ""


def shown(value: Any) -> str:
    """A refused value, short enough for a sentence and with nothing in it that a terminal obeys."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an int of more digits than Python converts; great depth
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
