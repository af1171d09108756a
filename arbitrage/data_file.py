"""The bytes of a data file: opened without blocking, bounded, hashed, unpacked."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import stat
import zlib
from dataclasses import dataclass
from typing import Protocol

from arbitrage.errors import RETRYABLE_ERRNOS, DataError
from arbitrage.validation import shown

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class DataLimits:
    """Bounds on a data file. `max_bytes` holds for what a compressed file unpacks to as well."""

    max_rows: int = 1_000_000_000
    max_bytes: int = 64 * 2**30


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file's content, unpacked; `sha256` is that of the bytes as they are stored."""

    name: str
    content: bytes
    sha256: str


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_data_file(path: str | os.PathLike[str], limits: DataLimits, name: str) -> DataFile:
    """Read a whole file.

    Args:
        path: Where the file is.
        limits: Bounds on its size, packed and unpacked.
        name: What messages call it.

    Raises:
        FileNotFoundError: `Data file not found: NAME`.
        DataError: It is no plain file, cannot be read or unpacked, or is too large.
        OSError: The file system failed in a way that may pass.
    """
    try:
        stored = _read(path, limits, name)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"Data file not found: {name}") from None
    except OSError as error:
        if error.errno in RETRYABLE_ERRNOS:
            raise
        raise DataError(f"cannot read the data file {shown(name)}: {error.strerror}") from error
    except ValueError as error:  # a NUL or a lone surrogate in the path
        raise DataError(f"{shown(name)} is no path of a data file: {error}") from error
    return DataFile(name, _unpacked(stored, limits, name), hashlib.sha256(stored).hexdigest())


def _read(path: str | os.PathLike[str], limits: DataLimits, name: str) -> bytes:
    # Without O_NONBLOCK the opening of a FIFO waits for somebody to write into it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"the data file {shown(name)} is {_kind(status.st_mode)}, not a file")
        if status.st_size > limits.max_bytes:
            raise _too_large(name, limits)
        return file.read()


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _too_large(name: str, limits: DataLimits) -> DataError:
    return DataError(
        f"the data file {shown(name)} is larger than {limits.max_bytes:,} bytes (ARBTUNE_MAX_BYTES)"
    )


def _unpacked(stored: bytes, limits: DataLimits, name: str) -> bytes:
    try:
        if stored.startswith(GZIP_MAGIC):
            with gzip.open(io.BytesIO(stored)) as file:
                return _bounded(file, limits, name)
        if stored.startswith(ZSTD_MAGIC):
            return _unpacked_zstd(stored, limits, name)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno in (errno.EIO, errno.ENOMEM):
            raise
        raise DataError(f"the data file {shown(name)} is a damaged archive: {error}") from error
    return stored


def _unpacked_zstd(stored: bytes, limits: DataLimits, name: str) -> bytes:
    import zstandard  # for these files alone

    try:
        reader = zstandard.ZstdDecompressor().stream_reader(stored, read_across_frames=True)
        with reader as file:
            return _bounded(file, limits, name)
    except zstandard.ZstdError as error:
        raise DataError(f"the data file {shown(name)} is a damaged archive: {error}") from error


def _bounded(file: _Readable, limits: DataLimits, name: str) -> bytes:
    """Everything that the archive holds, or an error as soon as it is too much."""
    content = io.BytesIO()
    while block := file.read(2**20):
        if content.tell() + len(block) > limits.max_bytes:
            raise _too_large(name, limits)
        content.write(block)
    return content.getvalue()
