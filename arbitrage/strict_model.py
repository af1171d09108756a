"""What all documents from outside have in common: strict types, and complaints in our words."""

from __future__ import annotations

from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from arbitrage.validation import in_our_words


class StrictModel(BaseModel):
    """Frozen and strict: a number given as text is refused, and so is an unknown field."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_in_our_words(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise in_our_words(error, cls, **cls._called(data)) from None

    @classmethod
    def _called(cls, _: Any, /) -> dict[str, str]:
        """What sentences call what was made of these data, as `in_our_words` takes it."""
        return {}


def as_part(title: str) -> dict[str, str]:
    """What sentences call a part of a document: each begins with it."""
    return {"whole": title, "prefix": f"{title}: "}
