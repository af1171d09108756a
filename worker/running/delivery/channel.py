"""Takes messages out of Redis: checked, and without a copy of those of the ledger's jobs.

kombu keeps a copy of each message between its delivery and its acknowledgement, to bring it back
when the worker dies in between: two round trips a job. The ledger knows its jobs without them, and
publishes again what was lost. Jobs of foreign clients, which it has not met yet, keep their copy.

What is read was written by anybody, into lists, among the copies, or to the channel of Celery's
remote commands: what is unfit is said once and dropped.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from queue import Empty
from typing import Any

from kombu.transport import redis, virtual
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from worker.ledger.envelope import is_of_ledger
from worker.ledger.redis_client import TlsConnection
from worker.running.delivery.message_check import SHOWN_BYTES, check_message, is_text
from worker.running.process.outage import TRY_AGAIN_S
from worker.running.process.state import this_worker

# What is no answer of the server. kombu counts every KeyError among them.
_LOST = (RedisConnectionError, RedisTimeoutError, OSError)

log = logging.getLogger("arbtune.worker")


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
            with suppress(ResponseError):  # a full server has no room for a copy
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
            self._restore_copy(tag, client, leftmost)
            return
        place = message.delivery_info["exchange"], message.delivery_info["routing_key"]
        with self.channel.conn_or_acquire(client) as connection:
            self.channel._do_restore_message(message._raw, *place, connection, leftmost)  # noqa: SLF001

    def _restore_copy(self, tag: Any, client: Any, leftmost: bool) -> None:
        def restore(pipe: Any) -> None:
            copy = pipe.hget(self.unacked_key, tag)
            pipe.multi()
            self._remove_from_indices(tag, pipe)
            if copy is None:
                return
            try:
                parts = _parts_of(copy)
            except (ValueError, RecursionError) as error:
                _say_refused("copy.refused", copy, error)
            else:
                self.channel._do_restore_message(*parts, pipe, leftmost)  # noqa: SLF001

        with self.channel.conn_or_acquire(client) as connection:
            connection.transaction(restore, self.unacked_key)

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """Bring back the copies of dead workers, unless the server refuses: that needs a lock."""
        with suppress(ResponseError):
            super().restore_visible(*args, **options)


def _parts_of(copy: bytes) -> tuple[dict[str, Any], str, str]:
    """The message in a copy, the exchange and the routing key that it came by."""
    match json.loads(copy):
        case [{"headers": dict(), "properties": dict()} as message, exchange, key] if is_text(
            exchange
        ) and is_text(key):
            return message, exchange, key
    raise ValueError("a copy of a message is [message, exchange, routing key]")


def _say_refused(event: str, raw: bytes, error: Exception) -> None:
    begins = raw[:SHOWN_BYTES].decode(errors="replace")
    log.error(event, extra={"error": f"{type(error).__name__}: {error!s:.200}", "begins": begins})


class Channel(redis.Channel):
    """kombu's channel, except for the copies, the check of messages, and a server that refuses."""

    QoS = _QoS
    Message = _Message
    connection_class_ssl: Any = TlsConnection
    _refused_at: float | None = None

    def hang_up(self) -> None:
        """Close the sockets as they are: an orderly end would wait for a silent server at each."""
        self._disconnect_pools()

    def _brpop_start(self, timeout: float | None = None) -> None:
        """Ask for an element, unless the server has refused just now."""
        if self._may_ask():
            super()._brpop_start(timeout)

    def _subscribe(self) -> None:
        """Ask for remote commands, unless the server has refused just now."""
        if self._may_ask():
            super()._subscribe()

    def _may_ask(self) -> bool:
        return self._refused_at is None or time.monotonic() >= self._refused_at + TRY_AGAIN_S

    def _is_refused(self, command: str, error: ResponseError) -> None:
        """The server is away for us; all that it does not refuse goes on."""
        self._refused_at = time.monotonic()
        this_worker().outage.goes_on(type(error)(f"{command}: {error}"))

    def _is_answered(self) -> None:
        if self._refused_at is not None:
            self._refused_at = None
            this_worker().outage.has_ended()

    def _receive_one(self, c: Any) -> None:
        """Read what was published; nothing that anybody writes there may end the worker."""
        try:
            response = c.parse_response()
        except ResponseError as error:
            self._in_listen: Any = None
            self._is_refused(f"PSUBSCRIBE {' '.join(self.active_fanout_queues)}", error)
            return
        except _LOST:
            self._in_listen = None
            raise
        if not response:
            return
        self._is_answered()
        published = self._handle_message(c, response)
        if not published["type"].endswith(b"message"):
            return
        try:
            self._obey(published)
        except _LOST:
            raise
        except Exception as error:  # noqa: BLE001 - it was made for Celery, by anybody
            _say_refused("command.refused", published["data"], error)

    def _obey(self, published: dict[str, Any]) -> None:
        """Hand a remote command over to Celery, which logs what its handlers raise."""
        name = published["channel"].decode().removeprefix(self.keyprefix_fanout)
        exchange = name.split("/", 1)[0]
        self._deliver_fanout_message(json.loads(published["data"]), exchange)

    def _brpop_read(self, **options: Any) -> bool:
        """Read the element that kombu asked for; kombu raises at one that is not a message."""
        connection = self.client.connection
        try:
            try:
                reply = self.client.parse_response(connection, "BRPOP", **options)
            except ResponseError as error:
                self._is_refused(f"BRPOP {' '.join(self.active_queues)}", error)
                raise Empty from error
            except self.connection_errors:
                connection.disconnect()  # the next turn connects again
                raise
            self._is_answered()
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
        with suppress(ResponseError):
            super()._queue_bind(*args)

    def _size(self, queue: str) -> int:
        """Count a queue, as Celery does for each at its start, without a use for the number."""
        with suppress(ResponseError):
            return int(super()._size(queue))
        return 0

    def _refresh_bindings(self, queues: list[str]) -> None:
        """Renew the bindings of queues; where a server refuses they may lapse a little early."""
        with suppress(ResponseError):
            super()._refresh_bindings(queues)

    def sweep_bindings(self, limit: int = 100) -> int:
        """Remove the bindings that dead workers have left; how many."""
        with suppress(ResponseError):
            return int(super().sweep_bindings(limit))
        return 0


class SentinelChannel(Channel, redis.SentinelChannel):
    """The same, where Sentinels name the server."""

    connection_class_ssl: Any = redis.SentinelChannel.connection_class_ssl


def channel_for(transport: Any) -> type[Channel]:
    """The channel that goes with a transport of kombu."""
    return SentinelChannel if isinstance(transport, redis.SentinelTransport) else Channel
