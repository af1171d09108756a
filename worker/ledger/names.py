"""Names in Redis: keys, queues, counters; and the largest message. `ledger.lua` has them from here.

A name that ends in `{}` is the beginning of many: of one for each job, state or queue.
"""

from __future__ import annotations

# Keys of one job.
JOB_KEY = "arbtune:job:{}"  # its record
RESULT_KEY = "celery-task-meta-{}"  # where Celery's clients look for a result
ENDING_KEY = "arbtune:ending:{}"  # the worker that still has to end the child of a cancelled job

# Ids of jobs, by a score.
INDEX_KEY = "arbtune:jobs:{}"  # in one state
WAITING_KEY = "arbtune:waiting:{}"  # whose message is believed to be in one queue
MARKS_KEY = "arbtune:marks:{}"  # that show how far one queue has been taken
DUE_KEY = "arbtune:due"  # whose message is to be published
DEAD_KEY = "arbtune:dead"  # dead letters
OWED_KEY = "arbtune:owed"  # ended ones whose canvas goes on, until somebody has seen to it

QUEUES_KEY = "arbtune:queues"  # all queues that the ledger has published to
RECONCILER_KEY = "arbtune:reconciler"  # the worker that reconciles
WORKERS_KEY = "arbtune:workers"  # the names of all workers that are present
WORKER_KEY = "arbtune:worker:{}"  # the versions of one
SWEEPS_KEY = "arbtune:sweeps"  # the ids of all sweeps that somebody waits for
SWEEP_KEY = "arbtune:sweep:{}"  # where one of them is

# Queues, which are lists of messages.
JOBS_QUEUE = "celery"
CHUNKS_QUEUE = "arbtune.chunks"

# What has happened since ever, a field for each.
COUNTERS_KEY = "arbtune:counters"
COUNT_STARTS = "starts"
COUNT_OUTCOMES = "outcome:{}"
COUNT_CONFIGS = "configs"
COUNT_LAPSED = "lapsed"
COUNT_LOST = "lost"
COUNT_RUN_MS = "run_ms"
COUNT_RUNS = "run:{}"  # by how many seconds they took at most
RUN_SECONDS = ("0.01", "0.1", "1", "10", "60", "300", "inf")

# Of a message in a queue. JSON may spell one byte of a job in six ("\u00e9" is two bytes of UTF-8),
# the protocol adds its own, a chain carries all that comes after, and base64 makes four bytes of
# three.
MAX_ELEMENT_BYTES = 2**20
