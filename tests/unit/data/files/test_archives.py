"""Archives: several parts, frames that are not data, long windows, and how much they unpack to."""

from __future__ import annotations

import gzip
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.files.packing import ZSTD_MAGIC
from arbitrage.errors import DataError
from tests.helpers.inputs.data_files import GOOD, HEADER, Load, csv_of, refusal


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
    bomb = pack(b"0" * 5_000_000)
    assert len(bomb) < 100_000
    assert "larger than 1,000,000" in refusal(load, bomb, DataLimits(max_bytes=1_000_000))
