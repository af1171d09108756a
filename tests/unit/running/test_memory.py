"""The bound on a job's memory: where it comes from, and that the kernel keeps it."""

from __future__ import annotations

import os
import subprocess
import sys

from arbitrage.documents.result import error_record
from worker.running.jobs.memory import memory_bound, out_of_memory
from worker.settings import Settings

PROGRAM = """
from worker.running.jobs.memory import bound_memory
from worker.settings import Settings
bound_memory(Settings(job_memory_bytes=2**28))
try:
    bytearray(2**29)
except MemoryError:
    print("refused", len(bytearray(2**26)))
"""


def test_the_kernel_refuses_what_is_beyond_it() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"refused {2**26}\n"


def test_without_a_setting_it_is_what_there_is() -> None:
    there_is = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < memory_bound(Settings()) <= there_is
    assert memory_bound(Settings(job_memory_bytes=2**29)) == 2**29


def test_a_job_beyond_it_fails_at_once_and_says_where_to_look() -> None:
    record = error_record(out_of_memory(Settings(job_memory_bytes=2**29)))
    assert record["type"] == "MemoryError"
    assert record["retryable"] is False
    assert "536,870,912 bytes of memory (ARBTUNE_JOB_MEMORY_BYTES)" in record["message"]
