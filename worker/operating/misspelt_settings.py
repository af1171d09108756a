"""Finds variables that look like settings but are not: a misspelt one would have no effect."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields

from arbitrage.shell.console import nearest, printable, warn
from worker.settings import PREFIX, Settings

_KNOWN = [setting.name.upper() for setting in fields(Settings)] + ["CACHE_DIR"]
# Kubernetes gives a pod several variables for each Service, named after it: `arbtune-redis`, say.
_NAME_OF_A_SERVICE = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_[A-Z]+")
_ADDRESS_OF_A_SERVICE = re.compile(r"(tcp|udp|sctp)://")


def misnamed_settings(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """A sentence for each, with the setting that may have been meant."""
    for variable, value in sorted(environment.items()):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in _KNOWN:
            continue
        if not (_NAME_OF_A_SERVICE.search(name) or _ADDRESS_OF_A_SERVICE.match(value)):
            yield f"{printable(variable):.80} is not a setting ({_meant(name)})"


def warn_of_misnamed() -> None:
    """A line on stderr about each, for the commands of people."""
    for sentence in misnamed_settings():
        warn(sentence)


def _meant(name: str) -> str:
    close = nearest(name, _KNOWN)
    return f"did you mean {PREFIX}{close}?" if close else "it changes nothing"
