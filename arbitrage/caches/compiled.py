"""How kernels are compiled and where their machine code is kept.

Single-threaded, without a relaxed floating-point rule, for any CPU of the architecture: an image
that was built on one host starts on another without compiling.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import IndexDataCacheFile, NullCache
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys

from arbitrage.caches.cache_folder import log_or_print, own_folder, shipped_folder, warn_unwritable
from arbitrage.documents.whole_file import whole_file

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

# numba keys its cache by CPU name and features; ours must not depend on the host.
options: Any = numba.config
_result: Any = CompileResult
options.CPU_NAME = "generic"
options.CPU_FEATURES = ""

_DIGEST_BYTES = hashlib.sha256().digest_size


def compiled(function: Kernel) -> Kernel:
    """Compile a kernel when it is first called, or load what an earlier process compiled."""
    kernel: Any = numba.njit(error_model="numpy", nogil=True)(function)
    if not options.DISABLE_JIT:
        kernel._cache = _KernelCache(function)  # noqa: SLF001 - numba's own looks for any place
    return cast("Kernel", kernel)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep other processes from compiling the same at the same moment."""
    folder = own_folder(*_place())
    with ExitStack() as stack:
        if folder is not None:
            with suppress(OSError):  # without a lock both compile, which does no harm
                lock = stack.enter_context((folder / "lock").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _KernelCache(NullCache):
    """The machine code of one kernel, as numba asks for it.

    What is damaged is as good as not there, and is written anew; what cannot be written is compiled
    by the next process once more.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._module = function.__module__
        line = function.__code__.co_firstlineno
        self._name = f"{function.__qualname__}-{line}.{sys.implementation.cache_tag}"

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled kernel, or None: numba compiles it next."""
        # numba's own refreshes the target, which loads what only compiling needs: 0.25 s a process.
        rtsys.initialize(target)
        key = signature, target.codegen().magic_tuple()
        for folder in (own_folder(*_place()), shipped_folder().joinpath(*_place())):
            if folder is not None and (found := self._loaded(folder, key, target)):
                return found
        _say_that_it_takes_time()
        return None

    def save_overload(self, signature: Any, kernel: Any) -> None:
        """Keep a kernel that was compiled."""
        folder = own_folder(*_place(), self._module)
        if folder is None:
            return
        key = signature, kernel.codegen.magic_tuple()
        try:
            self._files(folder).save(key, (key, kernel._reduce()))  # noqa: SLF001
        except OSError as error:
            warn_unwritable(error)

    def _loaded(self, folder: Path, key: Any, target: Any) -> Any:
        try:
            kept = self._files(folder / self._module).load(key)
            if kept is None or kept[0] != key:  # two processes took one name at once
                return None
            return _result._rebuild(target, *kept[1])  # noqa: SLF001
        except Exception:  # noqa: BLE001 - whatever a file raises that another program wrote
            return None

    def _files(self, folder: Path) -> Any:
        files: Any = _KernelFiles
        return files(folder, self._name, "")  # the folder's name says which sources they are of


class _KernelFiles(IndexDataCacheFile):
    """numba's files of one kernel, each with the digest of its content at the end."""

    def _load_index(self) -> Any:
        try:
            content = io.BytesIO(_whole_content(Path(self._index_path)))
        except (OSError, ValueError):
            return {}
        pickle.load(content)  # noqa: S301 - numba's version; nobody else can write there
        _, names = pickle.load(content)  # noqa: S301
        return names

    def _load_data(self, name: str) -> Any:
        path = Path(self._cache_path) / name
        return pickle.loads(_whole_content(path))  # noqa: S301

    @contextmanager
    def _open_for_write(self, path: str) -> Iterator[io.BytesIO]:
        content = io.BytesIO()
        yield content
        data = content.getvalue()
        with whole_file(Path(path)) as temporary:
            temporary.write_bytes(data + hashlib.sha256(data).digest())


def _whole_content(path: Path) -> bytes:
    """What was written.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged.
    """
    written = path.read_bytes()
    content = written[:-_DIGEST_BYTES]
    if hashlib.sha256(content).digest() != written[-_DIGEST_BYTES:]:
        raise ValueError("damaged")
    return content


@cache
def _say_that_it_takes_time() -> None:
    log_or_print("compiling the kernels, which takes some seconds")


@cache
def _place() -> tuple[str, str]:
    """Where machine code is kept inside of a cache folder.

    Changes with any kernel: a change of one changes the machine code of those that call it.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    package = Path(__file__).parents[1]
    for source in [Path(__file__), *sorted(package.rglob("kernels/**/*.py"))]:
        digest.update(source.read_bytes())
    return "kernels", digest.hexdigest()[:16]
