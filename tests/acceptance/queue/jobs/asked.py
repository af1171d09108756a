"""A command of the product, and the flags of a job."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

Arbtune = Callable[..., subprocess.CompletedProcess[str]]


def flags(job: dict[str, Any]) -> list[str]:
    return [
        part for name, value in job.items() for part in (f"--{name.replace('_', '-')}", str(value))
    ]
