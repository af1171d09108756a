"""Enqueueing, for programs: `enqueue(config)` and `enqueue_many(configs)`.

    from worker.enqueue import enqueue, enqueue_many

    job_id = enqueue({"data_file": "quotes.csv", "min_spread_bps": 30, ...})

A job whose id came back is recorded in the ledger. `python -m worker.enqueue` is the command line
of the same, `arbtune enqueue`.
"""

from __future__ import annotations

import sys

from worker.client.jobs.sending import enqueue, enqueue_many

__all__ = ["enqueue", "enqueue_many"]


if __name__ == "__main__":
    from worker.cli import main

    sys.exit(main(["enqueue", *sys.argv[1:]]))
