"""Keeps the files of queued jobs inside the data root."""

from __future__ import annotations

from pathlib import Path

from arbitrage.errors import ConfigError


def check_root(root: Path) -> None:
    """Refuse a data root that is not a folder, before a worker starts on it.

    Raises:
        ConfigError: It is not a folder.
    """
    if not root.is_dir():
        raise ConfigError(f"ARBTUNE_DATA_ROOT is not a folder: {root}")


def resolve_in_root(data_file: str, root: Path) -> Path:
    """The real path of a queued `data_file`, links followed.

    A relative path is taken from `root`; whatever resolves outside of it is refused, since whoever
    can reach Redis could otherwise read any file of the worker's machine.

    Raises:
        ConfigError: The path leaves the root, or is not a path at all.
    """
    try:
        real_root = root.resolve()
        path = (real_root / data_file).resolve()
    except (OSError, ValueError, RuntimeError):
        raise ConfigError(f"data_file is not a usable path: {data_file!r}") from None
    if not path.is_relative_to(real_root):
        raise ConfigError(
            f"data_file is outside the data root: {data_file!r} "
            f"(jobs read files below ARBTUNE_DATA_ROOT only, which is {real_root}: "
            "move the file there, or set it to a folder above the file)"
        )
    return path
