"""Work done beside the caller's, in order: what computes in one thread only lets others run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self


class Beside:
    """A thread that takes one call at a time; a second one waits until the first has ended."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._call: Future[Any] | None = None

    def start(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Begin a call, as soon as the one before has ended.

        Raises:
            Exception: What the one before has raised.
        """
        self.wait()
        self._call = self._pool.submit(function, *arguments)

    def wait(self) -> Any:
        """What the last call returned.

        Raises:
            Exception: What it has raised.
        """
        call, self._call = self._call, None
        return None if call is None else call.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
