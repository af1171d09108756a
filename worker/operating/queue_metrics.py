"""The figures of the queue, as Prometheus reads them.

All are Redis's: the ledger counts in the step that makes a thing happen, so the figures are exact,
whatever process did it and whatever died since. No worker has figures of its own, and each that
serves them serves the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import redis
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from worker.ledger.names import (
    COUNT_CONFIGS,
    COUNT_LAPSED,
    COUNT_LOST,
    COUNT_OUTCOMES,
    COUNT_RUN_MS,
    COUNT_RUNS,
    COUNT_STARTS,
    COUNTERS_KEY,
    DEAD_KEY,
    INDEX_KEY,
    RUN_SECONDS,
)
from worker.ledger.view import State
from worker.operating.queue_depths import queue_depths
from worker.operating.signs.presence import present_workers

_OUTCOMES = (State.SUCCESS, State.ERROR, State.CANCELLED)
_RECONCILED = {COUNT_LAPSED: "lease_lapsed", COUNT_LOST: "message_lost"}


class QueueMetrics(Collector):
    """Asks Redis at each scrape; when it is away, says that and nothing else."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def collect(self) -> Iterator[Metric]:
        try:
            found = [*self._gauges(), *self._counters()]
        except (redis.RedisError, OSError):
            yield _gauge("arbtune_redis_up", "Whether Redis answers.", 0)
            return
        yield _gauge("arbtune_redis_up", "Whether Redis answers.", 1)
        yield from found

    def _gauges(self) -> Iterator[Metric]:
        waiting, running, dead, oldest, time = self._in_one_trip()
        yield self._depths()
        yield _gauge("arbtune_jobs_waiting", "Jobs that the ledger has as queued.", waiting)
        yield _gauge("arbtune_jobs_running", "Jobs in flight.", running)
        yield _gauge("arbtune_dead_letters", "Failed jobs that wait for somebody to look.", dead)
        seconds, microseconds = time
        submitted_ms = oldest[0][1] if oldest else None
        age = 0.0 if submitted_ms is None else seconds + microseconds / 1e6 - submitted_ms / 1e3
        text = "Age of the job that has been waiting the longest; 0 when none waits."
        yield _gauge("arbtune_oldest_waiting_seconds", text, max(0.0, age))
        workers = present_workers(self._client)
        yield _gauge("arbtune_workers", "Workers that announced themselves lately.", len(workers))

    def _in_one_trip(self) -> Any:
        pipeline = self._client.pipeline(transaction=False)
        pipeline.zcard(INDEX_KEY.format(State.QUEUED))
        pipeline.zcard(INDEX_KEY.format(State.RUNNING))
        pipeline.zcard(DEAD_KEY)
        pipeline.zrange(INDEX_KEY.format(State.QUEUED), 0, 0, withscores=True)
        pipeline.time()
        return pipeline.execute()

    def _depths(self) -> Metric:
        text = "Messages that no worker has taken yet."
        depth = GaugeMetricFamily("arbtune_queue_messages", text, labels=["queue"])
        for queue, messages in queue_depths(self._client).items():
            depth.add_metric([queue], messages)
        return depth

    def _counters(self) -> Iterator[Metric]:
        held: Any = self._client.hgetall(COUNTERS_KEY)
        counted = {name.decode(): int(value) for name, value in held.items()}
        text = "Jobs that ended, by outcome."
        outcomes = CounterMetricFamily("arbtune_job_outcomes", text, labels=["outcome"])
        for outcome in _OUTCOMES:
            outcomes.add_metric([outcome], counted.get(COUNT_OUTCOMES.format(outcome), 0))
        yield outcomes
        text = "Starts of jobs; more than there are outcomes when jobs are tried again."
        yield CounterMetricFamily("arbtune_job_starts", text, counted.get(COUNT_STARTS, 0))
        text = "Jobs that the reconciler queued again, and why."
        reconciled = CounterMetricFamily("arbtune_jobs_reconciled", text, labels=["reason"])
        for field, reason in _RECONCILED.items():
            reconciled.add_metric([reason], counted.get(field, 0))
        yield reconciled
        text = "Configs whose metrics were computed."
        yield CounterMetricFamily("arbtune_configs", text, counted.get(COUNT_CONFIGS, 0))
        yield _run_seconds(counted)


def _run_seconds(counted: dict[str, int]) -> Metric:
    text = "Seconds from the last start of a job to its outcome, by the server's clock."
    ended = accumulate(counted.get(COUNT_RUNS.format(bound), 0) for bound in RUN_SECONDS)
    bounds = [*RUN_SECONDS[:-1], "+Inf"]
    buckets = list(zip(bounds, map(float, ended), strict=True))
    total = counted.get(COUNT_RUN_MS, 0) / 1e3
    return HistogramMetricFamily("arbtune_job_run_seconds", text, buckets=buckets, sum_value=total)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)
