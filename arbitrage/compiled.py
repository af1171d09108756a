"""How kernels are compiled and where their machine code is kept.

Single-threaded, without a relaxed floating-point rule, for any CPU of the architecture: an image
that was built on one host starts on another without compiling.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from arbitrage.cache_folder import cache_folder, shipped_folder, warn_unwritable
from arbitrage.leftovers import remove_leftovers

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

# numba keys its cache by CPU name and features; ours must not depend on the host.
options: Any = numba.config
options.CPU_NAME = "generic"
options.CPU_FEATURES = ""


def compiled(function: Kernel) -> Kernel:
    """Compile a kernel when it is first called, or load what an earlier process compiled."""
    folder = _folder()
    before, options.CACHE_DIR = options.CACHE_DIR, folder or ""
    try:
        decorate = numba.njit(cache=folder is not None, error_model="numpy", nogil=True)
        return cast("Kernel", decorate(function))
    finally:
        options.CACHE_DIR = before


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep other processes from writing the same machine code at the same moment."""
    folder = _folder()
    if folder is None:
        yield
        return
    with (Path(folder) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def _folder() -> str | None:
    """Where machine code is kept, or None when there is no place to write to."""
    place = Path("kernels") / _sources_digest()
    folder, shipped = cache_folder() / place, shipped_folder() / place
    try:
        if not folder.exists() and shipped.is_dir():
            _copy_whole(shipped, folder)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    except OSError as error:
        warn_unwritable(error)
        return _copied(folder if folder.is_dir() else shipped)


def _copy_whole(source: Path, target: Path) -> None:
    """Under another name first: a copy that was cut off must not be taken for one that is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent, ".tmp-*")
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".tmp-"))
    _copy_files(source, temporary)
    with suppress(OSError):  # somebody else was first
        temporary.rename(target)
    shutil.rmtree(temporary, ignore_errors=True)


def _copied(folder: Path) -> str | None:
    """A copy for this process: numba reads a cache only where it could write one."""
    try:
        copy = tempfile.mkdtemp(prefix="arbtune-kernels-")
        _copy_files(folder, Path(copy))
    except OSError:
        return None
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    return copy


def _copy_files(source: Path, target: Path) -> None:
    """All files of a folder, if it is there; not their modes, which may forbid to write."""
    for file in source.rglob("*"):
        if file.is_file():
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def forget_compiled() -> None:
    """Remove what was kept, so that it is compiled anew."""
    for file in Path(_folder() or os.devnull).glob("*/*.nb[ic]"):
        file.unlink(missing_ok=True)


def _sources_digest() -> str:
    """Changes with any kernel: numba looks at a function's own file, not at those that it calls."""
    digest = hashlib.sha256(numba.__version__.encode())
    package = Path(__file__).parent
    for source in [Path(__file__), *sorted(package.glob("kernels/*.py"))]:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
