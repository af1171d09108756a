"""`arbtune sweep SPEC`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, printable, say, warn
from worker.settings import Settings

if TYPE_CHECKING:  # Redis and polars take their time: the first line comes before them
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from arbitrage.results.folder import SweepFolder
    from worker.client.sweeps.collector import Progress
    from worker.client.sweeps.plan import Plan
    from worker.ledger.ledger import Ledger

SUMMARY = (
    "run many configs over one data file through the queue and print the ranking; the same command "
    "resumes it, and computes nothing that is in ARBTUNE_RESULTS_DIR already"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "spec",
        metavar="SPEC",
        help="a YAML or JSON file: what holds, what varies, the rank and the filters",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of the ranking"
    )
    parser.add_argument(
        "--local",
        action="store_true",
        help="on a Redis server and workers of its own, which end with the command",
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--status", action="store_true", help="say where the sweep stands, and run nothing"
    )
    other.add_argument(
        "--collect", action="store_true", help="keep what is finished, and send nothing"
    )
    other.add_argument("--cancel", action="store_true", help="cancel what waits or runs of it")
    other.add_argument("--fresh", action="store_true", help="forget its results and start anew")


def run(arguments: argparse.Namespace) -> int:
    """Run, resume, or look after a sweep; 0 when every config succeeded."""
    from arbitrage.documents.spec.sweep_spec import LOW_IS_BETTER, SweepSpec  # pydantic
    from worker.client.sweeps.data_place import placed

    if arguments.local and (arguments.collect or arguments.cancel):
        raise ConfigError("--local is for running: its server knows nothing of an earlier run")
    path = Path(arguments.spec)
    spec = SweepSpec.from_file(path)
    if first := LOW_IS_BETTER.get(spec.rank_by):
        warn(
            f"rank_by: {spec.rank_by} is descending: {first} comes first; "
            f"filters: {{{spec.rank_by}: X}} keeps it small"
        )
    spec, settings = placed(spec, path, Settings.from_environment(), is_local=arguments.local)
    with ExitStack() as stack:
        if not (arguments.status or arguments.collect or arguments.cancel):
            if sys.stderr.isatty():
                _print_now(f"{spec.total:,} configs over {printable(spec.data_file)}")
            if arguments.local and _may_compute(arguments, spec, settings):
                settings = _with_own_server(settings, stack)
        return _run_in_sentences(arguments, spec, settings)


def _print_now(line: str) -> None:
    """A line on stderr before anything slow is imported or started."""
    print(line, file=sys.stderr, flush=True)


def _with_own_server(settings: Settings, stack: ExitStack) -> Settings:
    """The settings that name a server with workers of its own, up for as long as `stack` is."""
    from worker.client.local import bring_up

    _print_now("starting a server and workers of its own ...")
    os.environ["ARBTUNE_DATA_ROOT"] = os.fspath(settings.data_root)
    bring_up(stack)
    return Settings.from_environment()


def _run_in_sentences(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> int:
    from worker.ledger.connection import redis_errors_in_a_sentence

    with redis_errors_in_a_sentence(settings):
        try:
            return _run(arguments, spec, settings)
        except KeyboardInterrupt:
            fate = "" if arguments.local else "what was sent goes on, and --cancel ends it; "
            say(f"interrupted: {fate}the same command resumes the sweep")
            return EXIT_INTERRUPTED


def _may_compute(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> bool:
    """Whether there may be anything to run: what is finished needs no server and no workers."""
    from worker.client.sweeps.plan import local_digest

    digest = local_digest(spec, settings)
    return (
        digest is None
        or arguments.fresh
        or not _folder(spec, digest, settings).is_complete(spec.total)
    )


def _run(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> int:
    from worker.client.absence import look_for_workers
    from worker.client.sweeps.in_queue import cancel, forget
    from worker.client.sweeps.plan import ask_workers
    from worker.ledger.connection import open_patient_ledger

    ledger = cache(partial(open_patient_ledger, settings))  # what is finished does without one
    meanwhile = look_for_workers(settings, local=arguments.local)
    digest, plan = _known_digest(arguments, spec, settings), None
    if digest is None:
        plan = ask_workers(spec, ledger(), meanwhile)
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
            if not folder.is_complete(spec.total):
                plan = _known_plan(folder, digest) or plan or ask_workers(spec, ledger(), meanwhile)
                _compute(spec, folder, plan, ledger(), meanwhile)
        return _report(spec, folder, arguments)


def _known_digest(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> str | None:
    """The digest of the data, as far as it is known without a worker."""
    from arbitrage.results.folder import digest_of_latest
    from worker.client.sweeps.plan import local_digest

    digest = local_digest(spec, settings)
    if digest is None and (arguments.status or arguments.cancel):
        digest = digest_of_latest(settings.results_dir, spec)
    if digest is None and arguments.status and arguments.local:
        raise ConfigError(
            f"{spec.data_file} cannot be read here, and no earlier run of this sweep is known"
        )
    return digest


def _known_plan(folder: SweepFolder, digest: str) -> Plan | None:
    """The plan of an earlier run."""
    from worker.client.sweeps.plan import Plan

    size = folder.chunk_size()
    return Plan(digest, size) if size else None


def _folder(spec: SweepSpec, digest: str, settings: Settings) -> SweepFolder:
    from arbitrage.arbitrage_core import ENGINE_VERSION
    from arbitrage.documents.spec.sweep_spec import sweep_id
    from arbitrage.results.folder import SweepFolder

    return SweepFolder(settings.results_dir, sweep_id(spec.identity(), digest, ENGINE_VERSION))


def _compute(
    spec: SweepSpec,
    folder: SweepFolder,
    plan: Plan,
    ledger: Ledger,
    meanwhile: Callable[[], None],
) -> None:
    from arbitrage.arbitrage_core import ENGINE_VERSION
    from worker.client.sweeps.collector import Collector
    from worker.client.sweeps.progress import sweep_progress

    if not folder.parts(spec.total):
        _warn_of_overlap(spec, folder, plan.data_sha256)
    folder.describe(spec, plan.data_sha256, ENGINE_VERSION, plan.chunk_size, plan.data)
    with sweep_progress(spec) as show:

        def tick(progress: Progress) -> None:
            show(progress)
            meanwhile()

        Collector(spec, folder, plan.data_sha256, ledger, tick).run(plan.chunk_size)


def _warn_of_overlap(spec: SweepSpec, folder: SweepFolder, digest: str) -> None:
    """Say which sweep had most of these configs, before they are computed once more."""
    from arbitrage.arbitrage_core import ENGINE_VERSION
    from arbitrage.results.overlap import largest_overlap

    if overlap := largest_overlap(folder.path.parent, spec, digest, ENGINE_VERSION):
        share = "all" if overlap.share == 1 else f"{overlap.share:.0%}"
        warn(
            f"sweep {overlap.sweep_id} has {share} of these configs, but other grids or another "
            "sample are another sweep: all are computed anew"
        )


def _collect(spec: SweepSpec, folder: SweepFolder, digest: str, ledger: Ledger) -> None:
    from worker.client.sweeps.collector import Collector
    from worker.client.sweeps.in_queue import finished_chunks
    from worker.client.sweeps.progress import sweep_progress

    finished = finished_chunks(folder, ledger)
    with sweep_progress(spec) as show:
        Collector(spec, folder, digest, ledger, show).collect_finished(finished)


def _report_status(
    spec: SweepSpec,
    folder: SweepFolder,
    arguments: argparse.Namespace,
    ledger: Callable[[], Ledger],
) -> int:
    from worker.client.sweeps.in_queue import NO_CHUNKS, chunks, chunks_note

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
) -> int:
    from worker.client.sweeps.summary import summary_of

    summary = summary_of(spec, folder)
    if arguments.json:
        document = summary.as_json(spec) | ({} if chunks is None else {"chunks": chunks})
        print(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        from worker.client.sweeps.report import print_report

        print_report(spec, folder, summary, note)
    return EXIT_OK if summary.row_counts.succeeded == spec.total else EXIT_FAILED
