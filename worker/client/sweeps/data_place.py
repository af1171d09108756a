"""Where the data file of a sweep that starts now is: below the data root, or beside its spec."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrage.errors import ConfigError, DataError
from worker.running.jobs.data_root import resolve_in_root

if TYPE_CHECKING:
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from worker.settings import Settings


def placed(
    spec: SweepSpec, spec_file: Path, settings: Settings, *, is_local: bool
) -> tuple[SweepSpec, Settings]:
    """The spec and the settings with which the data file is found, where this machine has it.

    A relative name is looked for from the data root, and where the spec lies. A command with
    workers of its own takes that folder for the root, unless somebody has set one.

    Raises:
        ConfigError: The workers of this command could not read it: it is outside the data root.
        DataError: They would not find it.
    """
    root, folder = settings.data_root.resolve(), spec_file.parent.resolve()
    name = spec.data_file
    beside = folder / name
    if _is_there(root / name) or Path(name).is_absolute() or not _is_there(beside):
        if is_local:
            _check_for_own_workers(name, root, folder)
        return spec, settings
    real = beside.resolve()
    if real.is_relative_to(root):
        return _renamed(spec, real.relative_to(root)), settings
    if not is_local:
        return spec, settings  # the workers may have it under the same name
    if settings.data_root == Path() and real.is_relative_to(folder):
        return spec, replace(settings, data_root=folder)
    resolve_in_root(str(real), root)  # which refuses it in a sentence
    return spec, settings


def name_in_root(path: str, root: Path) -> str:
    """What a spec calls a file that is there: its path from the data root, where it is below it."""
    real, real_root = Path(path).resolve(), root.resolve()
    return real.relative_to(real_root).as_posix() if real.is_relative_to(real_root) else path


def _check_for_own_workers(name: str, root: Path, folder: Path) -> None:
    path = resolve_in_root(name, root)
    if not _is_there(path):
        places = dict.fromkeys([path, folder / name])
        raise DataError(f"Data file not found: {', nor '.join(map(str, places))}")


def _renamed(spec: SweepSpec, data_file: Path) -> SweepSpec:
    fields = json.loads(spec.to_json())
    return type(spec).model_validate({**fields, "data_file": data_file.as_posix()})


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        raise ConfigError(f"data_file is not a usable path: {str(path)!r}") from None
