"""`arbtune sweep SPEC`: its flags, their defaults, its steps."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from arbitrage.documents.spec.sweep_spec import LOW_IS_BETTER, SweepSpec
from arbitrage.errors import ConfigError
from arbitrage.shell.console import EXIT_OK, printable, warn
from worker.client.sweeps.data_place import placed
from worker.commands.driver import import_redis_alone
from worker.settings import Settings

SUMMARY = (
    "run many configs over one data file through the queue and print the ranking; the same command "
    "resumes it, and computes nothing that is in ARBTUNE_RESULTS_DIR already"
)
EXAMPLES = (
    "arbtune sweep sweep.yaml --local",
    "arbtune sweep sweep.yaml --status",
    "arbtune sweep sweep.yaml --json",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "spec",
        metavar="SPEC",
        help="a YAML or JSON file: fixed fields, grids, ranking and filters",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of the ranking"
    )
    parser.add_argument("--plain", action="store_true", help="print no colour, for logs")
    parser.add_argument(
        "--local",
        action="store_true",
        help="start a Redis server and workers for this command alone",
    )
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="run it even if no spread in the file reaches its lowest threshold",
    )
    parser.add_argument(
        "--explain-plan",
        action="store_true",
        help="say which kernels run its configs (docs/sweeps.md), and run nothing",
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--status", action="store_true", help="show how far the sweep is, and run nothing"
    )
    other.add_argument(
        "--collect", action="store_true", help="keep what is finished, and send nothing"
    )
    other.add_argument("--cancel", action="store_true", help="cancel its jobs that wait or run")
    other.add_argument(
        "--fresh",
        action="store_true",
        help="forget its results, copy none of other sweeps, and start anew",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run, resume, or look after a sweep; 0 when every config succeeded."""
    if arguments.local and (arguments.collect or arguments.cancel):
        raise ConfigError("--local is for running: its server knows nothing of an earlier run")
    path = Path(arguments.spec)
    spec = SweepSpec.from_file(path)
    if arguments.explain_plan:
        _check_alone(arguments)
        from worker.client.sweeps.explain import explain_plan  # numpy

        print(explain_plan(spec, as_json=arguments.json))
        return EXIT_OK
    if first := LOW_IS_BETTER.get(spec.rank_by):
        warn(
            f"rank_by: {spec.rank_by} is descending: {first} comes first; "
            f"filters: {{{spec.rank_by}: X}} keeps it small"
        )
    spec, settings = placed(spec, path, Settings.from_environment(), is_local=arguments.local)
    if sys.stderr.isatty() and not (arguments.status or arguments.collect or arguments.cancel):
        line = f"{spec.total:,} configs over {printable(spec.data_file)}"
        print(line, file=sys.stderr, flush=True)
    import_redis_alone()
    from worker.client.sweeps.run import run_sweep  # Redis and polars: the line comes before them

    return run_sweep(arguments, spec, settings)


def _check_alone(arguments: argparse.Namespace) -> None:
    """Refuse what has no meaning beside --explain-plan, which looks at the spec alone."""
    for name in ("local", "anyway", "status", "collect", "cancel", "fresh"):
        if getattr(arguments, name):
            raise ConfigError(f"--explain-plan runs nothing: give it without --{name}")
