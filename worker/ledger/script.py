"""The script of the ledger, and its calls: arguments go by the names that a transition gives them.

Their order stands in `ledger.lua` alone, and what that calls by a name in capitals in `names`.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from worker.ledger import names

_TRANSITION = re.compile(r"^function ledger\.(\w+)\((.*)\)$", re.MULTILINE)
_EACH = "..."  # any number of ids, or of what belongs to one


@cache
def source() -> str:
    """The script as Redis gets it: with the names before its first line, which stays the first."""
    known = (f"local {name} = {_lua(held)}" for name, held in vars(names).items() if name.isupper())
    return f"{' '.join(known)} {_written()}"


@cache
def transitions() -> dict[str, tuple[str, ...]]:
    """The arguments of each transition, in the script's order."""
    return {name: tuple(rest.split(", ")) for name, rest in _TRANSITION.findall(_written())}


def call(transition: str, *each: str, **arguments: str | float) -> list[str | float]:
    """What the script is handed: the transition, its arguments, then `each`.

    Raises:
        TypeError: The transition takes other arguments.
    """
    wanted = transitions()[transition]
    in_order = [name for name in wanted if name != _EACH]
    if arguments.keys() != set(in_order) or (each and _EACH not in wanted):
        raise TypeError(f"{transition} takes {', '.join(wanted)}, not {', '.join(arguments)}")
    return [transition, *(arguments[name] for name in in_order), *each]


def _written() -> str:
    return resources.files("worker.ledger").joinpath("ledger.lua").read_text(encoding="utf-8")


def _lua(held: str | int | tuple[str, ...]) -> str:
    if isinstance(held, tuple):
        return f"{{{', '.join(map(_lua, held))}}}"
    return str(held) if isinstance(held, int) else f"'{held.removesuffix('{}')}'"
