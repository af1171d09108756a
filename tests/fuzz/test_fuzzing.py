"""The short form of `make fuzz`, and proof that it can fail."""

from __future__ import annotations

import pytest

from tests.fuzz.child import DEADLY
from tests.fuzz.driver import fuzz


@pytest.mark.parametrize(("kind", "count"), [("parquet", 80), ("flip", 100), ("csv", 100)])
def test_no_file_ends_the_process_that_reads_it(kind: str, count: int) -> None:
    report = fuzz(kind, 0, count)
    assert report.broken == [], str(report)
    assert report.outcomes.total() == count
    assert min(report.outcomes["read"], report.outcomes["refused"]) > count // 50, str(report)


def test_an_end_is_counted_and_the_rest_is_tried() -> None:
    report = fuzz(DEADLY, 0, 4)
    assert report.outcomes["ended"] == len(report.broken) == 1
    assert [line.split(":")[0] for line in report.broken] == [f"{DEADLY} 2"]
    assert report.outcomes.total() == 4
