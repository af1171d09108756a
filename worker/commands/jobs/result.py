"""`arbtune result ID`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse

from arbitrage.documents.result import as_text
from arbitrage.shell.console import EXIT_FAILED, EXIT_OK, warn
from worker.client.jobs.documents import exit_status, result_documents, sweeps_are_asked
from worker.commands.asking import asked_ledger
from worker.ledger.connection import redis_errors_in_a_sentence
from worker.ledger.view import State
from worker.settings import Settings

SUMMARY = "print the result document of a job; while the job has not ended, its state"
EXAMPLES = ("arbtune result first",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("job_id", metavar="ID", help="the id that arbtune enqueue printed")
    parser.add_argument(
        "--json", action="store_true", help="changes nothing: the document is JSON anyway"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the document; 0 for a success, and see `exit_status`."""
    job_id = arguments.job_id
    settings = Settings.from_environment()
    with redis_errors_in_a_sentence(settings):
        [document] = result_documents(asked_ledger(settings), [job_id])
    print(as_text(document))
    if document["status"] == State.UNKNOWN and (hint := sweeps_are_asked(job_id, "--status")):
        warn(f"no job {job_id}: {hint}")
    ended = EXIT_OK if document["status"] == State.SUCCESS else EXIT_FAILED
    return exit_status(document, ended=ended)
