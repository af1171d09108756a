"""`arbtune sweep SPEC`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from typing import TYPE_CHECKING

from arbitrage.console import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, fail, warn
from arbitrage.errors import ConfigError
from worker.absence import look_for_workers
from worker.connection import open_patient_ledger, redis_errors_in_a_sentence
from worker.ledger import Ledger, State
from worker.ledger_view import OPEN
from worker.settings import Settings

if TYPE_CHECKING:
    from arbitrage.sweep_results import SweepFolder
    from arbitrage.sweep_spec import SweepSpec
    from worker.sweeps.collector import Progress
    from worker.sweeps.plan import Plan

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
    from arbitrage.sweep_spec import LEAST_IS_BEST, SweepSpec  # pydantic

    spec = SweepSpec.from_file(arguments.spec)
    if first := LEAST_IS_BEST.get(spec.rank_by):
        warn(
            f"rank_by: {spec.rank_by} is descending: {first} comes first; "
            f"filters: {{{spec.rank_by}: X}} keeps it small"
        )
    if arguments.local and (arguments.status or arguments.collect or arguments.cancel):
        raise ConfigError("--local is for running: its server knows nothing of an earlier run")
    with ExitStack() as stack:
        if arguments.local and _may_compute(arguments, spec):
            from worker.local import bring_up

            bring_up(stack)
        settings = Settings.from_environment()
        with redis_errors_in_a_sentence(settings):
            try:
                return _run(arguments, spec, settings)
            except KeyboardInterrupt:
                fate = "" if arguments.local else "what was sent goes on, and --cancel ends it; "
                fail(f"interrupted: {fate}the same command resumes the sweep")
                return EXIT_INTERRUPTED


def _may_compute(arguments: argparse.Namespace, spec: SweepSpec) -> bool:
    """Whether there may be anything to run: what is finished needs no server and no workers."""
    from worker.sweeps.plan import local_digest

    settings = Settings.from_environment()
    digest = local_digest(spec, settings)
    if digest is None or arguments.fresh:
        return True
    return next(_folder(spec, digest, settings).missing(spec.total, 1), None) is not None


def _run(arguments: argparse.Namespace, spec: SweepSpec, settings: Settings) -> int:
    from arbitrage.sweep_results import digest_of_latest
    from worker.sweeps.plan import Plan, ask_workers, local_digest

    ledger = cache(partial(open_patient_ledger, settings))  # what is finished does without one
    meanwhile = look_for_workers(settings, local=arguments.local)
    digest, plan = local_digest(spec, settings), None
    if digest is None and (arguments.status or arguments.cancel):
        digest = digest_of_latest(settings.results_dir, spec)
    if digest is None:
        plan = ask_workers(spec, ledger(), meanwhile)
        digest = plan.data_sha256
    folder = _folder(spec, digest, settings)
    if arguments.status:
        chunks = _chunks(folder, ledger())
        return _report(spec, folder, arguments, _chunks_note(chunks), chunks)
    if arguments.cancel:
        note = f"{_cancel(folder, ledger()):,} chunks cancelled; what is on disk stays"
        _report(spec, folder, arguments, note=note)
        return EXIT_OK
    with folder.exclusively():
        if arguments.collect:
            _collect(spec, folder, digest, ledger())
        else:
            if arguments.fresh:
                _forget(folder, ledger())
            if next(folder.missing(spec.total, 1), None) is not None:
                if (size := folder.chunk_size()) is None:
                    size = (plan or ask_workers(spec, ledger(), meanwhile)).chunk_size
                _compute(spec, folder, Plan(digest, size), ledger(), meanwhile)
        return _report(spec, folder, arguments)


def _folder(spec: SweepSpec, digest: str, settings: Settings) -> SweepFolder:
    from arbitrage.arbitrage_core import ENGINE_VERSION
    from arbitrage.sweep_results import SweepFolder
    from arbitrage.sweep_spec import sweep_id

    return SweepFolder(settings.results_dir, sweep_id(spec.identity(), digest, ENGINE_VERSION))


def _compute(
    spec: SweepSpec,
    folder: SweepFolder,
    plan: Plan,
    ledger: Ledger,
    meanwhile: Callable[[], None],
) -> None:
    from arbitrage.arbitrage_core import ENGINE_VERSION
    from worker.sweeps.collector import Collector
    from worker.sweeps.progress import sweep_progress

    folder.describe(spec, plan.data_sha256, ENGINE_VERSION, plan.chunk_size)
    with sweep_progress(_varying(spec), spec.rank_by) as show:

        def tick(progress: Progress) -> None:
            show(progress)
            meanwhile()

        Collector(spec, folder, plan.data_sha256, ledger, tick).run(plan.chunk_size)


def _collect(spec: SweepSpec, folder: SweepFolder, digest: str, ledger: Ledger) -> None:
    from worker.sweeps.collector import Collector
    from worker.sweeps.progress import sweep_progress

    finished = ledger.with_prefix(f"{folder.sweep_id}.", [State.SUCCESS])
    with sweep_progress(_varying(spec), spec.rank_by) as show:
        Collector(spec, folder, digest, ledger, show).collect_finished(finished)


def _forget(folder: SweepFolder, ledger: Ledger) -> None:
    """All of the sweep, on disk and in the queue."""
    _cancel(folder, ledger)
    ended = [state for state in State if state.is_outcome]
    ledger.forget(ledger.with_prefix(f"{folder.sweep_id}.", ended))
    folder.clear()


def _cancel(folder: SweepFolder, ledger: Ledger) -> int:
    """How many chunks it ended."""
    from worker.metas import cancelled_meta

    job_ids = ledger.with_prefix(f"{folder.sweep_id}.", OPEN)
    states = [ledger.cancel(job_id, cancelled_meta(job_id)) for job_id in job_ids]
    return states.count(State.CANCELLED)


def _chunks(folder: SweepFolder, ledger: Ledger) -> dict[str, int]:
    """How many chunks of the sweep stand where in the queue."""
    states = {"running": State.RUNNING, "queued": State.QUEUED, "to_collect": State.SUCCESS}
    prefix = f"{folder.sweep_id}."
    return {name: len(ledger.with_prefix(prefix, [state])) for name, state in states.items()}


def _chunks_note(chunks: dict[str, int]) -> str:
    """What there is of them, for people."""
    words = {"running": "running", "queued": "waiting", "to_collect": "to be kept by --collect"}
    there = [f"{chunks[name]:,} {word}" for name, word in words.items() if chunks[name]]
    return f"chunks: {', '.join(there)}" if there else "nothing of it in the queue"


def _varying(spec: SweepSpec) -> list[str]:
    return [grid.name for grid in spec.grids]


def _report(
    spec: SweepSpec,
    folder: SweepFolder,
    arguments: argparse.Namespace,
    note: str = "",
    chunks: dict[str, int] | None = None,
) -> int:
    counts = folder.counts(spec.total)
    summary = {
        "sweep_id": folder.sweep_id,
        "total": spec.total,
        "succeeded": counts.get("success", 0),
        "failed": counts.get("error", 0),
        "results_dir": os.fspath(folder.path),
        "best": folder.best(spec),
        **({} if chunks is None else {"chunks": chunks}),
    }
    if arguments.json:
        print(json.dumps(summary, ensure_ascii=False, allow_nan=False))
    else:
        from worker.sweeps.report import print_report

        print_report(spec, folder, summary, note)
    return EXIT_OK if summary["succeeded"] == spec.total else EXIT_FAILED
