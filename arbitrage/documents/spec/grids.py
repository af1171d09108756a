"""One varying field of a sweep as the spec says it, checked against the config's own field."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BeforeValidator, ValidationError, model_validator

from arbitrage.documents.config import NUMERIC_FIELDS, TuningConfig
from arbitrage.documents.json_text import compact_json
from arbitrage.documents.spec.axes import Axis, ListAxis, RangeAxis
from arbitrage.documents.strict_model import StrictModel, names_of_part
from arbitrage.documents.validation import did_you_mean, json_kind, one_sentence, refuse, shown
from arbitrage.errors import ConfigError

INTEGER_FIELDS = frozenset(
    name for name in NUMERIC_FIELDS if json_kind(TuningConfig, name) == "integer"
)

# A config in which any one value can be tried, whatever else stands in the spec.
_PROBE = {"data_file": "-", **dict.fromkeys(NUMERIC_FIELDS, 1)}


def whole(value: Any) -> Any:
    """A number without a fraction as an int; its field refuses anything else."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def exact(value: float | None) -> str:
    """A value as a spec has it, with enough digits to read the same value back."""
    return json.dumps(whole(value))


WholeNumber = Annotated[int, BeforeValidator(whole)]


def _listed(value: Any) -> Any:
    """A list of what Python users give instead of one: a tuple, a range."""
    return list(value) if isinstance(value, (tuple, range)) else value


class Grid(StrictModel):
    """`values`, or a range: `start` and `stop`, and either `num` or `step`."""

    name: str
    values: Annotated[list[Any], BeforeValidator(_listed)] | None = None
    start: float | None = None
    stop: float | None = None
    num: WholeNumber | None = None
    step: float | None = None

    @classmethod
    def _message_names(cls, data: Any, /) -> dict[str, str]:
        name = data.get("name") if isinstance(data, dict) else None
        return names_of_part(f"grid {name}" if isinstance(name, str) else "a grid")

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            self._check_name()
            _ = self.axis
        except ConfigError as error:
            refuse(f"grid {self.name}: {error}")
        return self

    def _check_name(self) -> None:
        if self.name not in TuningConfig.model_fields:
            raise ConfigError(f"no field has this name{did_you_mean(self.name, NUMERIC_FIELDS)}")
        if self.name not in NUMERIC_FIELDS:
            raise ConfigError(f"only numbers vary: {', '.join(NUMERIC_FIELDS)}")

    @cached_property
    def axis(self) -> Axis:
        """The values by their index.

        Raises:
            ConfigError: The parts make no grid, or the field does not take one of the values.
        """
        return self._range_axis() if self.values is None else self._list_axis(self.values)

    def _list_axis(self, values: list[Any]) -> ListAxis:
        if self.parts.keys() > {"values"}:
            raise ConfigError("values stand alone, without start, stop, num or step")
        if not values:
            raise ConfigError("values must hold at least one value")
        found = [field_value(self.name, value) for value in values]
        if len(set(found)) < len(found):
            twice = next(value for value in found if found.count(value) > 1)
            raise ConfigError(f"values must differ, but {exact(twice)} stands twice")
        return ListAxis(np.array(found, np.int64 if self.name in INTEGER_FIELDS else np.float64))

    def _range_axis(self) -> RangeAxis:
        """The range. Its ends are checked: a field takes all numbers between two that it takes."""
        axis = self._unchecked_range()
        for value in (axis.start, axis.last):
            field_value(self.name, value)
        if axis.may_repeat():
            raise ConfigError(
                f"start and stop are too close together for {axis.size:,} different values"
            )
        if self.name not in INTEGER_FIELDS:
            return axis
        try:
            return axis.in_whole_numbers()
        except ConfigError as error:
            raise ConfigError(f"{self.name} {error}") from None

    def _unchecked_range(self) -> RangeAxis:
        if self.start is None or self.stop is None:
            raise ConfigError("values must be specified, or start and stop of a range")
        if self.num is not None and self.step is None:
            return RangeAxis.by_num(self.start, self.stop, self.num)
        if self.step is not None and self.num is None:
            return RangeAxis.by_step(self.start, self.stop, self.step)
        raise ConfigError("a range has either num or step")

    def __eq__(self, other: object) -> bool:
        """Whether the two are written alike; `1` and `1.0` are."""
        return isinstance(other, Grid) and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash(compact_json(self.canonical()))

    @property
    def parts(self) -> dict[str, Any]:
        """What was given beside the name."""
        return self.model_dump(exclude={"name"}, exclude_none=True)

    def canonical(self) -> dict[str, Any]:
        """The grid as JSON, with one spelling for each number."""
        spelled = {
            name: [whole(one) for one in part] if name == "values" else whole(part)
            for name, part in self.parts.items()
        }
        return {"name": self.name, **spelled}


def field_value(name: str, value: Any) -> Any:
    """The value as a config holds it.

    Raises:
        ConfigError: The config refuses it; the sentence names the field and the value.
    """
    found = whole(value) if name in INTEGER_FIELDS else value
    try:
        return getattr(TuningConfig.model_validate({**_PROBE, name: found}), name)
    except ValidationError as error:
        sentence, names_it = one_sentence(error), f", not {shown(found)}"
        raise ConfigError(sentence if names_it in sentence else sentence + names_it) from None
