"""A checksum of rows, which a part carries: whoever copies from it knows that it is whole.

Parquet as polars writes it has none: a flipped bit on a disk is mostly read as another number.
"""

from __future__ import annotations

import hashlib

import polars as pl

CHECKSUM = "arbtune.checksum"
"""Its name in the metadata of a Parquet file."""


def checksum_of(rows: pl.DataFrame) -> str:
    """A digest of all cells in their order, whatever the file looks like that holds them."""
    digest = hashlib.blake2b(digest_size=16)
    for column in rows:
        digest.update(column.is_null().to_numpy().tobytes())
        if column.dtype == pl.String:
            texts = column.fill_null("")
            digest.update(texts.str.len_bytes().to_numpy().tobytes())
            digest.update("".join(texts).encode())
        else:
            digest.update(column.fill_null(0).to_numpy().tobytes())
    return digest.hexdigest()
