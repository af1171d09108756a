"""Counts the members of a chord in; with the last one its body is sent.

Done with the keys and scripts of Celery, whose workers may run other members. Celery itself gives a
body up that it cannot send at once, and one whose sender dies. Here such a body is sent later: an
error leaves all as it is, and the member that met it stays owed.
"""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from celery.backends.redis import RedisBackend
from celery.canvas import maybe_signature
from celery.exceptions import ChordError
from celery.result import GroupResult, allow_join_result

CLAIM_S = 30  # whoever has counted the last member in sends the body within this time, or has died
DONE_S = 600  # within which a member that comes late is told apart from one of another run

_COUNTED_EARLIER = -1


class ChordIsClaimedError(Exception):
    """Somebody else is about to send the body; they may have died."""


class _Keys(NamedTuple):
    """Celery's keys of a chord; the letters are its own."""

    results: str
    more: str
    size: str
    counted: str
    group: str
    claim: str


def count_in(backend: RedisBackend, request: Any, state: str, result: Any) -> None:
    """Count a member in that has ended, and send the body if it was the last.

    Raises:
        ChordIsClaimedError: The chord is complete, and its body not sent yet by whoever does it.
        redis.RedisError, kombu.exceptions.OperationalError, OSError: The server is away.
    """
    keys = _Keys(*(backend.get_key_for_group(request.group, end) for end in _ENDS))
    claim = uuid.uuid4().hex
    encoded = backend.encode([1, request.id, state, backend.encode_result(result, state)])
    index = "+inf" if request.group_index is None else request.group_index
    private: Any = backend
    counted, more, size, is_claimed = private._chord_part_return_script(  # noqa: SLF001
        keys=keys,
        args=[
            *(request.id, encoded, int(private._chord_zset), index),  # noqa: SLF001
            *(backend.chord_expires or 0, private._chord_result_expires),  # noqa: SLF001
            *(CLAIM_S, claim),
        ],
    )
    if counted == _COUNTED_EARLIER or not size or counted < int(size) + int(more or 0):
        return
    if not is_claimed:
        raise ChordIsClaimedError(f"the chord {request.group} is claimed")
    _send_body(private, request, keys.results)
    private._chord_cleanup_script(  # noqa: SLF001
        keys=[keys.claim, keys.results, keys.more, keys.size, keys.counted], args=[claim, DONE_S]
    )


_ENDS = (".j", ".t", ".s", ".d", "", ".c")


def _send_body(backend: Any, request: Any, results_key: str) -> None:
    body = maybe_signature(request.chord, app=backend.app)
    try:
        results = _results(backend, request.group, results_key)
    except ChordError as error:  # of a member that failed
        backend.chord_error_from_stack(body, error)
    else:
        body.delay(results)


def _results(backend: Any, group: str, results_key: str) -> list[Any]:
    """What the members returned, in their order.

    Raises:
        ChordError: One of them failed.
    """
    nested = GroupResult.restore(group, app=backend.app, backend=backend)
    if nested is None:
        parts = backend.client.zrange(results_key, 0, -1)
        return [backend._unpack_chord_result(part, backend.decode) for part in parts]  # noqa: SLF001
    nested.on_ready()
    with allow_join_result():
        results: list[Any] = nested.join_native(propagate=True)
    return results
