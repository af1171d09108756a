"""Every row of the table of data files: what loads, what is refused, and in which words."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from arbitrage.arbitrage_core import OrderBookSnapshot
from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.files.packing import ZSTD_MAGIC
from arbitrage.data.rules.checked_rows import ROWS_AT_ONCE
from arbitrage.data.snapshot_table import load_snapshots
from arbitrage.errors import DataError
from tests.data_files import GOOD, HEADER, Load, csv_of, refusal

# -- what loads


def test_a_table_is_a_sequence_of_snapshots(load: Load) -> None:
    table = load(csv_of(GOOD, "2024-01-01T00:00:01Z,5,6.5,7e1,8"))
    second = OrderBookSnapshot("2024-01-01T00:00:01Z", 5.0, 6.5, 70.0, 8.0)
    assert len(table) == 2
    assert table[1] == table[-1] == second
    assert list(table) == [table[0], second]
    assert table[1:] == [second]
    assert isinstance(table[1], OrderBookSnapshot)
    with pytest.raises(IndexError):
        table[2]


def test_the_hash_is_of_the_bytes_as_stored(load: Load) -> None:
    packed = gzip.compress(csv_of(GOOD).encode())
    assert load(packed).data_sha256 == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize(
    ("last", "complaint"),
    [
        (GOOD, ""),
        ("2023-12-31T00:00:00Z,1,2,3,4", "earlier than the row before"),
        ("2024-01-01T00:00:0xZ,1,2,3,4", "timestamp is"),
        ("2024-02-30T00:00:00Z,1,2,3,4", "timestamp is"),
        ("2024-01-01T00:00:00Z,1,2,inf,4", "best_bid_b is"),
    ],
)
def test_a_column_so_long_that_threads_look_at_it(load: Load, last: str, complaint: str) -> None:
    content = csv_of(*[GOOD] * ROWS_AT_ONCE, last)
    if not complaint:
        assert len(load(content)) == ROWS_AT_ONCE + 1
        return
    with pytest.raises(DataError, match=f"Invalid row {ROWS_AT_ONCE + 2}: .*{complaint}"):
        load(content)


@pytest.mark.parametrize(
    "content",
    [
        csv_of(GOOD),
        csv_of(GOOD).rstrip("\n"),
        csv_of(GOOD, end="\r\n"),
        csv_of(GOOD, end="\r"),
        "\ufeff" + csv_of(GOOD),
        csv_of("", GOOD, "", ""),
        csv_of('"2024-01-01T00:00:00Z","1",2,3,4'),
        csv_of("2024-01-01T00:00:00Z, 1 ,2,3,4"),
        csv_of("2024-01-01T00:00:00Z,+1,2.,03,.4e1"),
        csv_of(
            "x,4,3,2024-01-01T00:00:00Z,1,2,y",
            header="more,best_ask_b,best_bid_b,timestamp,best_bid_a,best_ask_a,even more",
        ),
        csv_of(GOOD + ',"two\nlines"', header=HEADER + ",note"),
        csv_of(GOOD + ",", header=HEADER + ",note"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_forms_of_the_same_file_load_the_same(
    load: Load, content: str, pack: Callable[[bytes], bytes]
) -> None:
    expected = [OrderBookSnapshot("2024-01-01T00:00:00Z", 1.0, 2.0, 3.0, 4.0)]
    assert list(load(pack(content.encode()))) == expected


@pytest.mark.parametrize(
    "row", ["0,2,3,4", "-1,2,3,4", "2,1,3,4", "2,2,3,4", "0,0,0,0", "1e15,1e-15,3,4"]
)
def test_books_that_cannot_be_traded_on_are_loaded(load: Load, row: str) -> None:
    assert len(load(csv_of(f"2024-01-01T00:00:00Z,{row}"))) == 1


@pytest.mark.parametrize(
    "timestamps",
    [
        ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000001Z"],
        ["2024-01-01 00:00:00", "2024-01-01 00:00:01.5", "2024-02-29 00:00:00"],
        ["2024-01-01T00:00:00+01:00", "2024-01-01T00:00:00Z", "2023-12-31T23:00:00-0100"],
        ["1700-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
        ["2024-01-01", "2024-01-01T00:00", "2024-01-02"],
        ["99999999998", "99999999999"],
        ["1704067200000", "1704067200001"],
        ["1704067200000000000", "1704067200000000000"],
        ["-5", "0", "+5"],
    ],
)
def test_timestamps_are_iso_8601_or_integers_and_keep_their_text(
    load: Load, timestamps: list[str]
) -> None:
    table = load(csv_of(*(f"{timestamp},1,2,3,4" for timestamp in timestamps)))
    assert [snapshot.timestamp for snapshot in table] == timestamps


# -- what is refused


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


def test_missing_columns_are_named(load: Load) -> None:
    for rows in ("", "a,1,2,3\n"):
        text = refusal(load, f"time,best_bid_a,best_bid_b,best_ask_b\n{rows}")
        assert text.startswith("CSV must have columns: timestamp, best_bid_a, best_ask_a, ")
        assert text.endswith("missing: timestamp, best_ask_a")


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_separator_is_told(load: Load, mark: str, name: str) -> None:
    text = refusal(load, csv_of(GOOD).replace(",", mark))
    assert text.startswith("CSV must have columns: timestamp, best_bid_a, ")
    assert f"missing: {HEADER.replace(',', ', ')} (" in text
    assert f"separated by {name}" in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Best_Bid_A", "'Best_Bid_A'"),
        (" best_bid_a", "' best_bid_a'"),
        ("best bid a", "'best bid a'"),
        ("BestBidA", "'BestBidA'"),
    ],
)
def test_a_name_that_is_nearly_right_is_shown(load: Load, name: str, shown: str) -> None:
    text = refusal(load, csv_of(GOOD, header=HEADER.replace("best_bid_a", name)))
    assert text.startswith("CSV must have columns: timestamp, ")
    assert f"missing: best_bid_a (the header has {shown}: write each name exactly as it " in text


def test_a_second_byte_order_mark_is_named(load: Load) -> None:
    text = refusal(load, "\ufeff\ufeff" + csv_of(GOOD))
    assert "missing: timestamp (the header has '\\ufefftimestamp', where \\ufeff is a byte " in text


def test_a_mark_beside_a_missing_column_is_not_a_separator(load: Load) -> None:
    text = refusal(load, "timestamp,best_bid_a,best_ask_a,best_bid_b,ask;b\n")
    assert text.endswith("missing: best_ask_b")


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


def test_a_column_that_is_there_twice_is_named(load: Load) -> None:
    text = refusal(load, f"{HEADER},best_bid_a\n{GOOD},5\n")
    assert text.startswith("CSV must have columns: ")
    assert "best_bid_a" in text.rsplit("twice", 1)[1]


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n", HEADER + "\n\n\n"])
def test_a_header_alone(load: Load, content: str) -> None:
    assert refusal(load, content) == "No valid snapshots loaded from CSV file"


@pytest.mark.parametrize("column", range(1, 5))
@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ('""', "empty"),
        ("abc", "finite number"),
        ("nan", "where a venue has no quote, write 0 or leave the row out"),
        ("NULL", "where a venue has no quote, write 0 or leave the row out"),
        ("inf", "finite number"),
        ("-Infinity", "finite number"),
        ("1e400", "finite number"),
        ("1_000", "finite number"),
        ("0x10", "finite number"),
        ("1,5", "cells"),
        ("\uff11", "finite number"),
        ("1 2", "finite number"),
        ("1.0000001e15", "above 1e15"),
        ("9e-16", "below 1e-15"),
    ],
)
def test_a_bad_price_is_named_with_its_line_column_and_value(
    load: Load, column: int, cell: str, reason: str
) -> None:
    cells = GOOD.split(",")
    cells[column] = cell
    text = refusal(load, csv_of(GOOD, ",".join(cells), GOOD))
    assert text.startswith("Invalid row 3: ")
    assert reason in text
    if reason != "cells":
        assert HEADER.split(",")[column] in text
        assert repr(cell.strip('"')) in text


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        ("", "empty"),
        ("yesterday", "ISO 8601"),
        ("2024-13-01T00:00:00Z", "exists"),
        ("2023-02-29T00:00:00Z", "exists"),
        ("2024-01-01T24:00:00Z", "write 00:00 of the day after"),
        ("2024-01-01T23:59:60Z", "write second 59, or the minute after"),
        ("2024-01-01T00:00:00+05:99", "offset +05:99 is beyond 23 hours or 59 minutes"),
        ("2024-01-01T00:00:00-24", "offset -24 is beyond"),
        ("20240101T000000Z", "not an ISO 8601 timestamp in its extended form, such as 2024-01-31T"),
        ("01/31/2024 00:00", "not an ISO 8601 timestamp, such as 2024-01-31T"),
        ("1704067200.25", "an epoch must be whole"),
        ("2024-1-1T00:00:00Z", "ISO 8601"),
        ("2024-01-01T00:00:00.1234567891Z", "ISO 8601"),
        ("20240101", "ISO 8601"),
        ("1704067200", "ISO 8601"),
        ("2023-12-31T23:59:59.999999999Z", "earlier"),
        ("2024-01-01T00:59:59+01:00", "earlier"),
    ],
)
def test_a_bad_or_earlier_timestamp_is_named(load: Load, timestamp: str, reason: str) -> None:
    text = refusal(load, csv_of(GOOD, f"{timestamp},1,2,3,4"))
    assert text.startswith(f"Invalid row 3: timestamp is {timestamp!r}: ")
    assert reason in text


@pytest.mark.parametrize("timestamps", [["1704067200.25"], ["1704067200", "1704067200.25"]])
def test_an_epoch_with_parts_is_told_how_to_be_whole(load: Load, timestamps: list[str]) -> None:
    text = refusal(load, csv_of(*(f"{timestamp},1,2,3,4" for timestamp in timestamps)))
    assert text.startswith(f"Invalid row {len(timestamps) + 1}: timestamp is '1704067200.25': ")
    assert text.endswith(
        "an epoch must be whole; write it in ms, us or ns where seconds have parts"
    )


UNITS = {"seconds": 10**9, "milliseconds": 10**12, "microseconds": 10**15, "nanoseconds": 10**18}


@pytest.mark.parametrize("first", UNITS)
@pytest.mark.parametrize("other", UNITS)
@pytest.mark.parametrize("rows", [1, ROWS_AT_ONCE])
def test_the_unit_of_epochs_is_that_of_the_first_row(
    load: Load, first: str, other: str, rows: int
) -> None:
    epochs = [1.7 * UNITS[first]] * rows + [1.7 * UNITS[other]]
    content = csv_of(*(f"{int(epoch)},1,2,3,4" for epoch in epochs))
    if first == other:
        assert len(load(content)) == rows + 1
        return
    text = refusal(load, content)
    assert text.startswith(f"Invalid row {rows + 2}: timestamp is '17")
    assert f"an epoch in {other}, by its size, but the first row's is in {first}; write " in text


@pytest.mark.parametrize("timestamp", ["1704067199", "2024-01-01T00:00:00Z", "1.5e9", "9" * 30])
def test_among_epochs_every_timestamp_must_be_a_later_epoch(load: Load, timestamp: str) -> None:
    text = refusal(load, csv_of("1704067200,1,2,3,4", f"{timestamp},1,2,3,4"))
    assert text.startswith(f"Invalid row 3: timestamp is {timestamp!r}: ")


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        (["1,2,3", GOOD], 2),
        ([GOOD, "2024-01-01T00:00:00Z,1,2,3"], 3),
        ([GOOD, GOOD + ",5"], 3),
        ([GOOD, GOOD + ","], 3),
        ([GOOD, "2024-01-01T00:00:00Z,1,2,3", GOOD + ","], 3),
        (["", GOOD, "", "x,1,2,3,4"], 5),
        ([GOOD, "  ", GOOD], 3),
        (['"2024-01-01T00:00:00Z","1\n",2,3,4', "x,1,2,3,4"], 4),
        ([GOOD, '2024-01-01T00:00:00Z,"1\n\n",2,3,5,6'], 3),
        ([GOOD, '"2024-01-01T00:00:00Z,1,2,3,4'], 3),
        ([GOOD, '2024-01-01T00:00:00Z,"1"5,2,3,4'], 3),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_of_the_wrong_shape_is_named_by_its_line(
    load: Load, rows: list[str], number: int, end: str
) -> None:
    content = csv_of(*(row.replace("\n", end) for row in rows), end=end)
    assert refusal(load, content).startswith(f"Invalid row {number}: ")


@pytest.mark.parametrize("note", ["a,b", "a"])
def test_a_row_short_or_long_in_a_column_that_nobody_reads_is_invalid(
    load: Load, note: str
) -> None:
    header = HEADER + ",note,more"
    assert len(load(csv_of(GOOD + ",,", GOOD + ",a,b", header=header))) == 2
    text = refusal(
        load, csv_of(GOOD + ",a,b", f"{GOOD},{note}{',x' * (note != 'a')}", header=header)
    )
    assert text.startswith("Invalid row 3: ")


def test_the_first_bad_row_is_the_one_named(load: Load) -> None:
    text = refusal(load, csv_of(GOOD, "2024-01-01T00:00:01Z,1,2,3,x", "earlier,1,2,3"))
    assert text.startswith("Invalid row 3: best_ask_b")


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


def test_rows_and_bytes_are_bounded(load: Load) -> None:
    content = csv_of(*[GOOD] * 100)
    assert len(load(content, DataLimits(max_rows=100))) == 100
    assert "more than 99 rows" in refusal(load, content, DataLimits(max_rows=99))
    assert "larger than 1,000 bytes" in refusal(load, content, DataLimits(max_bytes=1000))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_an_archive_may_have_several_parts(load: Load, pack: Callable[[bytes], bytes]) -> None:
    rows = "".join(f"{GOOD}\n" for _ in range(500))
    assert len(load(pack(f"{HEADER}\n{rows}".encode()) + pack(rows.encode()))) == 1000


def skippable(content: bytes, kind: int = 0) -> bytes:
    """A zstd frame that is not data; pzstd puts one before each of its own."""
    return struct.pack("<II", 0x184D2A50 + kind, len(content)) + content


@pytest.mark.parametrize("kind", [0, 7, 15])
@pytest.mark.parametrize("content", [b"", b"\x10\0\0\0", bytes(10_000)])
def test_frames_of_a_zstd_archive_that_are_not_data_are_skipped(
    load: Load, kind: int, content: bytes
) -> None:
    skipped = skippable(content, kind)
    head, tail = (zstandard.compress(text.encode()) for text in (csv_of(GOOD), f"{GOOD}\n"))
    assert len(load(skipped + head + skipped + skipped + tail + skipped)) == 2


def test_a_zstd_archive_of_nothing_but_skipped_frames_is_an_empty_file(load: Load) -> None:
    assert refusal(load, skippable(b"note") * 2) == refusal(load, b"")


@pytest.mark.parametrize("length", [4, 6, 8, 10])
def test_a_skipped_frame_that_was_cut_is_damage(load: Load, length: int) -> None:
    cut = skippable(bytes(40))[:length]
    for content in (cut, zstandard.compress(csv_of(GOOD).encode()) + cut):
        assert "is a damaged archive" in refusal(load, content)


def long_window(content: bytes, exponent: int) -> bytes:
    """A zstd frame of one raw block, with a window of 1 KiB times 2 to that power."""
    block = (len(content) << 3 | 1).to_bytes(3, "little") + content
    return ZSTD_MAGIC + b"\0" + bytes([exponent << 3]) + block


def test_a_window_as_long_as_zstd_has_them_is_read(load: Load) -> None:
    assert len(load(long_window(csv_of(GOOD).encode(), 20))) == 1


BOUNDED = """
import resource, sys
from arbitrage.errors import DataError
from arbitrage.data.snapshot_table import load_snapshots
load_snapshots(sys.argv[1])
pages = int(open("/proc/self/statm").read().split()[5])
resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + 2**28,) * 2)
try:
    load_snapshots(sys.argv[2], name="q.zst")
