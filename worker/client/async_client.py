"""The same client for programs with an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from arbitrage.errors import ConfigError
from worker.client.client import Client

if TYPE_CHECKING:
    import polars as pl

    from arbitrage.documents.config import TuningConfig
    from arbitrage.documents.result import Document, ResultDocument
    from arbitrage.documents.spec.sweep_spec import SweepSpec
    from worker.client.sweeps.collector import Progress

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class AsyncClient:
    """A `Client` whose methods are awaited, each in a thread; it connects with `async with`.

        async with AsyncClient(url) as client:
            job_id = await client.submit(config)

    Takes and raises what `Client` does. A call that is cancelled is not waited for any more; in its
    thread it goes on to its end.
    """

    def __init__(self, url: str | None = None, *, results_dir: str | Path | None = None) -> None:
        self._connect = partial(Client, url, results_dir=results_dir)
        self._client: Client | None = None

    async def __aenter__(self) -> Self:
        self._client = await asyncio.to_thread(self._connect)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._run(Client.close)
        self._client = None

    async def submit(
        self, config: TuningConfig | dict[str, Any], *, job_id: str | None = None
    ) -> str:
        """`Client.submit`."""
        return await self._run(Client.submit, config, job_id=job_id)

    async def submit_many(
        self,
        configs: Iterable[TuningConfig | dict[str, Any]],
        *,
        job_ids: Iterable[str] | None = None,
    ) -> list[str]:
        """`Client.submit_many`."""
        return await self._run(Client.submit_many, configs, job_ids=job_ids)

    async def as_they_end(
        self, job_ids: Iterable[str], *, timeout_s: float | None = None
    ) -> AsyncIterator[tuple[str, ResultDocument]]:
        """`Client.as_they_end`."""
        found = await self._run(Client.as_they_end, job_ids, timeout_s=timeout_s)
        while (ended := await asyncio.to_thread(next, found, None)) is not None:
            yield ended

    async def wait(
        self, job_ids: Iterable[str], *, timeout_s: float | None = None
    ) -> list[ResultDocument]:
        """`Client.wait`."""
        return await self._run(Client.wait, job_ids, timeout_s=timeout_s)

    async def result(self, job_id: str) -> ResultDocument:
        """`Client.result`."""
        return await self._run(Client.result, job_id)

    async def status(self, job_id: str) -> Document:
        """`Client.status`."""
        return await self._run(Client.status, job_id)

    async def cancel(self, job_id: str) -> str:
        """`Client.cancel`."""
        return await self._run(Client.cancel, job_id)

    async def sweep(
        self,
        spec: SweepSpec | dict[str, Any] | str | Path,
        *,
        progress: Callable[[Progress], None] | None = None,
        anyway: bool = False,
    ) -> pl.DataFrame:
        """`Client.sweep`; `progress` is called in its thread."""
        return await self._run(Client.sweep, spec, progress=progress, anyway=anyway)

    async def _run(
        self,
        method: Callable[Concatenate[Client, Arguments], Answer],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Answer:
        if self._client is None:
            raise ConfigError("an AsyncClient is connected within `async with` alone")
        return await asyncio.to_thread(method, self._client, *arguments, **options)
