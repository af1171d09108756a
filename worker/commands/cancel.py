"""`arbtune cancel ID`."""

from __future__ import annotations

import argparse
import json

from arbitrage.console import EXIT_FAILED, EXIT_OK
from worker.answers import sweeps_are_asked
from worker.connection import open_ledger, redis_errors_in_a_sentence
from worker.ledger import State
from worker.metas import cancelled_meta
from worker.settings import Settings

SUMMARY = "cancel a job: one that waits never starts, one that runs is stopped"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("job_id", metavar="ID", help="the id that arbtune enqueue printed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Cancel; 0 when the job is cancelled now, 1 when it had ended otherwise or is not known."""
    job_id = arguments.job_id
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        state = open_ledger(settings).cancel(job_id, cancelled_meta(job_id))
    if arguments.json:
        print(json.dumps({"job_id": job_id, "status": state.value}))
    else:
        print(_sentence(job_id, state))
    return EXIT_OK if state is State.CANCELLED else EXIT_FAILED


def _sentence(job_id: str, state: State) -> str:
    if state is State.CANCELLED:
        return f"{job_id}  cancelled"
    if state is State.UNKNOWN:
        hint = sweeps_are_asked(job_id, "--cancel") or "nothing to cancel"
        return f"{job_id}  unknown: {hint}"
    return f"{job_id}  {state}: it had ended already"
