"""Packed bytes told by their first ones, and unpacked block by block: gzip and zstd."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator

import zstandard

from arbitrage.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# A frame without content, such as pzstd puts before each of its own; the low half byte is free.
ZSTD_SKIPPABLE_MAGICS = tuple(bytes([0x50 + kind]) + b"\x2a\x4d\x18" for kind in range(16))
MAGICS = (GZIP_MAGIC, ZSTD_MAGIC, *ZSTD_SKIPPABLE_MAGICS)
"""What packed content begins with."""

_GZIP_BLOCK_BYTES = 2**20
# Packed bytes unpacked at a time: zstd may hold 10,000 times as many, and a bomb must not get far.
_ZSTD_STEP_BYTES = 4_096
_ZSTD_HEADER_BYTES = 18  # of a frame, at most
_ZSTD_LARGEST_WINDOW = 2**31  # of the format's library; its memory is taken when a frame has it


def unpacked_blocks(packed: io.BufferedReader, name: str) -> Iterator[bytes]:
    """What a gzip or zstd archive holds, in blocks of bounded size.

    Args:
        packed: It stands at one of `MAGICS`.
        name: What messages call the file.

    Raises:
        DataError: The archive is damaged or cut short, or its window is too large for the memory.
        OSError: It cannot be read.
    """
    is_gzip = packed.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
    try:
        yield from _gzip_blocks(packed) if is_gzip else _zstd_blocks(packed, name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise damaged(name, error) from error


def damaged(name: str, why: object) -> DataError:
    """The error of an archive that cannot be unpacked to its end."""
    return DataError(f"the data file {name!r} is a damaged archive: {why}; fetch the file again")


def _gzip_blocks(packed: io.BufferedReader) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=packed) as file:
        while block := file.read(_GZIP_BLOCK_BYTES):
            yield block


def _zstd_blocks(packed: io.BufferedReader, name: str) -> Iterator[bytes]:
    """All frames of the archive; the library gives those that are to be skipped as empty ones.

    Frame by frame, because the library's stream reader takes an archive that was cut for a whole.
    """
    # One for all frames: it is dear to make, and they may be tiny.
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_LARGEST_WINDOW)
    step = packed.read(_ZSTD_STEP_BYTES)
    while step:
        if len(step) < _ZSTD_HEADER_BYTES:
            step += packed.read(_ZSTD_STEP_BYTES)
        beginning = step[:_ZSTD_HEADER_BYTES]
        frame = decompressor.decompressobj()
        try:
            while not frame.eof:
                if not step:
                    raise EOFError("it ends before its last frame does")
                yield frame.decompress(step)
                step = frame.unused_data or packed.read(_ZSTD_STEP_BYTES)
        except zstandard.ZstdError as error:
            if "memory" in str(error):  # for the window, which is taken where the frame begins
                raise _too_wide(name, _window_of(beginning)) from error
            raise damaged(name, error) from error


def _window_of(beginning: bytes) -> str:
    """The size of a frame's window, which the library does not say where it is above its own."""
    try:
        return f"{zstandard.get_frame_parameters(beginning).window_size:,} bytes"
    except zstandard.ZstdError:
        return f"more than {_ZSTD_LARGEST_WINDOW:,} bytes"


def _too_wide(name: str, window: str) -> DataError:
    return DataError(
        f"the data file {name!r} is packed with a window of {window}, for which there is no memory "
        "(ARBTUNE_JOB_MEMORY_BYTES); pack it without --long"
    )
