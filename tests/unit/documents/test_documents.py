"""Result documents: their shapes, and a file that holds one whole or is left alone."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from arbitrage.documents.result import (
    as_text,
    error_document,
    error_record,
    record_of,
    status_document,
    success_document,
    write_document,
)
from arbitrage.errors import DataError, TuningJobError

DOCUMENT = {"status": "queued", "config": {"tag": "ü"}}


def test_the_shapes() -> None:
    metrics = {"total_trades": 1, "config_summary": {"engine_version": "1"}}
    assert success_document({"a": 1}, metrics) == {
        "status": "success",
        "config": {"a": 1},
        "metrics": metrics,
        "config_summary": {"engine_version": "1"},
        "version": 1,
    }
    record = record_of("X", "a sentence", is_retryable=True, attempts=None)
    assert error_document(None, record) == {
        "status": "error",
        "config": None,
        "error": {"type": "X", "message": "a sentence", "retryable": True},
        "version": 1,
    }
    assert status_document("queued", None) == {
        "status": "queued",
        "config": None,
        "version": 1,
    }


def test_an_error_record_is_of_the_cause_and_in_one_line() -> None:
    cause = DataError("Invalid row 3:\n bad")
    error = TuningJobError(cause)
    error.__cause__ = cause
    assert error_record(error, attempts=2) == {
        "type": "ValueError",
        "message": "Invalid row 3: bad",
        "retryable": False,
        "attempts": 2,
    }
    assert error_record(MemoryError())["message"] == "MemoryError"


def test_a_document_is_strict_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        as_text({"x": float("nan")})


def test_folders_above_the_file_are_created(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "out.json"
    write_document(path, DOCUMENT)
    assert json.loads(path.read_text(encoding="utf-8")) == DOCUMENT
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="JSON"):
        write_document(path, {"x": float("inf")})
    with pytest.raises(UnicodeEncodeError):
        write_document(path, {"x": "\ud800"})
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_goes_with_the_next_document(tmp_path: Path) -> None:
    old, young, other = (
        tmp_path / name for name in (".arbtune-1.tmp", ".arbtune-2.tmp", ".other.tmp")
    )
    for path in (old, young, other):
        path.write_text("half", encoding="utf-8")
    for path in (old, other):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    write_document(tmp_path / "result.json", {"a": 1})
    assert not old.exists()
    assert young.exists(), "of somebody who may be alive"
    assert other.exists(), "none of ours"


def test_a_link_keeps_being_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real.json")
    write_document(tmp_path / "link", DOCUMENT)
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text(encoding="utf-8")) == DOCUMENT


def test_the_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_document(tmp_path / "out.json", DOCUMENT)
    finally:
        os.umask(old)
    assert (tmp_path / "out.json").stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_into_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text(encoding="utf-8")))
    reader.start()
    write_document(path, DOCUMENT)
    reader.join()
    assert json.loads(read[0]) == DOCUMENT
    assert path.is_fifo()


def test_a_sentence_is_one_line_and_bounded() -> None:
    said = error_record(DataError("a\nb" + "x" * 100_000))["message"]
    assert said.startswith("a bxx")
    assert said.endswith("...")
    assert len(said) == 2_000
