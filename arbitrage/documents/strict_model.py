"""What all documents from outside have in common: strict types, and messages in our words.

Strict are the types of JSON; what Python has beside them for the same things is taken for them.
"""

from __future__ import annotations

import math
import os
from decimal import Decimal
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from arbitrage.documents.validation import in_our_words


class StrictModel(BaseModel):
    """Frozen and strict: refuses a number that is given as text, and an unknown field."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_in_our_words(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(data, dict):
            data = {name: in_types_of_json(value) for name, value in data.items()}
        try:
            return handler(data)
        except ValidationError as error:
            raise in_our_words(error, cls, **cls._message_names(data)) from None

    @classmethod
    def _message_names(cls, _: Any, /) -> dict[str, str]:
        """What messages call this object and its fields: arguments of `in_our_words`."""
        return {}


_DIGITS = 20  # of the largest whole number that any field takes
_TYPES_OF_JSON = (str, float, int, bool, type(None), dict)


def in_types_of_json(value: Any) -> Any:
    """NumPy's numbers, arrays and series, a `Decimal` and a path, as JSON has them.

    An object is not looked into: it is a document of its own, or the user's.
    """
    if type(value) in _TYPES_OF_JSON:
        return value
    for name in ("tolist", "to_list"):  # NumPy's and pandas's, polars's
        if hasattr(value, name):
            value = getattr(value, name)()
    if isinstance(value, (list, tuple)):
        return type(value)(map(in_types_of_json, value))
    if isinstance(value, Decimal):
        return _number(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _number(value: Decimal) -> float:
    if not value.is_finite():
        return math.nan  # which no field takes
    is_short = value.adjusted() < _DIGITS  # 1E+999999 has a million digits as an int
    return int(value) if is_short and value == int(value) else float(value)


def names_of_part(title: str) -> dict[str, str]:
    """`_message_names` of a part of a document: each sentence about it begins with its title."""
    return {"whole": title, "prefix": f"{title}: "}
