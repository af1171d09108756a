"""How messages come out of Redis: those of the ledger's jobs without a copy that is kept meanwhile.

kombu keeps a copy of each message between its delivery and its acknowledgement, to bring it back
when the worker dies in between: two round trips a job. The ledger knows its jobs without them, and
publishes again what was lost. Jobs of foreign clients, which it has not met yet, keep their copy.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis, virtual

from worker.envelope import is_of_ledger


class _QoS(redis.QoS):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._uncopied: dict[str, Any] = {}

    def append(self, message: Any, delivery_tag: str) -> None:
        """Take note of a delivery."""
        if is_of_ledger(message.headers):
            self._uncopied[delivery_tag] = message
            virtual.QoS.append(self, message, delivery_tag)
        else:
            super().append(message, delivery_tag)

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


class Channel(redis.Channel):
    """kombu's own, but for the copies."""

    QoS = _QoS
