"""The figures of a chunk as they travel back: a compressed table, packed into text."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import polars as pl

from arbitrage.results.store.rows import FIGURE_TYPES, with_timestamps

if TYPE_CHECKING:  # numba takes 0.2 s to import, and the client of a sweep has no other use for it
    from arbitrage.replay.files.opened_file import OpenedFile
    from arbitrage.replay.many_configs import FigureArrays


def packed(figures: FigureArrays, data: OpenedFile) -> str:
    """The figures as text; Arrow's IPC format in base64."""
    columns = with_timestamps(figures, data.timestamp)
    frame = pl.DataFrame(columns, schema=FIGURE_TYPES)
    content = io.BytesIO()
    frame.write_ipc(content, compression="zstd")
    return base64.b64encode(content.getbuffer()).decode()


def unpacked(text: str) -> dict[str, pl.Series]:
    """The figures by their names, one element a config."""
    frame = pl.read_ipc(io.BytesIO(base64.b64decode(text)))
    return {name: frame[name] for name in FIGURE_TYPES}
