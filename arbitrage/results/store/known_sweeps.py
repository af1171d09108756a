"""Finds sweeps among the results by what users call them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError, UnknownSweepError
from arbitrage.results.store.description import Description, descriptions
from arbitrage.results.store.folder import SweepFolder

LATEST = "latest"


class KnownSweep(NamedTuple):
    """A sweep of a results folder; its rows need not be all there."""

    description: Description
    spec: SweepSpec
    folder: SweepFolder

    @property
    def sweep_id(self) -> str:
        return self.description.sweep_id

    @property
    def done(self) -> int:
        """How many configs have a row."""
        return sum(part.stop - part.start for part in self.folder.parts(self.spec.total))


def known_sweeps(results_dir: Path) -> Iterator[KnownSweep]:
    """Those of a results folder, the last written first; without specs that are not of today."""
    for description in descriptions(results_dir):
        if found := _known(description, results_dir):
            yield found


def sweep_named(word: str, results_dir: Path) -> KnownSweep:
    """The sweep that a user means.

    Args:
        word: `latest`, a sweep id or a beginning that only one has, the folder of a sweep's rows,
            or a spec file, which means its last run.
        results_dir: Where sweeps are looked for.

    Raises:
        UnknownSweepError: There is none.
        ConfigError: Several begin like that.
    """
    if word == LATEST:
        return _one_of([*known_sweeps(results_dir)][:1], word, results_dir)
    begins_so = [one for one in known_sweeps(results_dir) if one.sweep_id.startswith(word)]
    if word and begins_so:
        return _one_of(begins_so, word, results_dir)
    path = Path(word)
    if word and path.is_dir():
        return _one_of([*_in_folder(path)], word, results_dir)
    if not path.is_file():
        raise _no_sweep(word, results_dir)
    identity = SweepSpec.from_file(path).identity()
    runs = [one for one in known_sweeps(results_dir) if one.spec.identity() == identity]
    return _one_of(runs[:1], word, results_dir)


def config_named(word: str, results_dir: Path) -> tuple[KnownSweep, int | None]:
    """The sweep that a user means by SWEEP or SWEEP:N, and the number N of its config.

    Raises:
        UnknownSweepError: There is no such sweep.
        ConfigError: It has no such config, or several sweeps begin like that.
    """
    name, mark, number = word.rpartition(":")
    if not mark or Path(word).exists():
        return sweep_named(word, results_dir), None
    known = sweep_named(name, results_dir)
    if not (number.isascii() and number.isdecimal()):
        raise ConfigError(f"{word!r:.60}: a config's number is a whole number, not {number!r:.60}")
    if int(number) >= known.spec.total:
        raise ConfigError(
            f"{word!r:.60}: the sweep has configs 0 to {known.spec.total - 1:,}, as its rows say"
        )
    return known, int(number)


def _one_of(found: list[KnownSweep], word: str, results_dir: Path) -> KnownSweep:
    if not found:
        raise _no_sweep(word, results_dir)
    if len(found) > 1:
        ids = ", ".join(sorted(one.sweep_id for one in found))
        raise ConfigError(f"{word!r:.60} is the beginning of several sweeps: {ids:.200}")
    return found[0]


def _no_sweep(word: str, results_dir: Path) -> UnknownSweepError:
    return UnknownSweepError(f"no sweep {word!r:.60} in {results_dir}: see arbtune sweeps")


def _in_folder(path: Path) -> Iterator[KnownSweep]:
    real = path.resolve()
    description = SweepFolder(real.parent, real.name).description()
    if description and (found := _known(description, real.parent)):
        yield found


def _known(description: Description, results_dir: Path) -> KnownSweep | None:
    try:
        spec = description.sweep
    except ValueError:
        return None
    return KnownSweep(description, spec, SweepFolder(results_dir, description.sweep_id))
