"""Opens a raw file, plain or packed, as the contents in it."""

from __future__ import annotations

import errno
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from arbitrage.data.files.data_file import plain_file, too_large
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.files.packing import MAGICS, damaged, unpacked_blocks
from arbitrage.data.venues.source import HEAD_BYTES, Member
from arbitrage.errors import DataError

_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_DEEPEST = 4  # an archive in an archive: a file can be made that unpacks to itself
_IS_ENCRYPTED = 1  # of the flags of a file in a zip archive
_TAR_BLOCK_BYTES = 512
_UNSOUND = (
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
)
_BLOCK_BYTES = 2**20


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes | None: ...


def members(path: Path, limits: DataLimits) -> Generator[Member, None, None]:
    """The contents of a file, one after the other; each is closed when the next one comes.

    One of a plain file, also when it is packed with gzip or zstd. Of a zip archive those of its
    files in the order of their names, of a tar archive as they stand: it is read once. What is in
    an archive may be packed itself. All is told by content, and nothing by names.

    Args:
        path: The file.
        limits: `max_bytes` bounds it, packed, and each of its contents, unpacked.

    Raises:
        FileNotFoundError: There is no such file.
        DataError: It is not a file, damaged, encrypted or too large.
        OSError: It cannot be read.
    """
    name = str(path)
    with _opened(path, name) as file:
        if os.fstat(file.fileno()).st_size > limits.max_bytes:
            raise too_large(name, limits)
        yield from _members(file, name, limits, 0)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[io.BufferedReader]:
    try:
        with plain_file(path, name) as file:
            yield file
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"Data file not found: {name}") from None


def _members(stream: Readable, name: str, limits: DataLimits, depth: int) -> Iterator[Member]:
    """The contents of a stream, which may be one of an archive itself."""
    buffered = io.BufferedReader(cast("Any", stream), HEAD_BYTES)
    head = buffered.peek(HEAD_BYTES)
    if depth > _DEEPEST:
        raise DataError(f"the data file {name!r} is packed {depth} times over: unpack it first")
    if head.startswith(MAGICS):
        unpacked = _Blocks(unpacked_blocks(buffered, name), name, limits)
        yield from _members(unpacked, name, limits, depth + 1)
    elif head.startswith(_ZIP_MAGICS):
        yield from _of_zip(buffered, name, limits, depth)
    elif head.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        yield from _of_tar(buffered, name, limits, depth)
    else:
        yield Member(name, buffered)


def _of_zip(
    stream: io.BufferedReader, name: str, limits: DataLimits, depth: int
) -> Iterator[Member]:
    if not stream.seekable():
        raise DataError(f"the data file {name!r} is a zip archive in another: unpack it first")
    with _sound(name), zipfile.ZipFile(stream) as archive:
        for file in sorted(archive.infolist(), key=lambda file: file.filename):
            if file.flag_bits & _IS_ENCRYPTED:
                raise DataError(f"the data file {name!r} is encrypted: unpack it first")
            if not file.is_dir():
                with archive.open(file) as packed:
                    yield from _inner(packed, f"{name}:{file.filename}", limits, depth)


def _of_tar(
    stream: io.BufferedReader, name: str, limits: DataLimits, depth: int
) -> Iterator[Member]:
    if stream.seekable():
        _check_end(stream, name)
    with _sound(name), tarfile.open(fileobj=stream, mode="r|") as archive:
        for file in archive:
            if file.isfile():
                content = cast("io.BufferedReader", archive.extractfile(file))
                yield from _inner(content, f"{name}:{file.name}", limits, depth)


def _check_end(stream: io.BufferedReader, name: str) -> None:
    """Refuse a tar archive that was cut: its library takes one that ends in a header for a whole.

    One that is packed again is whole when that packing is.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(size - _TAR_BLOCK_BYTES, 0))
    if size % _TAR_BLOCK_BYTES or any(stream.read(_TAR_BLOCK_BYTES)):
        raise damaged(name, "it ends before its last file does")
    stream.seek(0)


def _inner(content: Readable, name: str, limits: DataLimits, depth: int) -> Iterator[Member]:
    blocks = iter(lambda: _read(content, name), b"")
    return _members(_Blocks(blocks, name, limits), name, limits, depth + 1)


def _read(content: Readable, name: str) -> bytes:
    with _sound(name):
        return content.read(_BLOCK_BYTES) or b""


@contextmanager
def _sound(name: str) -> Iterator[None]:
    """What the libraries of archives raise about a file, as an error that names it."""
    try:
        yield
    except _UNSOUND as why:
        raise damaged(name, why) from why
    except OSError as why:
        # No number has what unpacks bzip2 in a zip, and this one a place before the beginning.
        if why.errno not in {None, errno.EINVAL}:
            raise
        raise damaged(name, why) from why


class _Blocks(io.RawIOBase):
    """Blocks as one stream, which must not be longer than the limits allow."""

    def __init__(self, blocks: Iterator[bytes], name: str, limits: DataLimits) -> None:
        self._blocks = blocks
        self._name = name
        self._limits = limits
        self._length = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As many bytes as are there; 0 at the end alone."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._take(block)
        room = memoryview(buffer).cast("B")
        count = min(len(room), len(self._rest))
        room[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _take(self, block: bytes) -> None:
        self._length += len(block)
        if self._length > self._limits.max_bytes:
            raise too_large(self._name, self._limits)
        self._rest = memoryview(block)
