"""Celery's options. Each that is not Celery's default says what breaks without it.

This module is read by name when the app is first used; it reads the settings once, then.
"""

from __future__ import annotations

import ssl

from kombu.entity import Queue

from worker.ledger.envelope import CHUNKS, JOBS
from worker.ledger.patience import worker_patience_s
from worker.settings import Settings

_settings = Settings.from_environment()
_patience_s = worker_patience_s(_settings)

_sentinels = _settings.sentinels
broker_url = _settings.redis_url if _sentinels is None else _sentinels.broker_url
# All outcomes pass the ledger: Celery's own backend overwrites FAILURE and REVOKED with SUCCESS. It
# asks Sentinels by itself for its server, so that Celery gets a URL to parse and no more.
_backend_url = _settings.redis_url if _sentinels is None else "redis://"
result_backend = f"worker.running.delivery.result_backend:LedgerBackend+{_backend_url}"

if _settings.redis_url.startswith("rediss://") and "ssl_cert_reqs" not in _settings.redis_url:
    # Celery refuses a rediss:// URL that does not say whether certificates are checked.
    broker_use_ssl = redis_backend_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}

# JSON only: a pickle in a message would run as code.
accept_content = ["json"]
result_accept_content = ["json"]
task_serializer = "json"
result_serializer = "json"

# Of the same length as the ledger's records, or one would outlive the other.
result_expires = _settings.result_ttl_s

task_default_queue = JOBS.queue
# Sweeps have a queue of their own, and workers take from both by turns: a sweep of a million
# configs does not hold up a single job.
task_queues = [Queue(JOBS.queue), Queue(CHUNKS.queue)]
# The hard limit ends the child; Python's signal handlers do not run inside compiled code.
task_time_limit = _settings.job_time_limit_s
# Early acknowledgement: a message only carries a job, the ledger brings it back. A late one would
# start a second copy at every lost connection.
task_acks_late = False
task_track_started = False  # the ledger does, in the same round trip that claims the job

# Waits for a server that takes writes: a replica answers, too, and so does a full disk.
worker_consumer = "worker.running.delivery.consumer:PatientConsumer"
# A child loads polars before it reports up; on a busy machine that takes longer than 4 seconds.
worker_proc_alive_timeout = 60
# A worker takes what it can run now: a long job in front holds no short ones behind it.
worker_disable_prefetch = True
# Neither concerns this worker, and unset each says a line for every lost connection: nothing is
# acknowledged late, and what is taken is bound by the processes that are free.
worker_cancel_long_running_tasks_on_connection_loss = True
worker_enable_prefetch_count_reduction = False
# Celery's log settings would replace the handlers that write one structured line an event.
worker_hijack_root_logger = False
worker_redirect_stdouts = False
# A job that is held back would stand in a worker's memory, and be forgotten there.
worker_disable_rate_limits = True
# Nobody listens unless Flower asks (`-E`); events would cost two publishes a job.
worker_send_task_events = False
# A broker that is away at start is waited for, not an error.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
# An answer of the server that is an error must not end the worker.
broker_channel_error_retry = True
# Finds dead connections, where a firewall forgot them, before a job is lost in one.
redis_socket_keepalive = True
redis_backend_health_check_interval = 30
# What a connection that has fallen silent may hold up; without them a worker reads for ever.
redis_socket_timeout = redis_socket_connect_timeout = _patience_s
broker_transport_options = {
    "socket_timeout": _patience_s,
    "socket_connect_timeout": _patience_s,
    "socket_keepalive": True,
    # How often the one that waits for messages is looked at, which no time limit bounds.
    "health_check_interval": _patience_s,
    # Longer than any job can wait inside a worker, or a waiting message would be delivered twice.
    "visibility_timeout": int(_settings.job_time_limit_s) + 3_600,
    # By which Sentinels know the server.
    **({} if _sentinels is None else {"master_name": _sentinels.master}),
}
