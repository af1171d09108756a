"""A TCP proxy whose connections can fall silent while new ones work, as behind a firewall."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

LOOK_EVERY_S = 0.05


class Proxy:
    """Forwards to one server, from a port that the kernel chose, in a thread of its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{port}"))
        self._peers: dict[socket.socket, socket.socket] = {}
        self._is_silenced = self._has_ended = False

    @classmethod
    @contextmanager
    def before(cls, url: str) -> Iterator[Proxy]:
        """A running proxy before the server at `url`."""
        proxy = cls(url)
        thread = threading.Thread(target=proxy._run)
        thread.start()
        try:
            yield proxy
        finally:
            proxy._has_ended = True
            thread.join()

    def silence(self) -> None:
        """Forward nothing any more on the connections that are open now."""
        self._is_silenced = True

    def _run(self) -> None:
        silent: list[socket.socket] = []
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._has_ended:
                ready = selector.select(LOOK_EVERY_S)
                if self._is_silenced:
                    for open_one in self._peers:
                        selector.unregister(open_one)
                    silent += self._peers
                    self._peers.clear()
                    self._is_silenced = False
                for key, _ in ready:
                    self._attend_to(key.fileobj, selector)
        for left in (self._listener, *silent, *self._peers):
            left.close()

    def _attend_to(self, ready: object, selector: selectors.BaseSelector) -> None:
        if ready is self._listener:
            client = self._listener.accept()[0]
            try:
                server = socket.create_connection(self._server)
            except OSError:  # it is away
                client.close()
                return
            self._peers |= {client: server, server: client}
            for end in (client, server):
                selector.register(end, selectors.EVENT_READ)
        elif isinstance(ready, socket.socket) and ready in self._peers:
            data = b""
            with suppress(OSError):
                data = ready.recv(65_536)
                self._peers[ready].sendall(data)
            if not data:
                self._hang_up(ready, selector)

    def _hang_up(self, end: socket.socket, selector: selectors.BaseSelector) -> None:
        for one in (end, self._peers[end]):
            del self._peers[one]
            selector.unregister(one)
            one.close()