except DataError as error:
    print(error)
"""


def test_a_window_that_memory_does_not_hold_is_named(tmp_path: Path) -> None:
    sound, long = tmp_path / "sound.zst", tmp_path / "long.zst"
    sound.write_bytes(zstandard.compress(csv_of(GOOD).encode()))
    long.write_bytes(long_window(csv_of(GOOD).encode(), 20))
    command = [sys.executable, "-c", BOUNDED, str(sound), str(long)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == (
        "the data file 'q.zst' is packed with a window of 1,073,741,824 bytes, for which there is "
        "no memory (ARBTUNE_JOB_MEMORY_BYTES); pack it without --long\n"
    )


def test_a_window_that_no_memory_holds_is_named(load: Load) -> None:
    with pytest.raises(DataError, match=r"a window of more than 2,147,483,648 bytes, for which"):
        load(zstandard.FRAME_HEADER + b"\x00\xf8" + bytes(32))


@pytest.mark.timeout(100)  # a pass over the rest for each would take hours
def test_half_a_million_tiny_frames_take_a_moment(load: Load) -> None:
    content = skippable(b"") * 500_000 + zstandard.compress(csv_of(GOOD).encode())
    assert len(load(content)) == 1


@pytest.mark.skipif(shutil.which("pzstd") is None, reason="pzstd is not on the PATH")
def test_what_pzstd_has_packed_is_read(load: Load) -> None:
    packed = subprocess.run(
        ["pzstd", "-q", "-c"], input=csv_of(GOOD, GOOD).encode(), capture_output=True, check=True
    ).stdout
    assert not packed.startswith(ZSTD_MAGIC)
    assert len(load(packed)) == 2


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_an_archive_is_bounded_by_what_it_unpacks_to(
    load: Load, pack: Callable[[bytes], bytes]
) -> None:
    bomb = pack(b"0" * 50_000_000)
    assert len(bomb) < 1_000_000
    assert "larger than 1,000,000" in refusal(load, bomb, DataLimits(max_bytes=1_000_000))
