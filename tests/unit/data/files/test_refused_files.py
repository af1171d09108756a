"""Files that are refused as a whole: missing, empty, of another kind, or not to be read."""

from __future__ import annotations

import errno
import gzip
import os
import socket
from pathlib import Path
from typing import Any

import pytest
import zstandard

from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.errors import DataError
from tests.helpers.inputs.data_files import GOOD, HEADER, Load, csv_of, refusal


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "nope.csv", tmp_path / "nope" / "x.csv"):
        with pytest.raises(FileNotFoundError) as caught:
            load_snapshots(path)
        assert str(caught.value) == f"Data file not found: {path}"


def test_messages_call_the_file_what_the_user_called_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^Data file not found: quotes\.csv$"):
        load_snapshots(tmp_path / "quotes.csv", name="quotes.csv")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file(load: Load, content: bytes) -> None:
    assert refusal(load, content) == "CSV file is empty"


@pytest.mark.parametrize(
    ("name", "format_name"),
    [("quotes.parquet", "Parquet"), ("q.csv.gz", "gzip"), ("q.csv.ZST", "zstd")],
)
@pytest.mark.parametrize(
    "content", [b"<html>\n", b"junk", b"\0\xff\n", b"\xff\xfe\xfd", b'a"b\n"', b"a,b\n1\n"]
)
def test_junk_is_told_what_its_name_promises(
    tmp_path: Path, name: str, format_name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_snapshots(path, name=name)
    suffix = path.suffix.lower()
    expected = f"the data file {name!r} is named {suffix} but is not a {format_name} file"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "CSV file is empty"),
        (csv_of(GOOD, "x,1,2,3,4").encode(), "Invalid row 3: timestamp is 'x'"),
        (b"timestamp,best_bid_a\n", "CSV must have columns: "),
        (gzip.compress(b"a,b\n", mtime=0), "CSV must have columns: "),
    ],
)
def test_a_csv_by_another_name_is_judged_as_a_csv(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "quotes.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_snapshots(path)
    assert str(caught.value).startswith(message)


def test_a_device_is_told_in_one_sentence() -> None:
    with pytest.raises(DataError) as caught:
        load_snapshots("/dev/null")
    assert str(caught.value) == "the data file '/dev/null' is a device, not a file"


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)),
        csv_of(GOOD).encode("utf-16"),
        csv_of(GOOD, "2024-01-01T00:00:01Z,1,2,3,4\0").encode(),
        csv_of(GOOD).encode() + b"\xff\xfe,1,2,3,4\n",
        f"{HEADER},note\n{GOOD},".encode() + b"\xff\n",
        gzip.compress(csv_of(GOOD).encode(), mtime=0)[:-6],
        b"\x1f\x8b junk",
        zstandard.compress(csv_of(GOOD).encode())[:-4],
        b"PAR1 and no more",
    ],
)
def test_bytes_that_are_not_such_a_file_are_refused_by_the_files_name(
    load: Load, content: bytes
) -> None:
    assert "quotes.csv" in refusal(load, content)


def test_what_is_not_a_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        paths = [tmp_path, tmp_path / "fifo", tmp_path / "socket", Path("/dev/null")]
        for path in paths:
            with pytest.raises(DataError, match="data file"):
                load_snapshots(path)


@pytest.mark.parametrize("path", ["a\0b.csv", "a\udfffb.csv", "x" * 5000])
def test_a_path_that_cannot_be_is_refused(path: str) -> None:
    with pytest.raises((DataError, FileNotFoundError)):
        load_snapshots(path)


def test_a_file_that_must_not_be_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By an error put in its place: root, which may run this test, reads everything."""

    def fail(*_: Any, **__: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(DataError, match=r"^cannot read the data file 'q': Permission denied$"):
        load_snapshots("q")


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_an_error_that_may_pass_is_let_through(
    load: Load, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        with pytest.raises(OSError, match=r".") as caught:
            load_snapshots("quotes.csv")
    assert caught.value.errno == code
    assert len(load(csv_of(GOOD))) == 1
