"""The peer of the queue benchmark: a bare Celery app whose task calls the same runner."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

app = Celery(broker=os.environ.get("BARE_REDIS_URL"), backend=os.environ.get("BARE_REDIS_URL"))


@app.task(name="bare.run")
def run(config: dict[str, Any]) -> dict[str, Any]:
    from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig

    return ArbitrageTuningRunner(TuningConfig(**config)).run().model_dump(mode="json")
