"""Damaged raw files: whatever is in one, it is read or refused with a sentence that names it."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.venues.members import members
from arbitrage.data.venues.source import Reading
from arbitrage.data.venues.sources import SOURCES, source_named
from arbitrage.errors import ArbtuneError
from tests.helpers.inputs.examples import examples

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "venues"
NAMES = {source.name for source in SOURCES}
FILES = [
    path
    for path in sorted(GOLDEN.iterdir())
    if path.suffix != ".quotes" and path.name.split(".")[0] in NAMES
]
SCRAPS = (
    *(b'"', b"[", b"]", b"{", b"}", b",", b":", b"\n", b" ", b"\xff", b"-", b"1e999", b"NaN"),
    *(b"null", b"true", b"[[]]", b"[null]", b"{}", b"9" * 23, b"\\u0000", b"\\ud800"),
)


def zipped(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("raw", content)
    return archive.getvalue()


def damaged(content: bytes, random: Random) -> bytes:
    """Up to four bits flipped, bytes replaced, left out or repeated."""
    found = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 4])):
        place, length = random.randrange(len(found)), random.randrange(1, 40)
        match random.randrange(4):
            case 0:
                found[place] ^= 1 << random.randrange(8)
            case 1:
                found[place : place + length // 3] = random.choice(SCRAPS)
            case 2 if len(found) > 2 * length:
                del found[place : place + length]
            case _:
                found[place:place] = found[place : place + length]
    return bytes(found)


@pytest.mark.parametrize("packing", [bytes, gzip.compress, zipped], ids=lambda pack: pack.__name__)
@examples(60)
@given(randoms=st.randoms(use_true_random=False))
def test_a_damaged_file_is_read_or_refused(
    packing: type[bytes], tmp_path_factory: pytest.TempPathFactory, randoms: Random
) -> None:
    golden = randoms.choice(FILES)
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged(packing(golden.read_bytes()), randoms))
    source = source_named(golden.name.split(".")[0])
    try:
        for member in members(path, DataLimits(max_bytes=2**20)):
            for quotes in source.read(member, Reading("UTC")):
                assert quotes.height
    except ArbtuneError as error:
        assert str(error)  # noqa: PT017 - it is refused or read, and both are right
