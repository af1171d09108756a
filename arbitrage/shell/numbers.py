"""Numbers that people write: in a flag, in a setting."""

from __future__ import annotations


def number(text: str) -> float:
    """The number that the text is.

    Raises:
        ValueError: It is not a number.
    """
    return float(_as_people_write(text))


def whole_number(text: str) -> int:
    """The whole number that the text is.

    Raises:
        ValueError: It is not a whole number.
    """
    return int(_as_people_write(text))


def _as_people_write(text: str) -> str:
    """The text, without what Python alone takes for a number: 1_0 is a slip, and so is ٣٤."""
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return text
