"""Arrays that grow while a file is prepared: in files, or in memory where nothing can be kept.

In files they take no memory, however long they get; what was written may be read and overwritten.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

SUFFIX = ".npy"
_HEADER_BYTES = 128  # NumPy leaves room in it, so that it is as long for any number of rows


class CannotKeepError(Exception):
    """What is prepared cannot be written; `error` says why. It never leaves this package."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def keeping() -> Iterator[None]:
    """Tell what goes wrong with files of our own from what goes wrong with the user's.

    Raises:
        CannotKeepError: For any `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise CannotKeepError(error) from error


class GrowingArray:
    """One array: rows of one number, or of several.

    Args:
        file: Where its bytes are; empty.
        kind: float64, int64 or uint8.
        fields: Of a row, where it has several numbers.
    """

    def __init__(self, file: BinaryIO, kind: type[np.generic], fields: int | None) -> None:
        self._file = file
        self._kind = np.dtype(kind)
        self._fields = () if fields is None else (fields,)
        self._row_bytes = self._kind.itemsize * (fields or 1)
        self._rows = 0
        self._write(0, bytes(_HEADER_BYTES))

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: NDArray[Any]) -> None:
        """Put rows at the end."""
        self.put(self._rows, rows)

    def put(self, start: int, rows: NDArray[Any]) -> None:
        """Write rows from a place on, over what is there; what is left out in front is zeros."""
        if len(rows):
            content = np.ascontiguousarray(rows, self._kind)
            place = _HEADER_BYTES + start * self._row_bytes
            self._write(place, content.reshape(-1).view(np.uint8).data)
        self._rows = max(self._rows, start + len(rows))

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """A copy of some rows."""
        found = np.empty((stop - start, *self._fields), self._kind)
        with keeping():  # what is read back may have to be written first
            self._file.seek(_HEADER_BYTES + start * self._row_bytes)
            self._file.readinto(found.reshape(-1).view(np.uint8))  # type: ignore[attr-defined]
        return found

    def finish(self) -> NDArray[Any]:
        """The whole array, read-only; nothing may be written after this."""
        header, shape = io.BytesIO(), (self._rows, *self._fields)
        kind = np.lib.format.dtype_to_descr(self._kind)
        np.lib.format.write_array_header_1_0(
            header, {"descr": kind, "fortran_order": False, "shape": shape}
        )
        self._write(0, header.getvalue())
        if isinstance(self._file, io.BytesIO):
            content = self._file.getbuffer()[_HEADER_BYTES:]
            # A copy lies in huge pages, which the replay is a tenth quicker in.
            found = np.frombuffer(content, self._kind).reshape(shape).copy()
            found.flags.writeable = False
            return found
        with keeping():
            self._file.close()
            return mapped_array(Path(self._file.name), self._kind, shape)

    def abandon(self) -> None:
        """Let go of its file, which nobody will read."""
        with suppress(OSError):
            self._file.close()

    def _write(self, place: int, content: bytes | memoryview) -> None:
        with keeping():
            self._file.seek(place)
            self._file.write(content)


def mapped_array(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """A finished file as a read-only array, without a look at its header.

    NumPy would parse the header as Python text: 0.19 ms for an array rather than 0.06, and not
    safe in two threads (2026-11-27).

    Raises:
        OSError: It cannot be read.
        ValueError: It is shorter than this.
    """
    return np.asarray(np.memmap(path, kind, "r", _HEADER_BYTES, shape))


class Arrays:
    """Growing arrays by their names.

    Args:
        opened: Makes the empty file of a name.
    """

    def __init__(self, opened: Callable[[str], BinaryIO]) -> None:
        self._opened = opened
        self._growing: dict[str, GrowingArray] = {}
        self._finished: dict[str, NDArray[Any]] = {}

    @classmethod
    def in_folder(cls, folder: Path) -> Arrays:
        """Each a `.npy` file of the folder."""
        return cls(lambda name: (folder / f"{name}{SUFFIX}").open("w+b"))

    @classmethod
    def in_memory(cls) -> Arrays:
        return cls(lambda _: io.BytesIO())

    def new(self, name: str, kind: type[np.generic], fields: int | None = None) -> GrowingArray:
        """An empty array."""
        with keeping():
            file = self._opened(name)
        self._growing[name] = GrowingArray(file, kind, fields)
        return self._growing[name]

    def finish(self) -> dict[str, NDArray[Any]]:
        """All of them, read-only."""
        for name in list(self._growing):
            self.finish_one(name)
        return self._finished

    def finish_one(self, name: str) -> NDArray[Any]:
        """One that is complete before the others."""
        self._finished[name] = self._growing.pop(name).finish()
        return self._finished[name]

    def abandon(self) -> None:
        """Close the files of what is not finished."""
        for array in self._growing.values():
            array.abandon()
