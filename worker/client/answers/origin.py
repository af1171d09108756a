"""A config to begin with, of a sweep that was run before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from arbitrage.errors import ConfigError
from arbitrage.replay.files.data_cache import file_digest
from arbitrage.results.querying.plateau import shown_best
from arbitrage.results.store.known_sweeps import config_named
from arbitrage.shell.console import warn

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
    if number is None:
        best = shown_best(known)
        if best is None:
            raise ConfigError(
                f"sweep {known.sweep_id} has no best config: name one, as in SWEEP:17"
            )
        number = int(best["config_number"])
    fields = known.spec.config(number).model_dump(mode="json")
    places = (settings.data_root / fields["data_file"], Path(word).parent / fields["data_file"])
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        return fields
    if file_digest(found) != known.description.data_sha256:
        warn(f"{found} has changed since sweep {known.sweep_id} was run on it: figures may differ")
    return {**fields, "data_file": str(found)}
