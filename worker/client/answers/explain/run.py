"""One run of `arbtune explain`."""

from __future__ import annotations

import argparse
import json

from arbitrage.errors import DataError
from arbitrage.results.explain.break_even import break_evens
from arbitrage.results.explain.explanation import explain_config
from arbitrage.results.explain.ladder import ladder
from arbitrage.results.explain.resolution import row_seconds
from arbitrage.results.explain.table_file import refuse_one_file, write_table
from arbitrage.shell.progress import live_line
from worker.client.answers.explain.asked_config import asked_config
from worker.client.answers.explain.page import Page, print_page
from worker.client.answers.pictures import print_pictures
from worker.settings import Settings


def explain(arguments: argparse.Namespace, settings: Settings) -> None:
    """Run the config again, write the tables, and print the rest.

    Raises:
        ConfigError: Nothing is called so, its data are not here, or a file cannot be written.
        DataError: The data cannot be used.
    """
    refuse_one_file(trades=arguments.trades, equity=arguments.equity)
    with live_line() as tell:
        tell("reading the data")
        try:
            asked = asked_config(arguments.config, settings)
        except FileNotFoundError as error:  # whose sentence is that of a job
            raise DataError(str(error)) from error
        tell("running it again")
        explanation = explain_config(asked.config, asked.data)
        for table, path in (
            (explanation.trades, arguments.trades),
            (explanation.equity, arguments.equity),
        ):
            if path is not None:
                write_table(table, path)
        tell("running it under other conditions")
        rungs, limits = ladder(asked.config, asked.data), break_evens(asked.config, asked.data)
        seconds = row_seconds(asked.data)
    if arguments.json:
        document = {
            **asked.place,
            **explanation.as_json(),
            "ladder": [rung._asdict() for rung in rungs],
            "break_evens": limits._asdict(),
        }
        print(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        print_page(Page(asked.place, explanation, rungs, limits, seconds), plain=arguments.plain)
        if asked.sweep is not None:
            print_pictures(asked.sweep, plain=arguments.plain)
