"""A data file that is open: bounded, unpacked and hashed while it is read."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.files.digest import Digest
from arbitrage.data.files.packing import MAGICS, unpacked_blocks
from arbitrage.errors import DataChanged, DataError, is_retryable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD_BYTES = 2**16
BLOCK_BYTES = 2**21
_PACKED_BYTES = 2**20  # that are read of an archive at a time


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


class DataFile:
    """A file that is open, to be read once: by `blocks`, or anywhere by `stored`.

    Attributes:
        name: What messages call it.
        identity: What it was when it was opened.
        content_bytes: How many bytes of content have been read.
    """

    def __init__(
        self, stored: io.BufferedReader, limits: DataLimits, name: str, identity: Identity
    ) -> None:
        self.name = name
        self.identity = identity
        self.content_bytes = 0
        self._stored = stored
        self._limits = limits
        self._digest = Digest()
        self._is_hashed_apart: bool | None = None  # from the rest, or as it is read

    @cached_property
    def is_packed(self) -> bool:
        """Whether it is an archive."""
        with _in_our_words(self.name):
            return os.pread(self._stored.fileno(), max(map(len, MAGICS)), 0).startswith(MAGICS)

    @cached_property
    def head(self) -> bytes:
        """The first bytes of the content; at least `HEAD_BYTES` unless it is shorter.

        Raises:
            DataError, OSError: As `blocks`.
        """
        head = io.BytesIO()
        for block in self._content(None):
            head.write(block)
            if head.tell() >= HEAD_BYTES:
                break
        return head.getvalue()

    def blocks(self) -> Iterator[bytes]:
        """The content, unpacked, in blocks of any size.

        Raises:
            DataError: It cannot be read or unpacked, or is too large.
            OSError: The file system failed in a way that may pass.
        """
        if self._is_hashed_apart is None:
            self._is_hashed_apart = False
        for block in self._content(None if self._is_hashed_apart else self._digest):
            self.content_bytes += len(block)
            if self.content_bytes > self._limits.max_bytes:
                raise too_large(self.name, self._limits)
            yield block

    def stored(self) -> io.BufferedReader:
        """The file itself, to be read anywhere."""
        self._hash_apart()
        self.content_bytes = self.identity.size
        return self._stored

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes as they are stored: of all, or of what `blocks` has read so far.

        Raises:
            DataChanged: It was written to after it was opened, and was not hashed as it was read.
            OSError: It cannot be read.
        """
        self._hash_apart()
        with _in_our_words(self.name):
            digest = self._digest.hexdigest()
            status = os.fstat(self._stored.fileno())
        written = (status.st_size, status.st_mtime_ns)
        if self._is_hashed_apart and written != (self.identity.size, self.identity.mtime_ns):
            raise DataChanged(f"the data file {self.name!r} has changed while it was being read")
        return digest

    def close(self) -> None:
        """Stop hashing."""
        self._digest.close()

    def _content(self, digest: Digest | None) -> Iterator[bytes]:
        stored = _Stored(self._stored, self.name, digest)
        if self.is_packed:
            yield from unpacked_blocks(io.BufferedReader(stored, _PACKED_BYTES), self.name)
        else:
            while block := stored.read(BLOCK_BYTES):
                yield block

    def _hash_apart(self) -> None:
        if self._is_hashed_apart is None:
            self._is_hashed_apart = True
            with _in_our_words(self.name):
                self._digest.take_file(self._stored.fileno())


class _Stored(io.RawIOBase):
    """The bytes of a file from its beginning, hashed as they are read where a digest is given."""

    def __init__(self, file: io.BufferedReader, name: str, digest: Digest | None) -> None:
        super().__init__()
        self._file = file
        self._name = name
        self._digest = digest
        with _in_our_words(name):
            file.seek(0)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with _in_our_words(self._name):
            block = self._file.read(size)
        if self._digest is not None:
            self._digest.take(block)
        return block

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer)
        block = self.read(len(target))
        target[: len(block)] = block
        return len(block)


@contextmanager
def opened_data_file(
    path: str | os.PathLike[str], limits: DataLimits, name: str
) -> Iterator[DataFile]:
    """A file that is opened for reading.

    Args:
        path: Where the file is.
        limits: Bounds on its size, packed and unpacked.
        name: What messages call it.

    Raises:
        FileNotFoundError: `Data file not found: NAME`.
        DataError: It is not a plain file, cannot be read, or is too large.
        OSError: The file system failed in a way that may pass.
    """
    with ExitStack() as stack:
        with _in_our_words(name):
            stored = stack.enter_context(plain_file(path, name))
            identity = Identity.of(os.fstat(stored.fileno()))
        if identity.size > limits.max_bytes:
            raise too_large(name, limits)
        file = DataFile(stored, limits, name, identity)
        stack.callback(file.close)
        yield file


@contextmanager
def _in_our_words(name: str) -> Iterator[None]:
    """What the file system raises, as the errors of this package; what may pass as it is."""
    try:
        yield
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


def too_many_rows(name: str, max_rows: int) -> DataError:
    """The error of a file with more rows than the settings allow."""
    return DataError(f"the data file {name!r} has more than {max_rows:,} rows (ARBTUNE_MAX_ROWS)")
