"""The parts of a spec that are objects: `Sample`, and `Filters`, the limits of the ranking."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from arbitrage.documents.spec.axes import MAX_VALUES
from arbitrage.documents.spec.grids import WholeNumber
from arbitrage.documents.strict_model import StrictModel, names_of_part

MAX_SEED = 2**64 - 1


class _SpecObject(StrictModel):
    """A part of the spec that is an object of its own."""

    @classmethod
    def _message_names(cls, _: Any, /) -> dict[str, str]:
        return names_of_part(cls.__name__.lower())


class Sample(_SpecObject):
    """`n` different combinations instead of all of them."""

    n: Annotated[WholeNumber, Field(ge=1, le=MAX_VALUES)]
    seed: Annotated[WholeNumber, Field(ge=0, le=MAX_SEED)] = 0


class Filters(_SpecObject):
    """The limits of the ranking: the largest drawdown and the smallest number of trades."""

    max_drawdown_pct: Annotated[float, Field(ge=0)] | None = None
    min_trades: Annotated[WholeNumber, Field(ge=0)] | None = None
