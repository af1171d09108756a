"""The text of one timestamp, made again from a number and the form that it was read in.

A form is `ANY_FORM` (no number makes the text), `EPOCH` (the digits of the number), a unit of
`INSTANT_UNITS` (an instant of Parquet, in that unit since 1970), or an ISO 8601 timestamp with a
zero for each of its digits before the zone, such as `0000-00-00T00:00:00.000+02:00` (the number is
in nanoseconds since 1970, UTC).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from arbitrage.data.rules.cells import offset_seconds

ANY_FORM, EPOCH = "", "epoch"
INSTANT_UNITS = {"ms": 10**6, "us": 10**3, "ns": 1}  # in nanoseconds

DATE_LENGTH = len("2024-01-01")
SECONDS_LENGTH = len("2024-01-01T00:00:00")
_EPOCH_START = datetime(1970, 1, 1)  # noqa: DTZ001 - of any zone: the form has it


def text_of(form: str, number: int) -> str:
    """The timestamp as the file has it.

    Args:
        form: Any but `ANY_FORM`.
        number: What the form says.
    """
    if form == EPOCH:
        return str(number)
    if form in INSTANT_UNITS:
        return _of_instant(number * INSTANT_UNITS[form])
    fraction, zone = _fraction_and_zone(form)
    local = number + offset_seconds(zone or "Z") * 10**9
    digits = f"{local % 10**9:09}"[: len(fraction) - 1]
    return f"{_clock(local, form[DATE_LENGTH])}{fraction[:1]}{digits if fraction else ''}{zone}"


def _fraction_and_zone(form: str) -> tuple[str, str]:
    rest = form[SECONDS_LENGTH:]
    zone = rest[1:].lstrip("0") if rest.startswith(".") else rest
    return rest[: len(rest) - len(zone)], zone


def _of_instant(moment_ns: int) -> str:
    """With no digits after the second, or with three, six or nine: as few as say it all."""
    digits = f"{moment_ns % 10**9:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{_clock(moment_ns, 'T')}{'.' if digits else ''}{digits}Z"


def _clock(moment_ns: int, mark: str) -> str:
    return (_EPOCH_START + timedelta(seconds=moment_ns // 10**9)).isoformat(mark)
