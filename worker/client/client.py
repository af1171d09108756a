"""The queue for programs: a client that keeps its connection.

from worker.client import Client

with Client("redis://127.0.0.1:6379/0") as client:
job_id = client.submit({"data_file": "quotes.csv", "min_spread_bps": 30, ...})
[document] = client.wait([job_id])
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id
from arbitrage.errors import ConfigError
from arbitrage.results.store.folder import SweepFolder
from worker.client.jobs.documents import result_documents
from worker.client.jobs.sending import send_all, submission
from worker.client.jobs.status import JobStatus
from worker.client.jobs.waiting import results_as_they_come
from worker.client.sweeps.collector import Progress
from worker.client.sweeps.copying import missing_rows
from worker.client.sweeps.data_place import placed
from worker.client.sweeps.filling import Onlooker, fill
from worker.client.sweeps.plan import ask_workers, local_digest
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.connection import open_patient_ledger, redis_errors_in_a_sentence
from worker.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from arbitrage.documents.config import TuningConfig
    from arbitrage.documents.result import Document, ResultDocument
    from worker.ledger.ledger import Submission


class Client:
    """Sends jobs and sweeps, waits for them, and reads what came of them.

    May be used by several threads. It outlasts a restart of the server, which it waits for.

    Args:
        url: The server, as `ARBTUNE_REDIS_URL` names it; None for that setting.
        results_dir: Where sweeps collect their rows; None for `ARBTUNE_RESULTS_DIR`.

    Raises:
        ConfigError: (a `ValueError`) A setting is wrong.
        RedisUnavailableError: The server cannot be reached; the text says what to check. So does
            each method, when the server stays away.
    """

    def __init__(self, url: str | None = None, *, results_dir: str | Path | None = None) -> None:
        settings = Settings.from_environment()
        if url is not None:
            settings = replace(settings, redis_url=url)
        if results_dir is not None:
            settings = replace(settings, results_dir=Path(results_dir))
        self._settings, self._is_closed = settings, False
        with self._in_a_sentence():
            self._ledger = open_patient_ledger(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what was sent goes on, and no other method is called again."""
        self._is_closed = True
        self._ledger.close()

    def submit(self, config: TuningConfig | dict[str, Any], *, job_id: str | None = None) -> str:
        """Send a job; its id, once the ledger has recorded it.

        The same job under the same id again changes nothing while it waits or runs. After its end
        it is run anew, and the old result is removed.

        Raises:
            ConfigError: The config is refused, or another job is open under `job_id`.
        """
        return self._send([(config, job_id)])[0]

    def submit_many(
        self,
        configs: Iterable[TuningConfig | dict[str, Any]],
        *,
        job_ids: Iterable[str] | None = None,
    ) -> list[str]:
        """Send many jobs in few round trips; their ids, in the same order.

        All configs are checked before the first is sent.

        Args:
            configs: One a job.
            job_ids: An id of your own for each of them; None for new ones.

        Raises:
            ConfigError: A config or an id is refused and nothing was sent; or another job is open
                under one of the ids, and those before it were sent.
            RedisUnavailableError: The server went away; its `job_ids` were sent, and will run.
        """
        jobs = list(configs)
        if job_ids is None:
            return self._send([(config, None) for config in jobs])
        chosen = _several(job_ids)
        if len(chosen) != len(jobs):
            raise ConfigError(f"{len(jobs):,} configs and {len(chosen):,} job_ids: one each")
        if len(set(chosen)) != len(chosen):
            raise ConfigError("job_ids names a job twice")
        return self._send(list(zip(jobs, chosen, strict=True)))

    def as_they_end(
        self, job_ids: Iterable[str], *, timeout_s: float | None = None
    ) -> Iterator[tuple[str, ResultDocument]]:
        """The id and the result document of each job, as it ends.

        A job that the server does not know any more has the document of an unknown one.

        Raises:
            TimeIsUpError: Not all have ended within `timeout_s`.
        """
        wanted = _several(job_ids)
        with self._in_a_sentence():
            found = results_as_they_come(self._ledger, wanted, timeout_s=timeout_s)
            for job_id, document in found:
                yield job_id, cast("ResultDocument", document)

    def wait(
        self, job_ids: Iterable[str], *, timeout_s: float | None = None
    ) -> list[ResultDocument]:
        """The result documents of jobs once all have ended, in the order of the ids.

        Raises:
            TimeIsUpError: Not all have ended within `timeout_s`.
        """
        wanted = _several(job_ids)
        found = dict(self.as_they_end(wanted, timeout_s=timeout_s))
        return [found[job_id] for job_id in wanted]

    def result(self, job_id: str) -> ResultDocument:
        """The result document of a job; its status document while it has not ended."""
        with self._in_a_sentence():
            return result_documents(self._ledger, [job_id])[0]

    def status(self, job_id: str) -> Document:
        """Where a job is, as `arbtune status --json` says it."""
        with self._in_a_sentence():
            return JobStatus.of(self._ledger, job_id).as_json()

    def cancel(self, job_id: str) -> str:
        """Cancel a job that waits or runs; the state that it is in now."""
        with self._in_a_sentence():
            return self._ledger.cancel(job_id, cancelled_meta(job_id)).value

    def sweep(
        self,
        spec: SweepSpec | dict[str, Any] | str | Path,
        *,
        progress: Callable[[Progress], None] | None = None,
        anyway: bool = False,
    ) -> pl.DataFrame:
        """Run a sweep through the queue, or resume it; a row each config, in their order.

        What stands in the results folder, of this sweep or of another with the same configs, is not
        computed again.

        Args:
            spec: The spec, its fields, or the file that it stands in.
            progress: Called again and again with where the sweep is.
            anyway: Run it even if no spread in the file reaches its lowest threshold.

        Raises:
            ConfigError: The spec is refused, or another process is collecting the same sweep.
            SweepError: It cannot go on: the data have changed, or somebody cancelled it.
            DataError: What is on disk is damaged.
        """
        onlooker = Onlooker(lambda _: nullcontext(progress or _nothing), _nothing, _warn)
        with self._in_a_sentence():
            sweep, settings = self._placed(spec)
            digest, plan = local_digest(sweep, settings), None
            if digest is None:
                plan = ask_workers(sweep, self._ledger, onlooker.meanwhile, onlooker.tell)
                digest = plan.data_sha256
            id_of_sweep = sweep_id(sweep.identity(), digest, ENGINE_VERSION)
            folder = SweepFolder(settings.results_dir, id_of_sweep)
            with folder.exclusively():
                missing = missing_rows(sweep, folder, digest, tell=_warn)
                fill(missing, digest, plan, lambda: self._ledger, onlooker, anyway=anyway)
            with folder.damage_in_a_sentence(sweep.total):
                return folder.rows(sweep.total).collect()

    def _placed(self, spec: SweepSpec | dict[str, Any] | str | Path) -> tuple[SweepSpec, Settings]:
        """The spec, and the settings for where its data file is."""
        if isinstance(spec, SweepSpec):
            return spec, self._settings
        if isinstance(spec, dict):
            return SweepSpec.from_data(spec), self._settings
        path = Path(spec)
        return placed(SweepSpec.from_file(path), path, self._settings, is_local=False)

    def _send(self, jobs: list[tuple[TuningConfig | dict[str, Any], str | None]]) -> list[str]:
        submissions = [_submission(place, *job) for place, job in enumerate(jobs)]
        self._check_open()
        batches = send_all(self._settings, self._ledger, submissions, len(submissions))
        return [job_id for batch in batches for job_id in batch]

    def _in_a_sentence(self) -> AbstractContextManager[None]:
        self._check_open()
        return redis_errors_in_a_sentence(self._settings)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ConfigError("the client is closed")


def _several(job_ids: Iterable[str]) -> list[str]:
    """The ids, which an iterator tells once; one id alone is refused: its letters are not meant.

    Raises:
        ConfigError: It is a text.
    """
    if isinstance(job_ids, str):
        raise ConfigError(f"job_ids is a list of ids: [{job_ids!r:.60}]")
    return list(job_ids)


def _submission(
    place: int, config: TuningConfig | dict[str, Any], job_id: str | None
) -> Submission:
    """A job ready to be sent; of many, the one that is refused is named by its place."""
    try:
        return submission(config, job_id)
    except ConfigError as error:
        raise ConfigError(f"job {place} (from 0 on): {error}" if place else str(error)) from error


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=2)


def _nothing(_: object = None) -> None:
    """Where nobody wants to know."""
