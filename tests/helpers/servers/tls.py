"""TLS in front of a server that has none: certificates of a test, and a terminator on loopback."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import trustme

LOOPBACK = "127.0.0.1"

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def issue_certificates(folder: Path, *, expired: bool = False) -> ssl.SSLContext:
    """A server's side of TLS; its authority's certificate is written to `folder/ca.crt`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    end = LONG_AGO + timedelta(days=1) if expired else None
    authority.issue_cert(LOOPBACK, not_before=LONG_AGO, not_after=end).configure_cert(context)
    return context


@contextmanager
def tls_in_front_of(url: str, context: ssl.SSLContext, port: int = 0) -> Iterator[int]:
    """Take TLS connections while the block runs and pass their content on; yields the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    terminator = _Terminator(urlsplit(url).port or 0, context)
    started = asyncio.run_coroutine_threadsafe(terminator.start(port), loop)
    try:
        yield started.result(10)
    finally:
        asyncio.run_coroutine_threadsafe(terminator.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Terminator:
    def __init__(self, plain_port: int, context: ssl.SSLContext) -> None:
        self._plain_port = plain_port
        self._context = context
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, port, ssl=self._context)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        there, back = await asyncio.open_connection(LOOPBACK, self._plain_port)
        pumps = [asyncio.ensure_future(_pump(*ends)) for ends in ((reader, back), (there, writer))]
        try:  # a side that leaves takes the other one along
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in (writer, back):
                end.transport.abort()
            self._connections.discard(connection)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on what comes until one side leaves."""
    with suppress(OSError, ssl.SSLError):
        while block := await source.read(65_536):
            target.write(block)
            await target.drain()
