"""Opens the data file that a sweep was run on, and refuses one that has changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbitrage.errors import ConfigError
from arbitrage.replay.many_configs import open_data
from worker.client.answers.data_places import files_of

if TYPE_CHECKING:
    from arbitrage.replay.files.opened_file import OpenedFile
    from arbitrage.results.store.known_sweeps import KnownSweep
    from worker.settings import Settings


def data_of(known: KnownSweep, word: str, settings: Settings) -> OpenedFile:
    """The data that a sweep is over.

    Args:
        known: The sweep.
        word: What the user calls it: where that is a spec file, the data may be beside it.
        settings: Whose data root comes first.

    Raises:
        ConfigError: The file is not here, or it is another than the sweep was run on.
        DataError, OSError: It cannot be used.
    """
    name = known.spec.data_file
    there = files_of(known, word, settings)
    if not there:
        raise ConfigError(
            f"sweep {known.sweep_id} is over {name}, which is not here: set ARBTUNE_DATA_ROOT to "
            "the folder that its path begins in"
        )
    for place in there:
        data = open_data(place, settings.data_limits, name=name)
        if data.data_sha256 == known.description.data_sha256:
            return data
    raise ConfigError(
        f"{name} has changed since sweep {known.sweep_id} was run on it: run the sweep again"
    )
