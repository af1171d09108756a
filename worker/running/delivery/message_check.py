"""Checks an element of a queue in a worker's main process, before anything else sees it.

Anybody who reaches Redis can put anything into a list. The main process parses each message and
pickles it for a child, so a body of another shape, an id that is a list or a job that is nested a
few hundred levels deep would end it, go back to the queue and end the next worker; one of 500 MB
would stop the renewal of leases. Here every element is judged whole. What is unfit is said once in
the log; where it has an id, a message with the sentence takes its place, which fails in a child as
any other bad job does (and starts the job all the same if the ledger knows it).

What is fit leaves in one form: protocol 2, with known headers only, an uncompressed body, and the
list that it came from as the place to return to. The bound on bytes is in `worker/ledger/names.py`.
"""

from __future__ import annotations

import base64
import bz2
import json
import logging
import lzma
import re
import uuid
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from celery.utils.time import maybe_iso8601

from arbitrage.documents.config import MAX_EXTRA_DEPTH, MAX_JOB_BYTES
from worker.ledger.envelope import CHUNKS, JOBS
from worker.ledger.names import MAX_ELEMENT_BYTES
from worker.running.jobs.task_argument import REFUSED

# base64 makes four bytes of three; the rest is for the headers.
MAX_BODY_BYTES = MAX_ELEMENT_BYTES // 2
MAX_BODY_DEPTH = 2 * MAX_EXTRA_DEPTH
MAX_ID_CHARACTERS = 512
# Of any number that the main process counts or sets a timer with.
MAX_NUMBER = 1_000_000_000

SHOWN_BYTES = 200  # of an element that is refused, in the log

# What each kind of kombu's compression is undone with, in bounded memory.
_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "application/x-gzip": zlib.decompressobj,
    "application/x-bz2": bz2.BZ2Decompressor,
    "application/x-lzma": lzma.LZMADecompressor,
}

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_TAIL_BYTES = 16_384  # where Celery's clients write the id of an element too large to parse
_ID_IN_TAIL = re.compile(rb'"(?:correlation_id|id)": ?"([ !#-\[\]-~]{1,512})"')

log = logging.getLogger("arbtune.worker")


class CheckedMessage(dict[str, Any]):
    """A message as kombu takes it out of Redis, and the `content` of its body."""

    content: list[Any]


class _UnfitError(Exception):
    """One sentence that says why an element is not a job."""


def check_message(raw: bytes, queue: str, priority: int = 0) -> CheckedMessage | None:
    """The message that a child gets for an element of a queue's list.

    An element that is not a job becomes a message that fails; None where it has no id for that.
    """
    envelope: Any = None
    try:
        envelope = _envelope(raw)
        headers, content, body = _read(envelope)
    except _UnfitError as error:
        job_id = _id_in_tail(raw) if envelope is None else _id_of(envelope)
        details = {"queue": queue, "job_id": job_id, "error": str(error)}
        begins = raw[:SHOWN_BYTES].decode(errors="replace")
        log.error("message.refused", extra={**details, "begins": begins})  # noqa: TRY400
        if job_id is None:
            return None
        headers = {"id": job_id, "task": _own_task(envelope)}
        content, body = [[], {REFUSED: str(error)}, {}], None
    checked = CheckedMessage(
        {
            "body": json.dumps(content) if body is None else body,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": {
                **_sent_properties(envelope),
                "correlation_id": headers["id"],
                # Whatever exchange and key a client has: back into the list that it came from.
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": priority,
            },
        }
    )
    checked.content = content
    return checked


def _sent_properties(envelope: Any) -> dict[str, Any]:
    properties = envelope["properties"] if _has_properties(envelope) else {}
    tag, reply_to = properties.get("delivery_tag"), properties.get("reply_to")
    return {
        "reply_to": reply_to if is_text(reply_to) else "",
        "delivery_mode": 2,
        "body_encoding": "utf-8",
        "delivery_tag": tag if tag and is_text(tag) else str(uuid.uuid4()),
    }


# -- from bytes to a message


