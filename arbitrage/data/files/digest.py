"""The SHA-256 of a file, computed in a thread while its bytes are used."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

_WORTH_A_THREAD_BYTES = 2**20


class Digest:
    """Takes bytes in, block by block, and hashes them in their order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._beside: ThreadPoolExecutor | None = None
        self._hashed = 0

    def take(self, content: bytes | memoryview, start: int, stop: int) -> None:
        """The bytes from `start` to `stop`; many are hashed by a thread, which nobody waits for."""
        if self._beside is None and stop - start >= _WORTH_A_THREAD_BYTES:
            self._beside = ThreadPoolExecutor(1)
        if self._beside is None:
            self._update(content, start, stop)
        else:
            self._beside.submit(self._update, content, start, stop)

    def pause(self) -> int:
        """Forget the blocks whose turn has not come; how many bytes are hashed."""
        if self._beside is not None:
            self._beside.shutdown(cancel_futures=True)
            self._beside = None
        return self._hashed

    def hexdigest(self) -> str:
        """The digest of all that was taken in."""
        if self._beside is not None:
            self._beside.shutdown()
        return self._hash.hexdigest()

    def _update(self, content: bytes | memoryview, start: int, stop: int) -> None:
        with memoryview(content) as whole, whole[start:stop] as block:
            self._hash.update(block)
        self._hashed = stop
