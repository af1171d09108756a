"""A large file's bytes, read into huge pages where the system has them.

Of the time that it takes to read a file out of the page cache, three quarters are page faults: one
each 4 KiB of a fresh buffer. In pages of 2 MiB there are 512 times fewer.
"""

from __future__ import annotations

import ctypes
import io
import mmap

_WORTH_BYTES = 8 * 2**20


def read_whole(file: io.BufferedReader, size: int) -> bytes:
    """All bytes of a file that was `size` bytes long a moment ago.

    Raises:
        OSError: It cannot be read.
    """
    if size < _WORTH_BYTES:
        return file.read()
    content = io.BytesIO(bytes(size))  # zeros that take no memory before they are written to
    with content.getbuffer() as buffer:
        _ask_for_huge_pages(buffer)
        read = file.readinto(buffer)
    content.truncate(read)
    rest = file.read()  # of a file that grows
    return content.getvalue() + rest if rest else content.getvalue()


def _ask_for_huge_pages(buffer: memoryview) -> None:
    """Advice alone: whether it is taken or not, the buffer works."""
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None:  # another system than Linux
        return
    start = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    past = -start % mmap.PAGESIZE
    ctypes.CDLL(None).madvise(
        ctypes.c_void_p(start + past), ctypes.c_size_t(len(buffer) - past), advice
    )
