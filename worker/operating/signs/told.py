"""What somebody has told of themselves in Redis, as JSON, read back."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Told = TypeVar("Told", bound="DataclassInstance")


def read_back(kind: type[Told], value: bytes) -> Told | None:
    """What we know of the fields, a newer program may say more; None for nothing of this kind."""
    known = {field.name for field in fields(kind)}
    try:
        said = json.loads(value)
        return kind(**{name: said[name] for name in known & said.keys()})
    except (ValueError, TypeError, AttributeError):
        return None
