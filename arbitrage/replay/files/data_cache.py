"""Prepared data files: read once per machine, then mapped into memory, and evicted when old.

An entry of the cache is a folder of `.npy` files with a `meta.json`, named by the digest of the
file's content, what was prepared of it and the version of this format. A file has up to two: what
every config needs, and its rows, made when a config with options first asks for them. An entry is
written under another name and renamed, so it is whole or not there. `meta.json` holds type and
shape of each array, and size and modification time of its file: whatever was written to it later,
it is not what was prepared, and is prepared again.

A file is recognised without reading it, by device, inode, size, and times of modification and of
change.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from arbitrage.caches.cache_folder import own_folder, warn_unwritable
from arbitrage.data.files.data_file import (
    DataFile,
    Identity,
    opened_data_file,
    plain_file,
    too_large,
    too_many_rows,
)
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.documents.whole_file import remove_unfinished, whole_file
from arbitrage.replay.arrays import SUFFIX, Arrays, CannotKeepError, keeping, mapped_array
from arbitrage.replay.files.prepared_file import FileFacts, PreparedFile
from arbitrage.replay.files.prepared_rows import PreparedRows, RowFacts

FORMAT = 6
MAX_CACHE_BYTES = 32 * 2**30
_ROOM = 64  # of so many parts of the cache one is free, for what is kept between two looks at it

# A file that was written to so recently may be again, within one tick of its modification time.
SETTLED_AFTER_NS = 2 * 10**9

LOCKS = 16  # files that may be prepared at once, save those that share a lock by chance

# What this process has kept in a folder since it last looked for what to evict there.
_UNLOOKED_BYTES: dict[Path, int] = {}


class Prepared(Protocol):
    """What was prepared of a data file, and can be kept."""

    @property
    def facts(self) -> FileFacts | RowFacts: ...

    def arrays(self) -> dict[str, NDArray[Any]]: ...

    @classmethod
    def of_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self: ...


Kind = TypeVar("Kind", bound=Prepared)

_ENTRY_NAMES: dict[type[Prepared], str] = {
    PreparedFile: f"{FORMAT}",
    PreparedRows: f"rows-{FORMAT}",
}


def open_data(
    path: str | Path, limits: DataLimits | None = None, *, name: str | None = None
) -> PreparedFile:
    """A data file, from the cache or prepared now.

    Args:
        path: CSV (plain, gzip or zstd) or Parquet.
        limits: Bounds on the file.
        name: What messages call the file, when that is not its path.

    Raises:
        FileNotFoundError: `Data file not found: PATH`.
        DataError: (a `ValueError`) The file cannot be used; `Invalid row N: ...` for a bad row.
        OSError: The file system failed in a way that may pass.
    """
    return _opened(PreparedFile, path, limits, name)


def open_rows(
    path: str | Path, limits: DataLimits | None = None, *, name: str | None = None
) -> PreparedRows:
    """The rows of a data file with their times, sizes and ages; for configs with options.

    Args and errors are those of `open_data`.
    """
    return _opened(PreparedRows, path, limits, name)


def _opened(
    kind: type[Kind],
    path: str | Path,
    limits: DataLimits | None,
    name: str | None,
) -> Kind:
    bounds, shown_name = limits or DataLimits(), os.fspath(path) if name is None else name
    prepare_in_memory = partial(_in_memory, kind, path, bounds, shown_name)
    folder = own_folder("data")
    if folder is None:
        return prepare_in_memory()
    cache = DataCache(folder, kind)
    data = cache.recognised(path)
    if data is None:
        with cache.preparing(path):
            # Whoever was first has prepared it in the meantime.
            data = (
                cache.recognised(path)
                or _prepare_now(cache, path, bounds, shown_name)
                or prepare_in_memory()
            )
    _check_limits(data.facts, bounds, shown_name)
    return data


def _in_memory(kind: type[Kind], path: str | Path, limits: DataLimits, name: str) -> Kind:
    arrays = Arrays.in_memory()
    with opened_data_file(path, limits, name) as file:
        facts = prepare(kind, file, limits, arrays)
    return kind.of_arrays(asdict(facts), arrays.finish())


def prepare(
    kind: type[Prepared], file: DataFile, limits: DataLimits, arrays: Arrays
) -> FileFacts | RowFacts:
    """Read a file and write what this kind keeps of it; what is known of it besides."""
    from arbitrage.replay.files import preparing  # polars and numba, for what is not kept yet

    write = preparing.prepare_file if kind is PreparedFile else preparing.prepare_rows
    return write(file, limits, arrays)


def _prepare_now(
    cache: DataCache[Kind],
    path: str | Path,
    limits: DataLimits,
    name: str,
) -> Kind | None:
    """The entry of a file, prepared unless one of the same content is there; None without one."""
    opened_ns = time.time_ns()
    with opened_data_file(path, limits, name) as file:
        data = cache.entry(file.sha256) if cache.may_have(file.identity) else None
        if data is None:
            data = cache.keep(lambda arrays: prepare(cache.kind, file, limits, arrays))
        if data is not None:
            cache.remember(file.identity, data.facts.data_sha256, opened_ns)
    return data


def file_digest(path: Path) -> str:
    """The digest of a file's bytes; without reading it where it is recognised.

    Raises:
        DataError: It is not a plain file.
        OSError: It cannot be read.
    """
    folder = own_folder("data")
    if folder is not None and (known := DataCache(folder, PreparedFile).recognised(path)):
        return known.facts.data_sha256
    with plain_file(path, os.fspath(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_limits(facts: FileFacts | RowFacts, limits: DataLimits, name: str) -> None:
    """Refuse a file that was prepared under wider limits than these."""
    if facts.content_bytes > limits.max_bytes:
        raise too_large(name, limits)
    if facts.rows > limits.max_rows:
        raise too_many_rows(name, limits.max_rows)


class DataCache(Generic[Kind]):
    """The folder of prepared files, for entries of one kind.

    What cannot be written is not kept, and one line says so.
    """

    def __init__(self, folder: Path, kind: type[Kind]) -> None:
        self.kind = kind
        self._folder = folder
        self._seen = folder / "seen"

    def recognised(self, path: str | Path) -> Kind | None:
        """The entry of a file that is what it was when it was prepared."""
        try:
            sha256 = self._note(Identity.of(Path(path).stat())).read_text(encoding="ascii")
        except (OSError, ValueError):
            return None
        return self.entry(sha256)

    def remember(self, identity: Identity, sha256: str, opened_ns: int) -> None:
        """Recognise the file from now on, unless it was still being written when it was opened."""
        if opened_ns - identity.mtime_ns < SETTLED_AFTER_NS:
            return
        with suppress(OSError):
            self._seen.mkdir(parents=True, exist_ok=True)
            with whole_file(self._note(identity)) as temporary:
                temporary.write_text(sha256, encoding="ascii")

    def _note(self, identity: Identity) -> Path:
        return self._seen / "-".join(map(str, asdict(identity).values()))

    def entry(self, sha256: str) -> Kind | None:
        """The entry of a content, or None where there is none that is whole."""
        folder = self._entry_folder(sha256)
        try:
            meta = _unless_damaged(json.loads((folder / "meta.json").read_bytes()))
            arrays = {name: _mapped(folder, name, told) for name, told in meta["arrays"].items()}
            data = self.kind.of_arrays(meta["facts"], arrays)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        with suppress(OSError):
            os.utime(folder / "meta.json")  # used now: the last to be evicted
        return data

    def may_have(self, identity: Identity) -> bool:
        """Whether a file of this size has been seen, but not this one: their content may be one."""
        known = self._note(identity)
        return not known.exists() and any(self._seen.glob(f"*-*-{identity.size}-*"))

    def keep(self, write: Callable[[Arrays], FileFacts | RowFacts]) -> Kind | None:
        """Have an entry written and return it as mapped; None where that fails."""
        temporary = self._folder / f".tmp-{uuid.uuid4().hex}"
        try:
            facts = _write(temporary, write)
            with keeping():
                self._put(temporary, self._entry_folder(facts.data_sha256))
                self._make_room(_bytes_of(self._entry_folder(facts.data_sha256)))
        except CannotKeepError as error:
            warn_unwritable(error.error)
            return None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return self.entry(facts.data_sha256)

    @contextmanager
    def preparing(self, path: str | Path) -> Iterator[None]:
        """Let only one process of this machine prepare a file; the others wait for it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = f"lock-{Path(path).stat().st_ino % LOCKS}"
            lock = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except (OSError, ValueError):
            yield
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _entry_folder(self, sha256: str) -> Path:
        return self._folder / f"{sha256}-{_ENTRY_NAMES[self.kind]}"

    def _put(self, temporary: Path, target: Path) -> None:
        """Give an entry its name; what stands there is damaged, or it would have been used."""
        if target.exists():
            target.rename(self._folder / f".tmp-{uuid.uuid4().hex}")
        temporary.rename(target)

    def _make_room(self, kept_bytes: int) -> None:
        """Look for what to evict with the first entry of a process, and then with every so much.

        A look takes 0.2 ms for each entry that is there (2026-11-27), and a small file is prepared
        in 5: with 100 entries each would take five times as long.
        """
        unlooked = _UNLOOKED_BYTES.get(self._folder, MAX_CACHE_BYTES) + kept_bytes
        if unlooked > MAX_CACHE_BYTES // _ROOM:
            self._evict_oldest()
            unlooked = 0
        _UNLOOKED_BYTES[self._folder] = unlooked

    def _evict_oldest(self) -> None:
        remove_unfinished(self._folder, ".tmp-*")
        remove_unfinished(self._seen, ".*")
        entries = []
        for meta in self._folder.glob("[!.]*/meta.json"):
            with suppress(FileNotFoundError):  # evicted by another process
                entries.append((meta.stat().st_mtime, _bytes_of(meta.parent), meta.parent))
        total = sum(size for _, size, _ in entries)
        for _, size, folder in sorted(entries)[:-1]:
            if total <= MAX_CACHE_BYTES - MAX_CACHE_BYTES // _ROOM:
                break
            shutil.rmtree(folder, ignore_errors=True)
            total -= size
        self._remove_notes_of_evicted()

    def _remove_notes_of_evicted(self) -> None:
        """Remove the notes of files whose entries were evicted."""
        for note in self._seen.glob("[!.]*"):
            with suppress(FileNotFoundError):  # somebody else was first
                digest = note.read_text(encoding="ascii", errors="replace")
                entries = [self._folder / f"{digest}-{name}" for name in _ENTRY_NAMES.values()]
                if not any(entry.is_dir() for entry in entries):
                    note.unlink()


