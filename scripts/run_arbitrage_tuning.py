"""One tuning job, here and now: `python -m scripts.run_arbitrage_tuning`, or `arbtune run`.

Prints the result document, or writes it to `--output-json`. Exit status: 0 success, 1 a
configuration or data error, 2 an unexpected error; errors are one line on stderr. Where stderr is a
terminal, a successful run is told there in a few lines as well.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig, TuningMetrics
from arbitrage.documents.result import (
    Document,
    as_text,
    error_document,
    error_record,
    sentence,
    success_document,
    write_document,
)
from arbitrage.errors import ConfigError, is_user_error
from arbitrage.results.explain.table_file import refuse_one_file, table_path, write_table
from arbitrage.shell.console import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNEXPECTED,
    ArgumentParser,
    run_command,
    say,
)
from arbitrage.shell.flags import add_config_flags, config_from_flags

SUMMARY = (
    "run one job in this process and print its result document; exit status 0: success, "
    "1: a wrong config or bad data, 2: an unexpected error"
)
EXAMPLES = (
    (
        "python -m scripts.run_arbitrage_tuning --data-file "
        "data/sample_arbitrage_prices.csv --min-spread-bps 40 --taker-fee-a-bps 5 "
        "--taker-fee-b-bps 5 --slippage-bps 2 --max-position-usd 1000"
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    add_config_flags(parser)
    _add_output_flag(parser)
    parser.add_argument(
        "--trades",
        type=table_path,
        metavar="FILE",
        help="also write its trades, a row each; the name ends in .csv or .parquet",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the job that the flags describe; the exit status."""
    config_json: Document | None = None
    try:
        config = config_from_flags(arguments)
        config_json = config.model_dump(mode="json")
        refuse_one_file(trades=arguments.trades, output_json=arguments.output_json)
        metrics = _metrics(config, arguments.trades)
    except Exception as error:  # noqa: BLE001 - whatever it is, its document is owed
        return report_error(arguments.output_json, config_json, error)
    document = success_document(config_json, metrics.model_dump(mode="json"))
    if arguments.output_json is None:
        print(as_text(document), flush=True)
        status = EXIT_OK
    else:
        status = _write(arguments.output_json, document)
    if status == EXIT_OK and sys.stderr.isatty():
        print(_in_short(document["metrics"]), file=sys.stderr)
    return status


def _metrics(config: TuningConfig, trades: Path | None) -> TuningMetrics:
    """What the job came to; its trades are written on the way, where they are wanted."""
    if trades is None:
        return ArbitrageTuningRunner(config).run()
    from arbitrage.sweep import explain  # numba and polars

    explanation = explain(config)
    write_table(explanation.trades, trades)
    return explanation.metrics


def _in_short(metrics: Document) -> str:
    """What came out, and what is easily missed in the document: a stop, rows that were skipped.

    A file whose books are mostly unusable, as one with prices below 0, makes few trades only.
    """
    data, stop = metrics["config_summary"], metrics["stopped_timestamp"]
    net, realized = metrics["net_pnl_usd"], metrics["realized_pnl_usd"]
    end = "not stopped" if stop is None else f"stopped by it at {stop}"
    lines = [
        f"{metrics['total_trades']:,} trades, {metrics['open_trades']:,} of them still open",
        f"net profit {net:z,.2f} USD, realized {realized:z,.2f} USD",
        f"drawdown {metrics['max_drawdown_pct']:.2f} %, {end}",
    ]
    stale = data["stale_snapshots"]
    for count, reason in (
        (data["skipped_snapshots"] - stale, "an empty, crossed or locked book"),
        (stale, "a quote older than max_quote_age_ms"),
    ):
        if count:
            lines.append(f"{count:,} of {data['snapshots_count']:,} rows skipped: {reason}")
    return "\n".join(lines)


def on_usage_error(argv: list[str], error: ConfigError) -> int:
    """A wrong argument leaves its error document too, where the rest of the line says where."""
    finder = ArgumentParser(add_help=False)
    _add_output_flag(finder)
    try:
        output = finder.parse_known_args(argv)[0].output_json
    except ConfigError:
        output = None
    return report_error(output, None, error)


def _add_output_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output-json",
        type=Path,
        metavar="PATH",
        help="write the document to this file instead of stdout; folders above it are created",
    )


def report_error(output: Path | None, config: Document | None, error: BaseException) -> int:
    say(sentence(error))
    if output is not None:
        _write(output, error_document(config, error_record(error)))
    return EXIT_FAILED if is_user_error(error) else EXIT_UNEXPECTED


def _write(path: Path, document: Mapping[str, object]) -> int:
    try:
        write_document(path, document)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a loop of links
        say(f"cannot write {path}: {getattr(error, 'strerror', None) or error}")
        return EXIT_FAILED
    return EXIT_OK


def main(argv: list[str] | None = None) -> int:
    """The command as a program of its own."""
    arguments = sys.argv[1:] if argv is None else argv
    return run_command("python -m scripts.run_arbitrage_tuning", sys.modules[__name__], arguments)


if __name__ == "__main__":
    sys.exit(main())
