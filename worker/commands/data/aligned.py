"""What `arbtune data align` does once its flags are read; polars comes with this module."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arbitrage.data.align.aligning import align
from arbitrage.data.align.flags import rate, step_ns, venue_files
from arbitrage.data.align.options import Request
from arbitrage.data.files.data_limits import DataLimits


def aligned(
    arguments: argparse.Namespace, limits: DataLimits, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Write the output; what was done, as JSON.

    Args:
        arguments: Those of the command.
        limits: Bounds on the raw files.
        tell: Shows how far it is.

    Raises:
        ConfigError: A flag or the output's name is wrong.
        DataError: A raw file cannot be used.
        OSError: A raw file, or the output.
    """
    a, b = (venue_files(venue, vars(arguments)) for venue in ("a", "b"))
    request = Request(
        a=a,
        b=b,
        clock=arguments.clock,
        every_ns=None if arguments.every is None else step_ns(arguments.every),
        timezone=arguments.timezone,
        fx_a=rate("a", arguments.fx_a),
        fx_b=rate("b", arguments.fx_b),
        limits=limits,
    )
    return align(request, Path(arguments.output), tell)
