"""What a sweep's rows are results of: `<results_dir>/<sweep id>.json`.

It stands beside the folder of the rows and not in it, so that whatever reads Parquet reads the
folder whole. An older version wrote it into the folder, as `sweep.json`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from arbitrage.documents.result import as_text
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.documents.whole_file import write_whole
from arbitrage.errors import ConfigError

OLD_NAME = "sweep.json"


@dataclass(frozen=True, slots=True)
class Description:
    """A sweep in its results folder.

    Attributes:
        spec: The spec as JSON, rank and filters included.
        total: How many configs it has.
        chunk_size: How many of them make a chunk; None before any was sent.
        data: What is known of the data file besides its digest; None where nobody has said it.
        has_had_rows: Whether any of its configs ever had a row; None where an older version, which
            did not say it, wrote the description.
    """

    sweep_id: str
    spec: dict[str, Any]
    data_sha256: str
    engine_version: str
    total: int
    chunk_size: int | None
    data: dict[str, Any] | None = None
    has_had_rows: bool | None = None

    def __post_init__(self) -> None:
        size = self.chunk_size
        if not (size is None or (isinstance(size, int) and size > 0)):
            raise ValueError("a chunk has at least one config")

    @property
    def sweep(self) -> SweepSpec:
        """The spec itself.

        Raises:
            ValueError: This version does not know such a spec.
        """
        return SweepSpec.model_validate(self.spec)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The description in a file, or None where it has none; unknown fields are ignored."""
        known = {field.name for field in fields(cls)}
        try:
            document = json.loads(path.read_bytes())
            return cls(**{name: document[name] for name in known & document.keys()})
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def write(self, path: Path) -> None:
        """Write the file, unless it says so already.

        Raises:
            OSError: It cannot be written.
        """
        text = as_text(asdict(self)) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)


def descriptions(results_dir: Path) -> Iterator[Description]:
    """Those of all sweeps in a results folder, the last written first; none where it is not there.

    Raises:
        ConfigError: It may not be read, or is not a folder.
    """
    _check_readable(results_dir)
    paths = [*results_dir.glob("*.json"), *results_dir.glob(f"*/{OLD_NAME}")]
    for path in sorted(paths, key=_age):
        if found := Description.read(path):
            yield found


def _check_readable(results_dir: Path) -> None:
    """Tell what a glob passes over: a folder that may not be read looks like one without sweeps."""
    try:
        os.scandir(results_dir).close()
        (results_dir / OLD_NAME).exists()  # which asks whether names in it may be looked up
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(
            f"cannot read the results folder {results_dir}: {error.strerror}: give its user the "
            "right to, or set ARBTUNE_RESULTS_DIR to another folder"
        ) from error


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0  # gone in the meantime
