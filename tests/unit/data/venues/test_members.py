"""Raw files are opened whatever they are packed in, told by content, in bounded memory."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import zstandard

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.data.venues.members import members
from arbitrage.errors import DataError

LINES = b"".join(b"line %d\n" % number for number in range(40_000))


def zipped(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, content in files.items():
            writer.writestr(name, content)
    return archive.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as writer:
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            writer.addfile(header, io.BytesIO(content))
    return archive.getvalue()


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "zip": lambda content: zipped({"quotes": content}),
    "tar": lambda content: tarred({"quotes": content}),
    "tar.gz": lambda content: gzip.compress(tarred({"quotes": content})),
    "tar.zst": lambda content: zstd(tarred({"quotes": content})),
    "zip of gzip": lambda content: zipped({"quotes.gz": gzip.compress(content)}),
    "gzip in frames": lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:]),
}


def opened(path: Path, limits: DataLimits | None = None) -> dict[str, bytes]:
    """The contents of a file by their names, without the folder."""
    return {
        member.name.removeprefix(f"{path.parent}/"): member.stream.read()
        for member in members(path, limits or DataLimits())
    }


def refusal(path: Path, limits: DataLimits | None = None) -> str:
    with pytest.raises(DataError) as caught:
        opened(path, limits)
    return str(caught.value)


@pytest.fixture
def raw(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes a raw file, whose name says nothing."""

    def write(content: bytes) -> Path:
        (tmp_path / "raw").write_bytes(content)
        return tmp_path / "raw"

    return write


def test_a_plain_file_is_its_only_content(raw: Callable[[bytes], Path]) -> None:
    assert opened(raw(LINES)) == {"raw": LINES}


def test_an_empty_file_has_an_empty_content(raw: Callable[[bytes], Path]) -> None:
    assert opened(raw(b"")) == {"raw": b""}


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_packed_file_is_unpacked(packing: str, raw: Callable[[bytes], Path]) -> None:
    assert list(opened(raw(PACKINGS[packing](LINES))).values()) == [LINES]


@pytest.mark.parametrize("packing", PACKINGS)
def test_an_archive_that_was_cut_is_refused(packing: str, raw: Callable[[bytes], Path]) -> None:
    """Wherever it was cut, and the sentence says what to do."""
    whole = PACKINGS[packing](LINES)
    for part in (0.2, 0.5, 0.9):
        assert "fetch the file again" in refusal(raw(whole[: int(len(whole) * part)]))
    assert "fetch the file again" in refusal(raw(whole[:-1]))


def test_a_tar_that_was_cut_in_a_header_is_refused(raw: Callable[[bytes], Path]) -> None:
    whole = tarred({"a": b"x" * 512, "b": b"y"})
    assert list(opened(raw(whole)).values()) == [b"x" * 512, b"y"]
    for length in (1024, 1124, 1536):
        assert "it ends before its last file does" in refusal(raw(whole[:length]))


def test_contents_have_names_that_say_where_they_are(raw: Callable[[bytes], Path]) -> None:
    files = {"2025-01-02.csv": b"2", "2025-01-01.csv": b"1", "folder/": b""}
    assert list(opened(raw(zipped(files))).items()) == [
        ("raw:2025-01-01.csv", b"1"),
        ("raw:2025-01-02.csv", b"2"),
    ]
    del files["folder/"]
    in_order = opened(raw(gzip.compress(tarred(files))))
    assert list(in_order) == ["raw:2025-01-02.csv", "raw:2025-01-01.csv"]


@pytest.mark.parametrize("packing", [name for name in PACKINGS if name != "tar"])
def test_a_bomb_is_refused_before_it_is_large(packing: str, raw: Callable[[bytes], Path]) -> None:
    bomb = PACKINGS[packing](bytes(2**22))
    limits = DataLimits(max_bytes=2**20)
    assert "(ARBTUNE_MAX_BYTES)" in refusal(raw(bomb), limits)


def test_a_file_that_is_too_large_is_refused(raw: Callable[[bytes], Path]) -> None:
    assert "(ARBTUNE_MAX_BYTES)" in refusal(raw(LINES), DataLimits(max_bytes=len(LINES) - 1))


def test_what_cannot_be_unpacked_is_refused(raw: Callable[[bytes], Path]) -> None:
    matryoshka = LINES
    for _ in range(6):
        matryoshka = gzip.compress(matryoshka)
    assert "times over: unpack it first" in refusal(raw(matryoshka))
    assert "a zip archive in another" in refusal(raw(gzip.compress(zipped({"a": b"1"}))))
    encrypted = bytearray(zipped({"a": b"1"}))
    encrypted[6] |= 1
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert "is encrypted" in refusal(raw(bytes(encrypted)))


def test_what_is_not_there_or_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Data file not found"):
        opened(tmp_path / "nothing")
    assert "a folder" in refusal(tmp_path)


def test_the_beginning_can_be_looked_at_first(raw: Callable[[bytes], Path]) -> None:
    for packing in PACKINGS.values():
        for member in members(raw(packing(LINES)), DataLimits()):
            assert LINES.startswith(member.head())
            assert len(member.head()) > 1_000
            assert member.stream.read() == LINES
