"""Files of other formats: each is told by its first bytes, with what to do about it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import polars as pl
import pyarrow as pa
import pyarrow.orc
import pytest
import zstandard

from tests.helpers.inputs.data_files import GOOD, Load, csv_of, refusal

TEXT = csv_of(GOOD)
CSV = TEXT.encode()


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, CSV)
    return content.getvalue()


def tarred() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo("quotes.csv")
        entry.size = len(CSV)
        archive.addfile(entry, io.BytesIO(CSV))
    return content.getvalue()


def feather(*, compressed: bool = False) -> bytes:
    content = io.BytesIO()
    frame = pl.read_csv(io.BytesIO(CSV))
    frame.write_ipc(content, compression="lz4" if compressed else "uncompressed")
    return content.getvalue()


def orc() -> bytes:
    content = io.BytesIO()
    pa.orc.write_table(pa.table({"timestamp": ["x"]}), content)
    return content.getvalue()


def lz4() -> bytes:
    return bytes(pa.Codec("lz4").compress(CSV))


@pytest.mark.parametrize(
    ("content", "kind", "cure"),
    [
        (zipped("quotes.csv"), "a zip archive", "unpack it with unzip"),
        (zipped(), "a zip archive", "unpack it with unzip"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", "save the sheet"),
        (tarred(), "a tar archive", "unpack it with tar -xf"),
        (gzip.compress(tarred()), "a tar archive", "unpack it with tar -xf"),
        (zstandard.compress(tarred()), "a tar archive", "unpack it with tar -xf"),
        (gzip.compress(gzip.compress(CSV)), "a gzip archive within another", "with gunzip once"),
        (bz2.compress(CSV), "a bzip2 archive", "unpack it with bunzip2"),
        (lzma.compress(CSV), "an xz archive", "unpack it with unxz"),
        (lz4(), "an lz4 archive", "unpack it with lz4 -d"),
        (feather(), "an Arrow or Feather file", "write it as CSV or Parquet"),
        (feather(compressed=True), "an Arrow or Feather file", "write it as CSV or Parquet"),
        (orc(), "an ORC file", "write it as CSV or Parquet"),
        (TEXT.encode("utf-16"), "text in UTF-16", "save it as UTF-8"),
        (TEXT.encode("utf-16-le"), "text in UTF-16", "save it as UTF-8"),
        (TEXT.encode("utf-16-be"), "text in UTF-16", "save it as UTF-8"),
        (("\ufeff" + TEXT).encode("utf-16-be"), "text in UTF-16", "save it as UTF-8"),
        (TEXT.encode("utf-32"), "text in UTF-32", "save it as UTF-8"),
        (TEXT.encode("utf-32-le"), "text in UTF-32", "save it as UTF-8"),
        (TEXT.encode("utf-32-be"), "text in UTF-32", "save it as UTF-8"),
        (("\ufeff" + TEXT).encode("utf-32-be"), "text in UTF-32", "save it as UTF-8"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # bytes may differ by the run
)
def test_a_file_of_another_format_is_told_with_what_to_do(
    load: Load, content: bytes, kind: str, cure: str
) -> None:
    text = refusal(load, content)
    assert text.startswith("the data file ")
    assert f"quotes.csv' is {kind}: " in text
    assert cure in text
