"""A file's bytes: hashed while they are read, and into huge pages where the system has them.

Of the time that it takes to read a large file out of the page cache, three quarters are page
faults: one each 4 KiB of a fresh buffer. In pages of 2 MiB there are 512 times fewer.
"""

from __future__ import annotations

import ctypes
import io
import mmap

from arbitrage.data.files.digest import Digest

_LARGE_BYTES = 8 * 2**20
_BLOCK_BYTES = 2**21


def read_whole(file: io.BufferedReader, size: int) -> tuple[bytes, Digest]:
    """All bytes of a file that was `size` bytes long a moment ago, and their digest.

    Raises:
        OSError: It cannot be read.
    """
    if size >= _LARGE_BYTES:
        digest = Digest()
        content = _read_large(file, size, digest)
        if content is not None:
            return content, digest
        file.seek(0)
    digest = Digest()
    content = file.read()
    digest.take(content, 0, len(content))
    return content, digest


def _read_large(file: io.BufferedReader, size: int, digest: Digest) -> bytes | None:
    """Read and hash the bytes at the same time; None when the file has shrunk."""
    content = io.BytesIO(bytes(size))  # zeros that take no memory before they are written to
    with content.getbuffer() as buffer:
        _ask_for_huge_pages(buffer)
        is_filled = _fill(buffer, file, digest)
        hashed = digest.pause()  # what it looks at cannot be handed on without a copy
    if not is_filled:
        return None
    rest = file.read()  # of a file that grows
    whole = content.getvalue() + rest if rest else content.getvalue()
    digest.take(whole, hashed, len(whole))
    return whole


def _fill(buffer: memoryview, file: io.BufferedReader, digest: Digest) -> bool:
    """Whether the file was long enough."""
    for start in range(0, len(buffer), _BLOCK_BYTES):
        with buffer[start : start + _BLOCK_BYTES] as block:
            if file.readinto(block) < len(block):
                return False
            digest.take(buffer, start, start + len(block))
    return True


def _ask_for_huge_pages(buffer: memoryview) -> None:
    """Ask the system for huge pages; the buffer works whether it gives them or not."""
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None:  # another system than Linux
        return
    start = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    past = -start % mmap.PAGESIZE
    ctypes.CDLL(None).madvise(
        ctypes.c_void_p(start + past), ctypes.c_size_t(len(buffer) - past), advice
    )
