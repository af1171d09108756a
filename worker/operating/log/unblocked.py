"""A standard error that never blocks: it drops and counts what nobody reads.

Whoever reads a worker's log may stop to (a collector that hangs, a terminal that is held with
Ctrl-S). A worker that waited would renew no leases, end no jobs and not end itself.
"""

from __future__ import annotations

import io
import os
import select
import socket
import stat
from contextlib import suppress

# For a reader who is slow; for one who has stopped once, and not at every line.
WAITS_S = 0.1


class UnblockedStream(io.TextIOBase):
    """Text to a file descriptor, in a way of our own that does not block.

    Others who have the same pipe or terminal keep theirs: whether it blocks is a matter of each
    opening, so it is opened anew.
    """

    def __init__(self, fd: int) -> None:
        self._given_fd = self._fd = fd
        mode = os.fstat(fd).st_mode
        self._socket = socket.socket(fileno=os.dup(fd)) if stat.S_ISSOCK(mode) else None
        if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
            with suppress(OSError):  # of another user: it is looked at before each piece
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
                self._fd = os.open(f"/proc/self/fd/{fd}", flags)
        self._rest = b""  # of a text that was begun
        self.dropped = 0

    def fileno(self) -> int:
        return self._given_fd

    def isatty(self) -> bool:
        return os.isatty(self._given_fd)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Write the text, or count it as dropped."""
        self.offer(text)
        return len(text)

    def offer(self, text: str) -> bool:
        """Write the text if there is room, after the rest of the last; whether it was written."""
        self._rest = self._send(self._rest)
        data = text.encode("utf-8", "backslashreplace")
        left = data if self._rest else self._send(data)
        if left == data:
            self.dropped += 1
            return not data
        self._rest = left
        return True

    def _send(self, data: bytes) -> bytes:
        """Send what there is room for; what is left."""
        with suppress(OSError):  # others took the room, or the reader is gone
            while data and self._has_room():
                # A piece of this size is taken whole by a pipe that takes anything.
                piece = data[: select.PIPE_BUF]
                if self._socket is None:
                    sent = os.write(self._fd, piece)
                else:
                    sent = self._socket.send(piece, socket.MSG_DONTWAIT)
                data = data[sent:]
        return data

    def _has_room(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(0 if self.dropped else WAITS_S * 1_000))
