"""Jobs as JSON lines: checked whole, before the first of them goes anywhere.

A line is a config as a JSON object; it may have a `job_id` besides.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from arbitrage.documents.config import MAX_JOB_BYTES, checked_text
from arbitrage.errors import ConfigError
from worker.client.jobs.sending import checked_id
from worker.ledger.envelope import job_message
from worker.ledger.ledger import Submission

SPOOL_MEMORY_BYTES = 8 * 2**20

_JOB_ID = "job_id"
_BETWEEN = "\t"  # id and config in the spool; neither has one


def checked_jobs(source: IO[bytes], stack: ExitStack) -> tuple[Iterator[Submission], int]:
    """All jobs of `source`, after every line has been checked, and how many there are.

    The checked configs wait in a spool, on disk when they are many; it is closed with `stack`.

    Raises:
        ConfigError: `line N: ...`, the first line that is not a job; or there is no job at all.
    """
    spool = stack.enter_context(tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES))  # noqa: SIM115
    count, lines_of_ids = 0, dict[str, int]()
    for number, line in _lines(source):
        try:
            chosen, config = _job(_object(line))
            text = checked_text(config)
            _check_once(chosen, number, lines_of_ids)
        except ConfigError as error:
            raise ConfigError(f"line {number}: {error}") from error
        spool.write(f"{chosen or uuid.uuid4()}{_BETWEEN}{text}\n".encode())
        count += 1
    if not count:
        raise ConfigError("there is no job in the input: one JSON object a line is expected")
    spool.seek(0)
    return _submissions(spool), count


def _lines(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers; long lines do not cost memory."""
    number = 0
    while line := source.readline(MAX_JOB_BYTES + 2):
        number += 1
        if len(line) > MAX_JOB_BYTES + 1 and not line.endswith(b"\n"):
            raise ConfigError(f"line {number}: longer than the {MAX_JOB_BYTES:,} bytes of a job")
        if line.strip():
            yield number, line


def _object(line: bytes) -> object:
    try:
        return json.loads(line)
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8 text") from None
    except RecursionError:
        raise ConfigError("nested too deeply") from None
    except ValueError as error:
        raise ConfigError(f"not JSON ({error})") from None


def _job(line: object) -> tuple[str | None, object]:
    """The id that a line chooses, or None, and its config.

    Raises:
        ConfigError: The id is refused.
    """
    if not (isinstance(line, dict) and _JOB_ID in line):
        return None, line
    chosen = line[_JOB_ID]
    if not isinstance(chosen, str):
        raise ConfigError(f"{_JOB_ID} must be a text, not {chosen!r:.60}")
    return checked_id(chosen), {name: line[name] for name in line if name != _JOB_ID}


def _check_once(chosen: str | None, number: int, lines_of_ids: dict[str, int]) -> None:
    if chosen is None:
        return
    first = lines_of_ids.setdefault(chosen, number)
    if first != number:
        raise ConfigError(f"the job_id {chosen} stands in line {first} already")


def _submissions(spool: IO[bytes]) -> Iterator[Submission]:
    for line in spool:
        job_id, _, config = line.decode().rstrip("\n").partition(_BETWEEN)
        yield Submission(job_id, config, job_message(job_id, config))
