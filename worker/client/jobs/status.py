"""Where a job is, with all that the ledger knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.client.jobs.documents import result_documents

if TYPE_CHECKING:
    from arbitrage.documents.result import Document, ResultDocument
    from worker.ledger.view import JobRecord, LedgerView


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is known of a job.

    Attributes:
        document: Its result document, or its status document before it has ended.
        record: What the ledger has of it; None of a job that it does not know.
        is_dead: Whether it is a dead letter.
    """

    job_id: str
    document: ResultDocument
    record: JobRecord | None
    is_dead: bool

    @classmethod
    def of(cls, ledger: LedgerView, job_id: str) -> JobStatus:
        """Ask the server."""
        record = ledger.record(job_id)
        [document] = result_documents(ledger, [job_id])
        return cls(job_id, document, record, ledger.is_dead(job_id))

    def as_json(self) -> Document:
        """The object that a program reads."""
        document: Document = {
            "job_id": self.job_id,
            "status": str(self.document["status"]),
            "config": None,
        }
        if self.record is not None:
            document |= {
                "config": self.record.config,
                "attempts": self.record.attempts,
                "worker": self.record.worker,
                "submitted_at": self.record.submitted_at,
                "started_at": self.record.started_at,
                "finished_at": self.record.finished_at,
                "due_at": self.record.due_at,
                "error": self.record.error,
                "dead_letter": self.is_dead,
            }
        return document
