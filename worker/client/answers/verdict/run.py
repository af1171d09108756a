"""One run of `arbtune verdict`: from the sweep's name to the kept verdict."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.config import parse_config
from arbitrage.errors import ConfigError
from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.results.explain.explanation import explain_config
from arbitrage.results.store.known_sweeps import KnownSweep, sweep_named
from arbitrage.results.verdict.judging import Asked, judge_search
from arbitrage.results.verdict.luck import Tell, Tested, tested_here
from arbitrage.results.verdict.search import search_of
from arbitrage.results.verdict.verdict import Verdict
from arbitrage.shell.progress import live_line
from worker.client.answers.pictures import print_pictures
from worker.client.answers.sweep_data import data_of
from worker.client.answers.verdict.maxima_in_queue import MaximaInQueue
from worker.client.answers.verdict.page import print_verdict
from worker.client.worker_watch import has_workers, look_for_workers
from worker.ledger.connection import open_patient_ledger, redis_errors_in_a_sentence
from worker.settings import Settings

FEW_CONFIGS = 2_000  # which are tested here, before a worker has opened the data


def run_verdict(arguments: argparse.Namespace, settings: Settings) -> None:
    """Judge, keep and print."""
    asked = Asked(arguments.replicates, arguments.seed, arguments.block, arguments.also_tried)
    known = sweep_named(arguments.sweep, settings.results_dir)
    _check_engine(known)
    results_dir = known.folder.path.parent
    search = search_of(known, [results_dir, settings.results_dir])
    data = data_of(known, arguments.sweep, settings)
    is_here = arguments.in_process or search.n_configs <= FEW_CONFIGS or not has_workers(settings)
    with redis_errors_in_a_sentence(settings), _progress(search.n_configs) as tell:
        tested = tested_here if is_here else _in_queue(settings)
        verdict = judge_search(search, data, asked, tested, tell)
    verdict.write(results_dir)
    if arguments.json:
        print(json.dumps(verdict.as_json(), ensure_ascii=False, allow_nan=False))
    else:
        print_verdict(verdict)
        print_pictures(known, equity=_equity(verdict, data), plain=arguments.plain)


def _equity(verdict: Verdict, data: OpenedFile) -> list[float]:
    """That of the best config of the search, in USD."""
    best = parse_config({**verdict.winner["config"], "data_file": verdict.data_file})
    found: list[float] = explain_config(best, data).equity["equity_usd"].to_list()
    return found


def _check_engine(known: KnownSweep) -> None:
    version = known.description.engine_version
    if version != ENGINE_VERSION:
        raise ConfigError(
            f"sweep {known.sweep_id} was run by engine {version}, and this is {ENGINE_VERSION}: "
            "run it again"
        )


def _in_queue(settings: Settings) -> Tested:
    meanwhile = look_for_workers(settings, local=False)
    return MaximaInQueue(open_patient_ledger(settings), meanwhile)


@contextmanager
def _progress(n_configs: int) -> Iterator[Tell]:
    """A function that shows how many configs are tested."""
    done = 0
    with live_line() as show:

        def tell(count: int) -> None:
            nonlocal done
            done += count
            show(f"tested {done:,} of {n_configs:,} configs")

        yield tell
