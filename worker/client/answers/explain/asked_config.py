"""The config that a user means by SWEEP[:N] or by the id of a job, and its data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.config import TuningConfig, parse_config
from arbitrage.errors import ArbtuneError, ConfigError, UnknownSweepError
from arbitrage.replay.many_configs import OpenedFile, open_data
from arbitrage.results.querying.plateau import chosen_number
from arbitrage.results.store.known_sweeps import LATEST, KnownSweep, config_named
from arbitrage.shell.console import warn
from worker.client.answers.sweep_data import data_of
from worker.client.jobs.documents import result_documents
from worker.ledger.connection import open_ledger, redis_errors_in_a_sentence
from worker.ledger.view import JobRecord
from worker.settings import Settings


class AskedConfig(NamedTuple):
    """A config, where it is from, and its data.

    Attributes:
        place: By names: `sweep_id` and `config_number`, or `job_id`.
        sweep: That it is of; None of a job.
    """

    place: dict[str, Any]
    config: TuningConfig
    data: OpenedFile
    sweep: KnownSweep | None = None


def asked_config(word: str, settings: Settings) -> AskedConfig:
    """What the word means: a sweep before a job.

    Raises:
        ConfigError: Nothing is called so, or its data are not here.
        DataError: The data cannot be used, or a part of the sweep is damaged.
        FileNotFoundError: The data of the job are not here.
    """
    try:
        known, number = config_named(word, settings.results_dir)
    except UnknownSweepError as error:
        if word == LATEST:
            raise
        return _of_job(word, settings, error)
    return _of_sweep(known, number, word, settings)


def _of_sweep(known: KnownSweep, number: int | None, word: str, settings: Settings) -> AskedConfig:
    number = chosen_number(known, number)
    _warn_of_engine(f"sweep {known.sweep_id}", known.description.engine_version)
    place = {"sweep_id": known.sweep_id, "config_number": number}
    name = word if Path(word).exists() else word.rpartition(":")[0]
    return AskedConfig(place, known.spec.config(number), data_of(known, name, settings), known)


def _of_job(job_id: str, settings: Settings, no_sweep: UnknownSweepError) -> AskedConfig:
    try:
        with redis_errors_in_a_sentence(settings):
            ledger = open_ledger(settings)
            record, [document] = ledger.record(job_id), result_documents(ledger, [job_id])
    except ArbtuneError as error:
        raise ConfigError(f"{no_sweep}; whether it is a job is not known: {error}") from error
    if record is None or record.config is None:
        raise ConfigError(f"{no_sweep}, and arbtune jobs: no job is called so, either")
    config = parse_config(_config_of(record))
    summary: dict[str, Any] = dict(document).get("config_summary") or {}  # type: ignore[assignment]
    _warn_of_engine(f"job {job_id}", summary.get("engine_version", ENGINE_VERSION))
    data = _data_of_job(config, settings)
    if summary.get("data_sha256", data.data_sha256) != data.data_sha256:
        raise ConfigError(f"{config.data_file} has changed since job {job_id} was run on it")
    return AskedConfig({"job_id": job_id}, config, data)


def _config_of(record: JobRecord) -> dict[str, Any] | None:
    if record.is_chunk:
        raise ConfigError(
            f"job {record.job_id} is many configs of a sweep: name one, as arbtune explain SWEEP:N"
        )
    return record.config


def _data_of_job(config: TuningConfig, settings: Settings) -> OpenedFile:
    """A worker looks below its data root; where nothing is there, the name is taken from here."""
    below = settings.data_root / config.data_file
    path = below if below.exists() else Path(config.data_file)
    return open_data(path, settings.data_limits, name=config.data_file)


def _warn_of_engine(what: str, version: str) -> None:
    if version != ENGINE_VERSION:
        warn(f"{what} was run by engine {version}, and this is {ENGINE_VERSION}: figures differ")
