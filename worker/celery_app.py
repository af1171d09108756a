"""The Celery app: `celery -A worker.celery_app worker` and plain `send_task` clients work with it.

Nothing happens at import: the options, and with them the environment, are read at first use.
"""

from __future__ import annotations

from typing import Any

from celery import Celery, signals
from celery.loaders.app import AppLoader

from worker.operating.log.logs import configure_logging, log_misnamed_settings, log_worker_ready
from worker.operating.trace import traces
from worker.running.delivery.plain_json import read_plain_json
from worker.running.process.shutdown import bound_shutdown
from worker.running.process.warmup import end_child, prepare_child


class InstalledLoader(AppLoader):
    """Imports what is installed; Celery's own loader looks into the current folder first."""

    def import_from_cwd(
        self,
        module: str,
        imp: Any = None,  # noqa: ARG002 - the signature of Celery's loader
        package: str | None = None,
    ) -> Any:
        return self.import_module(module, package)


app = Celery(
    "arbtune", include=["worker.tasks", "worker.running.delivery.remote"], loader=InstalledLoader
)
app.config_from_object("worker.running.delivery.celery_config")
app.steps["worker"] |= {
    "worker.running.process.periodic_work:PeriodicWork",
    "worker.running.process.signs_of_life:SignsOfLife",
    "worker.running.process.exporter:Exporter",
}
signals.setup_logging.connect(configure_logging)
signals.worker_ready.connect(log_worker_ready)
signals.worker_shutting_down.connect(bound_shutdown)
signals.worker_process_init.connect(prepare_child)
signals.worker_init.connect(log_misnamed_settings)
signals.worker_init.connect(read_plain_json)
signals.worker_init.connect(traces.prepare_parent)
signals.worker_process_shutdown.connect(end_child)
