"""A peer of the queue benchmark: Dramatiq's actor, which calls the same runner."""

from __future__ import annotations

import os
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig

URL = os.environ["PEER_REDIS_URL"]
broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True, max_retries=0)
def run(config: dict[str, Any]) -> dict[str, Any]:
    """One job."""
    return ArbitrageTuningRunner(TuningConfig(**config)).run().model_dump(mode="json")
