"""Files of other formats, told by their first bytes, and what to do with each."""

from __future__ import annotations

import re

_AS_CSV = "write it as CSV or Parquet"
_BEGINNINGS = (
    (b"BZh", "a bzip2 archive", "unpack it with bunzip2"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it with unxz"),
    (b"\x04\x22\x4d\x18", "an lz4 archive", "unpack it with lz4 -d"),
    (b"\x02\x21\x4c\x18", "an lz4 archive", "unpack it with lz4 -d"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it with 7z x"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it with unrar x"),
    (b"\x1f\x8b", "a gzip archive within another", "unpack it with gunzip once"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive within another", "unpack it with unzstd once"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", "save the sheet as CSV UTF-8"),
    (b"ARROW1", "an Arrow or Feather file", _AS_CSV),
    (b"FEA1", "a Feather file", _AS_CSV),
    (b"\xff\xff\xff\xff", "an Arrow stream", _AS_CSV),
    (b"ORC", "an ORC file", _AS_CSV),
    (b"Obj\x01", "an Avro file", _AS_CSV),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _AS_CSV),
    (b"SQLite format 3\0", "an SQLite database", _AS_CSV),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
)
_ZIP = re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)")
_ZIP_HEAD_BYTES = 4_096  # which hold the names of the first parts of a workbook
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257

# Text in wider characters, by the zeros beside its first two; the first may be a byte order mark.
_WIDE = re.compile(
    rb"(?P<utf32>(?:\xff\xfe|[!-~]\0)\0\0[!-~]\0\0\0|\0\0(?:\xfe\xff|\0[!-~])\0\0\0[!-~])"
    rb"|(?P<utf16>(?:\xff\xfe|[!-~]\0)[!-~]\0|(?:\xfe\xff|\0[!-~])\0[!-~])"
)


def foreign_format(content: bytes) -> str | None:
    """The end of a sentence: what a file is and what to do; None for an unknown format."""
    for beginning, kind, cure in _BEGINNINGS:
        if content.startswith(beginning):
            return f"{kind}: {cure}"
    if _ZIP.match(content):
        if b"xl/" in content[:_ZIP_HEAD_BYTES]:
            return "an Excel workbook: save the sheet as CSV UTF-8"
        return "a zip archive: unpack it with unzip"
    if content.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        return "a tar archive: unpack it with tar -xf"
    if wide := _WIDE.match(content):
        name = "UTF-16" if wide["utf16"] else "UTF-32"
        return f"text in {name}: save it as UTF-8, as iconv -f {name} -t UTF-8 does"
    return None
