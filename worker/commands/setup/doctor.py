"""`arbtune doctor`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from arbitrage.shell.console import EXIT_FAILED, EXIT_OK
from worker.ledger.connection import redis_errors_in_a_sentence
from worker.ledger.redis_client import connect
from worker.operating.deployment import Check, examine
from worker.settings import Settings

SUMMARY = "check the Redis server, the data root and the workers, and say what to change"
EXAMPLES = (
    "arbtune doctor",
    "arbtune doctor --json",
)

CHECKS = (
    "append-only",
    "appendfsync",
    "clock",
    "data-root",
    "redis-version",
    "role",
    "eviction",
    "ledger",
    "versions",
    "workers",
)
"""By their names, as `worker.operating.deployment` makes them."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="CHECK",
        choices=CHECKS,
        help=f"ignore this check in the exit status; may be repeated: {', '.join(CHECKS)}",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Check; 0 when nothing is to be changed."""
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        checks = list(examine(settings, connect(settings)))
    ok = all(check.ok or check.name in arguments.skip for check in checks)
    if arguments.json:
        print(json.dumps({"ok": ok, "checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            print(_line(check, skipped=check.name in arguments.skip))
    return EXIT_OK if ok else EXIT_FAILED


def _line(check: Check, *, skipped: bool) -> str:
    verdict = "ok" if check.ok else "skipped" if skipped else "WRONG"
    line = f"{verdict:7}  {check.name:13}  {check.found}"
    return line if check.remedy is None else f"{line}\n{'':9}{check.remedy}"
