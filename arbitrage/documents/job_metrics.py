"""What a job reports: its figures, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from arbitrage.documents.figures import FirstFigures, LaterFigures


@dataclass(frozen=True)
class _Provenance:
    runtime_seconds: float | None = None
    config_summary: dict[str, JsonValue] | None = None


class TuningMetrics(BaseModel, LaterFigures, _Provenance, FirstFigures):
    """The figures of one job, each computed from the data, or null.

    Its fields stand in the order of the bases, the last base first. Unknown ones are passed over,
    so that a document of a newer version loads.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
