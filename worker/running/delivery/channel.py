"""Takes messages out of Redis: checked, and without a copy of those of the ledger's jobs.

kombu keeps a copy of each message between its delivery and its acknowledgement, to bring it back
when the worker dies in between: two round trips a job. The ledger knows its jobs without them, and
publishes again what was lost. Jobs of foreign clients, which it has not met yet, keep their copy.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty
from typing import Any

from kombu.transport import redis, virtual
from redis.exceptions import OutOfMemoryError

from worker.ledger.connection import TlsConnection
from worker.ledger.envelope import is_of_ledger
from worker.running.delivery.message_check import check_message


class _Message(virtual.Message):
    """kombu's message; the body of one that was checked is parsed already."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        super().__init__(payload, channel, **options)
        self._decoded_cache = getattr(payload, "content", None)


class _QoS(redis.QoS):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._uncopied: dict[str, Any] = {}

    def append(self, message: Any, delivery_tag: str) -> None:
        """Take note of a delivery."""
        if not is_of_ledger(message.headers):
            with suppress(OutOfMemoryError):  # a full server has no room for a copy
                super().append(message, delivery_tag)
                return
        self._uncopied[delivery_tag] = message
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Forget a delivery."""
        if self._uncopied.pop(delivery_tag, None) is None:
            super().ack(delivery_tag)
        else:
            virtual.QoS.ack(self, delivery_tag)

    def restore_by_tag(self, tag: str, client: Any = None, leftmost: bool = False) -> None:
        """Put a delivery back into its queue: the worker ends, or cannot take it."""
        message = self._uncopied.pop(tag, None)
        if message is None:
            super().restore_by_tag(tag, client, leftmost)
            return
        place = message.delivery_info["exchange"], message.delivery_info["routing_key"]
        with self.channel.conn_or_acquire(client) as connection:
            self.channel._do_restore_message(message._raw, *place, connection, leftmost)  # noqa: SLF001

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """Bring back the copies of dead workers, unless the server is full: that needs a lock."""
        with suppress(OutOfMemoryError):
            super().restore_visible(*args, **options)


class Channel(redis.Channel):
    """kombu's channel, except for the copies, the check of messages, and a server that is full."""

    QoS = _QoS
    Message = _Message
    connection_class_ssl: Any = TlsConnection

    def hang_up(self) -> None:
        """Close the sockets as they are: an orderly end would wait for a silent server at each."""
        self._disconnect_pools()

    def _brpop_read(self, **options: Any) -> bool:
        """Read the element that kombu asked for; kombu raises at one that is not a message."""
        connection = self.client.connection
        try:
            try:
                reply = self.client.parse_response(connection, "BRPOP", **options)
            except self.connection_errors:
                connection.disconnect()  # the next turn connects again
                raise
            if not reply:
                raise Empty
            self._take(*reply)
        finally:
            self._in_poll: Any = None
            self._flush_brpop_reauth()
        return True

    def _take(self, key: bytes, raw: bytes) -> None:
        queue, _, step = key.decode().partition(self.sep)  # a queue has a list for each priority
        self._queue_cycle.rotate(queue)
        message = check_message(raw, queue, int(step or 0))
        if message is not None:
            self.connection._deliver(message, queue)  # noqa: SLF001

    def _queue_bind(self, *args: Any) -> None:
        """Bind a queue, which only clients that publish through an exchange need."""
        with suppress(OutOfMemoryError):
            super()._queue_bind(*args)

    def _refresh_bindings(self, queues: list[str]) -> None:
        """Renew the bindings of queues; on a full server they may lapse a little early."""
        with suppress(OutOfMemoryError):
            super()._refresh_bindings(queues)

    def sweep_bindings(self, limit: int = 100) -> int:
        """Remove the bindings that dead workers have left; how many."""
        with suppress(OutOfMemoryError):
            return int(super().sweep_bindings(limit))
        return 0


class SentinelChannel(Channel, redis.SentinelChannel):
    """The same, where Sentinels name the server."""

    connection_class_ssl: Any = redis.SentinelChannel.connection_class_ssl


def channel_for(transport: Any) -> type[Channel]:
    """The channel that goes with a transport of kombu."""
    return SentinelChannel if isinstance(transport, redis.SentinelTransport) else Channel
