"""The bytes of a data file: opened without blocking, bounded, hashed, unpacked."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from arbitrage.data.files.big_buffer import read_whole
from arbitrage.data.files.digest import Digest
from arbitrage.data.files.packing import MAGICS, unpacked_blocks
from arbitrage.errors import DataError, is_retryable


@dataclass(frozen=True, slots=True)
class DataLimits:
    """Bounds on a data file. `max_bytes` holds for what a compressed file unpacks to as well."""

    max_rows: int = 1_000_000_000
    max_bytes: int = 64 * 2**30


@dataclass(frozen=True, slots=True)
class Identity:
    """A file as it was at one moment, without its content."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int  # which `cp -p` and `touch -r` cannot set

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        return cls(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file's content, as it is stored and unpacked, and what it was when it was opened."""

    name: str
    stored: bytes
    content: bytes
    identity: Identity
    digest: Digest

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes as they are stored."""
        return self.digest.hexdigest()


def read_data_file(path: str | os.PathLike[str], limits: DataLimits, name: str) -> DataFile:
    """Read a whole file.

    Args:
        path: Where the file is.
        limits: Bounds on its size, packed and unpacked.
        name: What messages call it.

    Raises:
        FileNotFoundError: `Data file not found: NAME`.
        DataError: It is not a plain file, cannot be read or unpacked, or is too large.
        OSError: The file system failed in a way that may pass.
    """
    try:
        stored, digest, identity = _read(path, limits, name)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"Data file not found: {name}") from None
    except OSError as error:
        if is_retryable(error):
            raise
        raise DataError(f"cannot read the data file {name!r}: {error.strerror}") from error
    except DataError:  # which is a ValueError too, and says it all
        raise
    except ValueError as error:  # a NUL or a lone surrogate in the path
        raise DataError(f"{name!r} is not a path of a data file: {error}") from error
    return DataFile(name, stored, _unpacked(stored, limits, name), identity, digest)


def _read(
    path: str | os.PathLike[str], limits: DataLimits, name: str
) -> tuple[bytes, Digest, Identity]:
    with plain_file(path, name) as file:
        status = os.fstat(file.fileno())
        if status.st_size > limits.max_bytes:
            raise too_large(name, limits)
        return *read_whole(file, status.st_size), Identity.of(status)


@contextmanager
def plain_file(path: str | os.PathLike[str], name: str) -> Iterator[io.BufferedReader]:
    """A file opened for reading, whatever stands at its path.

    Raises:
        DataError: It is a folder, a device, a pipe.
        OSError: It cannot be opened.
    """
    # Without O_NONBLOCK the opening of a FIFO waits for somebody to write into it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise DataError(f"the data file {name!r} is {_kind(mode)}, not a file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def too_large(name: str, limits: DataLimits) -> DataError:
    """The error of a file with more bytes than the settings allow."""
    return DataError(
        f"the data file {name!r} is larger than {limits.max_bytes:,} bytes (ARBTUNE_MAX_BYTES)"
    )


def _unpacked(stored: bytes, limits: DataLimits, name: str) -> bytes:
    if not stored.startswith(MAGICS):
        return stored
    content = io.BytesIO()
    packed = io.BufferedReader(cast("Any", io.BytesIO(stored)))
    for block in unpacked_blocks(packed, name):
        if content.tell() + len(block) > limits.max_bytes:
            raise too_large(name, limits)
        content.write(block)
    return content.getvalue()
