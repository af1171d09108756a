"""The rows of a sweep in one file, and a line about it."""

from __future__ import annotations

import json
from pathlib import Path

from arbitrage.errors import ConfigError
from arbitrage.results.export.exporting import export, writer_for
from arbitrage.results.store.known_sweeps import sweep_named
from arbitrage.shell.console import printable
from arbitrage.shell.progress import live_line


def export_sweep(word: str, output: str, results_dir: Path, *, as_json: bool) -> None:
    """Write the file and say how much is in it.

    Raises:
        ConfigError: There is no such sweep, it has no rows, or the file cannot be written there.
        DataError: A part of the rows is damaged.
    """
    path = Path(output)
    writer_for(path)  # refuses a wrong name before the sweep is looked for
    known = sweep_named(word, results_dir)
    if not known.done:
        raise ConfigError(f"sweep {known.sweep_id} has no results yet: run it")
    try:
        with live_line() as tell:
            count = export(known, path, tell)
    except OSError as error:
        raise ConfigError(f"cannot write {output!r:.200}: {error.strerror}") from error
    if as_json:
        print(json.dumps({"output": output, "sweep_id": known.sweep_id, "written": count}))
    else:
        print(f"{count:,} of {known.spec.total:,} configs written to {printable(output)}")
