"""One run of `arbtune sweep`: from its spec to its report, with what is there already."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache, partial
from types import MappingProxyType

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec, sweep_id
from arbitrage.errors import ConfigError
from arbitrage.results.store.folder import SweepFolder, digest_of_latest
from arbitrage.shell.console import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, say
from worker.client.own_server import with_own_server
from worker.client.sweeps.collector import Collector
from worker.client.sweeps.copying import copied_lines, copy_ahead, missing_rows
from worker.client.sweeps.filling import Onlooker, fill
from worker.client.sweeps.in_queue import (
    NO_CHUNKS,
    cancel,
    chunks,
    chunks_note,
    finished_chunks,
    forget,
)
from worker.client.sweeps.plan import ask_workers, local_digest
from worker.client.sweeps.progress import sweep_progress
from worker.client.sweeps.report import print_report
from worker.client.sweeps.summary import summary_of
from worker.client.worker_watch import look_for_workers
from worker.ledger.connection import open_patient_ledger, redis_errors_in_a_sentence
from worker.ledger.ledger import Ledger
from worker.settings import Settings


def run_sweep(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> int:
    """Run, resume, or look after the sweep, as the command's flags want it; the exit status."""
    with ExitStack() as stack:
        is_for_running = not (arguments.status or arguments.collect or arguments.cancel)
        copied = Counter[str]()
        if is_for_running and not arguments.fresh and (digest := local_digest(spec, settings)):
            copied = copy_ahead(spec, _folder(spec, digest, settings), digest)
        if arguments.local and is_for_running and _may_compute(arguments, spec, settings):
            settings = with_own_server(settings, stack)
        return _run_in_sentences(arguments, spec, settings, copied)


def _run_in_sentences(
    arguments: argparse.Namespace, spec: SweepSpec, settings: Settings, copied: Counter[str]
) -> int:
    with redis_errors_in_a_sentence(settings):
        try:
            return _run(arguments, spec, settings, copied)
        except KeyboardInterrupt:
            fate = "" if arguments.local else "what was sent goes on, and --cancel ends it; "
            say(f"interrupted: {fate}the same command resumes the sweep")
            return EXIT_INTERRUPTED


def _print_beside(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _may_compute(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> bool:
    """Whether there may be anything to run: a finished sweep needs no server and no workers."""
    digest = local_digest(spec, settings)
    return (
        digest is None
        or arguments.fresh
        or not _folder(spec, digest, settings).is_complete(spec.total)
    )


def _run(
    arguments: argparse.Namespace, spec: SweepSpec, settings: Settings, copied: Counter[str]
) -> int:
    ledger = cache(partial(open_patient_ledger, settings))  # what is finished does without one
    onlooker = Onlooker(
        sweep_progress, look_for_workers(settings, local=arguments.local), _print_beside
    )
    digest, plan = _known_digest(arguments, spec, settings), None
    if digest is None:
        plan = ask_workers(spec, ledger(), onlooker.meanwhile, onlooker.tell)
        digest = plan.data_sha256
    folder = _folder(spec, digest, settings)
    if arguments.status:
        return _report_status(spec, folder, arguments, ledger)
    if arguments.cancel:
        note = f"{cancel(folder, ledger()):,} chunks cancelled; what is on disk stays"
        _report(spec, folder, arguments, note=note)
        return EXIT_OK
    with folder.exclusively():
        if arguments.collect:
            _collect(spec, folder, digest, ledger())
        else:
            if arguments.fresh:
                forget(folder, ledger())
            missing = missing_rows(spec, folder, digest, copies=not arguments.fresh)
            fill(missing, digest, plan, ledger, onlooker, anyway=arguments.anyway)
            copied += missing.copied
            if copied:
                print(*copied_lines(copied, missing.computed), sep="\n", file=sys.stderr)
        return _report(spec, folder, arguments, copied=copied)


def _known_digest(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> str | None:
    """The digest of the data, as far as it is known without a worker."""
    digest = local_digest(spec, settings)
    if digest is None and (arguments.status or arguments.cancel):
        digest = digest_of_latest(settings.results_dir, spec)
    if digest is None and arguments.status and arguments.local:
        raise ConfigError(
            f"{spec.data_file} cannot be read here, and no earlier run of this sweep is known"
        )
    return digest


def _folder(spec: SweepSpec, digest: str, settings: Settings) -> SweepFolder:
    return SweepFolder(settings.results_dir, sweep_id(spec.identity(), digest, ENGINE_VERSION))


def _collect(spec: SweepSpec, folder: SweepFolder, digest: str, ledger: Ledger) -> None:
    finished = finished_chunks(folder, ledger)
    with sweep_progress(spec) as show:
        missing = missing_rows(spec, folder, digest)
        Collector(missing, digest, ledger, show).collect_finished(finished)


def _report_status(
    spec: SweepSpec,
    folder: SweepFolder,
    arguments: argparse.Namespace,
    ledger: Callable[[], Ledger],
) -> int:
    if folder.is_complete(spec.total):
        return _report(spec, folder, arguments, chunks=NO_CHUNKS)
    if arguments.local:  # the queue of another command's own server is not known here
        return _report(spec, folder, arguments)
    there = chunks(folder, ledger())
    return _report(spec, folder, arguments, chunks_note(there), there)


def _report(
    spec: SweepSpec,
    folder: SweepFolder,
    arguments: argparse.Namespace,
    note: str = "",
    chunks: dict[str, int] | None = None,
    *,
    copied: Mapping[str, int] = MappingProxyType({}),
) -> int:
    summary = summary_of(spec, folder)
    if arguments.json:
        document = summary.as_json(spec) | {"copied": dict(copied)}
        document |= {} if chunks is None else {"chunks": chunks}
        print(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        print_report(spec, folder, summary, note, plain=arguments.plain)
    return EXIT_OK if summary.row_counts.succeeded == spec.total else EXIT_FAILED