def _write(folder: Path, write: Callable[[Arrays], FileFacts | RowFacts]) -> FileFacts | RowFacts:
    with keeping():
        folder.mkdir(parents=True)
    arrays = Arrays.in_folder(folder)
    try:
        facts = write(arrays)
        finished = arrays.finish()
    finally:
        arrays.abandon()
    with keeping():
        told = {
            name: {"kind": array.dtype.str, "shape": array.shape, **_stamp(folder, name)}
            for name, array in finished.items()
        }
        meta = {"facts": asdict(facts), "arrays": told}
        text = json.dumps({"meta": meta, "sha256": _digest(meta)})
        (folder / "meta.json").write_text(text, encoding="ascii")
    return facts


def _bytes_of(folder: Path) -> int:
    """The size of an entry; its own word for it spares a look at each of its dozens of files."""
    try:
        meta = _unless_damaged(json.loads((folder / "meta.json").read_bytes()))
        return sum(told["bytes"] for told in meta["arrays"].values())
    except (ValueError, KeyError, TypeError):
        return sum(file.stat().st_size for file in folder.iterdir())


def _unless_damaged(document: Any) -> Any:
    """The meta data themselves.

    Raises:
        ValueError: They are not what was written.
    """
    if document["sha256"] != _digest(document["meta"]):
        raise ValueError("damaged")
    return document["meta"]


def _digest(meta: Any) -> str:
    return hashlib.sha256(json.dumps(meta).encode()).hexdigest()


def _mapped(folder: Path, name: str, told: dict[str, Any]) -> NDArray[Any]:
    stamp = _stamp(folder, name)
    if {key: told[key] for key in stamp} != stamp:
        raise ValueError("damaged")
    return mapped_array(folder / f"{name}{SUFFIX}", np.dtype(told["kind"]), tuple(told["shape"]))


def _stamp(folder: Path, name: str) -> dict[str, int]:
    status = (folder / f"{name}{SUFFIX}").stat()
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns}
