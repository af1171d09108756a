"""Where on this machine the data file of a sweep may be: by its name; what is in it is not read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from arbitrage.errors import ArbtuneError

if TYPE_CHECKING:
    from arbitrage.results.store.known_sweeps import KnownSweep
    from worker.settings import Settings


def files_of(known: KnownSweep, word: str, settings: Settings) -> list[Path]:
    """The files that are there under its name, those of the data root first.

    Args:
        known: The sweep.
        word: What the user calls it: where that is a spec file, the data may be beside it.
        settings: Whose data root comes first.

    Raises:
        ArbtuneError: The name is not a usable path.
    """
    name = known.spec.data_file
    places = dict.fromkeys([settings.data_root / name, Path(name), Path(word).parent / name])
    return [place for place in places if _is_file(place)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError) as error:
        raise ArbtuneError(f"data_file is not a usable path: {str(path)!r:.80}") from error