def _envelope(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_ELEMENT_BYTES:
        raise _UnfitError(_too_large(len(raw)))
    envelope = _parsed(_decoded(raw, "utf-8"))
    if not isinstance(envelope, dict):
        raise _UnfitError("the element of the queue is not a message: it is not a JSON object")
    return envelope


def _read(envelope: dict[str, Any]) -> tuple[dict[str, Any], list[Any], str | None]:
    """Headers, content, and the body where it can travel on as it is."""
    headers = envelope.get("headers")
    if not isinstance(headers, dict) or not _has_properties(envelope):
        raise _UnfitError("the message has no headers or no properties")
    body = _body(envelope, headers)
    content = _parsed(body)
    is_as_sent = isinstance(content, list)
    if isinstance(content, dict):  # protocol 1, or a mixture of both
        headers, content = _of_protocol_1(headers, content)
    content, is_whole = _checked_content(content)
    return _checked_headers(headers), content, body if is_as_sent and is_whole else None


def _body(envelope: dict[str, Any], headers: dict[str, Any]) -> str:
    body, kind = envelope.get("body"), envelope.get("content-type")
    if not isinstance(body, str):
        raise _UnfitError("the message has no body")
    if kind != "application/json":
        raise _UnfitError(f"the message is {kind!r:.60}: send application/json")
    data = _transferred(body, envelope["properties"].get("body_encoding"))
    if headers.get("compression"):
        data = _decompressed(data, headers["compression"])
    if len(data) > MAX_BODY_BYTES:
        raise _UnfitError(_too_large(len(data)))
    charset = envelope.get("content-encoding")
    return _decoded(data, "utf-8" if charset in (None, "binary") else charset)


def _transferred(body: str, encoding: Any) -> bytes:
    try:
        match encoding:
            case "base64":
                return base64.b64decode(body)
            case None | "utf-8" | "UTF-8":
                return body.encode()
    except ValueError as error:
        raise _UnfitError(f"the body of the message cannot be decoded: {error}") from error
    raise _UnfitError(f"the body of the message is encoded as {encoding!r:.60}: use base64")


def _decompressed(data: bytes, kind: Any) -> bytes:
    try:
        decompressor = _DECOMPRESSORS[kind]()
    except (KeyError, TypeError) as error:
        raise _UnfitError(f"the message is compressed as {kind!r:.60}: use gzip") from error
    try:
        inflated: bytes = decompressor.decompress(data, MAX_BODY_BYTES + 1)
    except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
        raise _UnfitError(f"the message cannot be decompressed: {error}") from error
    return inflated


def _decoded(data: bytes, charset: Any) -> str:
    try:
        return data.decode(charset)
    except (LookupError, ValueError, TypeError) as error:
        raise _UnfitError(f"the message is not text: {error!s:.200}") from error


def _parsed(text: str) -> Any:
    if _depth(text) > MAX_BODY_DEPTH:
        raise _UnfitError(f"the job is nested more than {MAX_EXTRA_DEPTH} levels deep")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _UnfitError(f"the message is not JSON: {error!s:.200}") from error


def _depth(text: str) -> int:
    """How deep the brackets of a JSON text stand in one another, those within its strings aside."""
    if text.count("[") + text.count("{") <= MAX_BODY_DEPTH:
        return 0  # as good as any number up to the bound, and without a search
    deepest = depth = 0
    for bracket in _BRACKET.findall(_TEXT.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _too_large(size: int) -> str:
    return (
        f"the message is {size:,} bytes; a job has at most {MAX_JOB_BYTES:,}, and with all that "
        f"comes after it (a chain, callbacks) at most {MAX_BODY_BYTES:,}"
    )


# -- who waits for an element that is unfit


def _id_of(envelope: dict[str, Any]) -> str | None:
    for part, name in (("headers", "id"), ("properties", "correlation_id")):
        held = envelope.get(part)
        if isinstance(held, dict) and _is_id(held.get(name)):
            return str(held[name])
    return None


def _id_in_tail(raw: bytes) -> str | None:
    found = _ID_IN_TAIL.findall(raw[-_TAIL_BYTES:])
    return found[-1].decode() if found else None


def _own_task(envelope: Any) -> str:
    headers = envelope.get("headers") if isinstance(envelope, dict) else None
    task = headers.get("task") if isinstance(headers, dict) else None
    return CHUNKS.task if task == CHUNKS.task else JOBS.task


def _has_properties(envelope: Any) -> bool:
    return isinstance(envelope, dict) and isinstance(envelope.get("properties"), dict)


# -- what a message may hold


def is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a pair
        return False
    return True


def _is_id(value: Any) -> bool:
    return is_text(value) and 0 < len(value) <= MAX_ID_CHARACTERS


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and _are_seconds(value)


def _are_seconds(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value <= MAX_NUMBER


def _is_time(value: Any) -> bool:
    try:
        year: int = maybe_iso8601(value).year
    except Exception:  # noqa: BLE001 - a library reads what anybody may have written
        return False
    return 1971 <= year <= 9000  # noqa: PLR2004 - with room for zones


def _is_pair_of_seconds(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == len(("hard", "soft"))
        and all(part is None or _are_seconds(part) for part in value)
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_signature(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and is_text(value.get("task"))
        and isinstance(value.get("args", []), list)
        and isinstance(value.get("kwargs", {}), dict)
        and isinstance(value.get("options", {}), dict)
    )


def _are_signatures(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_signature, value))


Check = tuple[Callable[[Any], bool], str]

_A_TEXT: Check = (is_text, "a text")
_AN_ID: Check = (_is_id, f"a text of 1 to {MAX_ID_CHARACTERS} characters")
_A_COUNT: Check = (_is_count, f"a whole number from 0 to {MAX_NUMBER:,}")
_A_TIME: Check = (_is_time, "a time in ISO 8601")

_HEADERS: dict[str, Check] = {
    "id": _AN_ID,
    "task": _A_TEXT,
    "root_id": _AN_ID,
    "parent_id": _AN_ID,
    "group": _AN_ID,
    "group_index": _A_COUNT,
    "lang": _A_TEXT,
    "shadow": _A_TEXT,
    "origin": _A_TEXT,
    "argsrepr": _A_TEXT,
    "kwargsrepr": _A_TEXT,
    "eta": _A_TIME,
    "expires": _A_TIME,
    "retries": _A_COUNT,
    "replaced_task_nesting": _A_COUNT,
    "timelimit": (_is_pair_of_seconds, f"a pair of seconds, each from 0 to {MAX_NUMBER:,}"),
    "ignore_result": (lambda value: isinstance(value, bool), "true or false"),
    "stamped_headers": (_are_texts, "a list of texts"),
    "stamps": (_is_object, "an object"),
}
_EMBED: dict[str, Check] = {
    "callbacks": (_are_signatures, "a list of signatures"),
    "errbacks": (_are_signatures, "a list of signatures"),
    "chain": (_are_signatures, "a list of signatures"),
    "chord": (_is_signature, "a signature"),
}


def _checked(held: Mapping[str, Any], checks: dict[str, Check], where: str) -> dict[str, Any]:
    """The known parts of `held`, checked; a job ignores whatever else a client sent."""
    known = {name: held[name] for name in checks if name in held}
    for name, value in known.items():
        is_fit, what = checks[name]
        if value is not None and not is_fit(value):
            raise _UnfitError(f"{name} in the {where} of the message must be {what}")
    return known


def _checked_headers(headers: dict[str, Any]) -> dict[str, Any]:
    known = _checked(headers, _HEADERS, "headers")
    for name in ("id", "task"):
        if known.get(name) is None:
            raise _UnfitError(f"the message has no {name} in its headers")
    return known


def _checked_content(content: Any) -> tuple[list[Any], bool]:
    """The content, and whether it is all that there was."""
    match content:
        case [list(args), dict(kwargs), dict() | None as embed]:
            known = _checked(embed or {}, _EMBED, "body")
            return [args, kwargs, known], embed is not None and len(known) == len(embed)
    raise _UnfitError("the body of the message must be [args, kwargs, embed]")


def _of_protocol_1(
    headers: dict[str, Any], body: dict[str, Any]
) -> tuple[dict[str, Any], list[Any]]:
    """Headers and content of an older client's message, whose body has it all."""
    held = {**body, "group": body.get("taskset"), **headers}
    embed = {name: body.get(name) for name in _EMBED}
    return held, [body.get("args") or [], body.get("kwargs") or {}, embed]
