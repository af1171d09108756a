"""Reads JSON as what it is, in a worker.

kombu's reader takes an object of `__type__` and `__value__` for a value of another type, and raises
where it knows none. A job carries what its user likes, and a child must read what was checked.
"""

from __future__ import annotations

import json
from typing import Any

from kombu.serialization import registry
from kombu.utils.json import dumps


def read_plain_json(**_: Any) -> None:
    """Read JSON so from here on; before the pool forks, so that its children do too."""
    registry.register("json", dumps, json.loads, "application/json", "utf-8")
