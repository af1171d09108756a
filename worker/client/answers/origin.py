"""The config that `arbtune run --from` begins with: one of a sweep that was run before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arbitrage.replay.files.data_cache import file_digest
from arbitrage.results.querying.plateau import chosen_number
from arbitrage.results.store.known_sweeps import config_named
from arbitrage.shell.console import warn
from worker.client.answers.data_places import files_of

if TYPE_CHECKING:
    from worker.settings import Settings


def config_from(word: str, settings: Settings) -> dict[str, Any]:
    """The fields of a config, its data file as a path from here.

    Args:
        word: SWEEP:N, or SWEEP for its best config.
        settings: Where results and data are.

    Raises:
        ConfigError: There is no such sweep or config, or no config of it has traded.
        DataError: The results are damaged.
    """
    known, number = config_named(word, settings.results_dir)
    fields = known.spec.config(chosen_number(known, number)).model_dump(mode="json")
    found = next(iter(files_of(known, word, settings)), None)
    if found is None:
        return fields
    if file_digest(found) != known.description.data_sha256:
        warn(f"{found} has changed since sweep {known.sweep_id} was run on it: figures may differ")
    return {**fields, "data_file": str(found)}
