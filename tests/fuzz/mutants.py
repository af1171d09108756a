"""Sound data files, and what becomes of them: any number names one, the same for every run."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from arbitrage.data.columns import AGES, COLUMNS, OPTIONAL_COLUMNS, PRICES, SIZES, TIMESTAMP

HEADER = ",".join(COLUMNS)
ROWS = 24
KNOWN_NUMBERS = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\x80\x80\x80\x80\x08")
MARKS = [b'"', b'""', b",", b"\n", b"\r", b"\n\n", b"\0", b" ", b"\xef\xbb\xbf", b"\xff", b"nan"]
STAMPS = [
    b"2024-02-30",
    b"+05:99",
    b"-0530",
    b"T24:00",
    b":60",
    b"Z",
    b".5",
    b"1704067200000",
    b"-",
]
FOOTER_END = 8  # the footer's length and the magic, at the very end of a Parquet file


def mutant(kind: str, number: int) -> bytes:
    """The file of this number: `parquet`, `csv`, or `flip`, one bit of a Parquet file each."""
    return _KINDS[kind](number)


def _mutated_parquet(number: int) -> bytes:
    draw = random.Random(f"parquet {number}")
    content = bytearray(draw.choice(sound_parquets()))
    for _ in range(draw.choice([1, 1, 1, 2, 4, 8])):
        _change_bytes(content, draw)
    return bytes(content)


def _change_bytes(content: bytearray, draw: random.Random) -> None:
    """Flip, overwrite, cut, insert or splice: anywhere, or in the footer, which is small."""
    footer = int.from_bytes(content[-FOOTER_END:][:4], "little") + FOOTER_END
    first = max(0, len(content) - footer) if draw.random() < 0.5 else 0
    place, length = draw.randrange(first, len(content) + 1), draw.randrange(1, 12)
    change = draw.randrange(7)
    if change < 3:
        content[place : place + 1] = bytes(
            b ^ (1 << draw.randrange(8)) for b in content[place:][:1]
        )
    elif change == 3:
        del content[place : place + length]
    elif change == 4:
        content[place:place] = draw.randbytes(length)
    elif change == 5:
        known = draw.choice(KNOWN_NUMBERS)
        content[place : place + len(known)] = known
    else:
        other = draw.choice(sound_parquets())
        start, size = draw.randrange(len(other)), 8 * length
        content[place : place + size] = other[start : start + size]


def _flipped_parquet(number: int) -> bytes:
    content = bytearray(sound_parquets()[0])
    bit = shuffled_bits()[number]
    content[bit // 8] ^= 1 << bit % 8
    return bytes(content)


def _mutated_csv(number: int) -> bytes:
    draw = random.Random(f"csv {number}")
    content = bytearray(draw.choice(sound_csvs()))
    for _ in range(draw.choice([1, 1, 1, 2, 4, 8])):
        _change_text(content, draw)
    return bytes(content)


def _change_text(content: bytearray, draw: random.Random) -> None:
    """Put in or overwrite: a digit of a number, a mark, what odd timestamps have, any bytes."""
    place, length = draw.randrange(len(content) + 1), draw.choice([0, 1, 1, 2, 8])
    change = draw.randrange(4)
    if change == 0:
        digits = [at for at, byte in enumerate(content) if chr(byte).isdigit()]
        content[draw.choice(digits)] = draw.choice(b"0123456789")
    elif change == 1:
        content[place : place + length // 2] = draw.choice(MARKS)
    elif change == 2:
        content[place : place + length] = draw.choice(STAMPS)
    else:
        content[place : place + length] = draw.randbytes(length)


_KINDS: dict[str, Callable[[int], bytes]] = {
    "parquet": _mutated_parquet,
    "flip": _flipped_parquet,
    "csv": _mutated_csv,
}


@cache
def shuffled_bits() -> list[int]:
    """Each bit of the file that is flipped, in an order whose first few come from all of it."""
    bits = list(range(8 * len(sound_parquets()[0])))
    random.Random("flips").shuffle(bits)
    return bits


@cache
def sound_parquets() -> list[bytes]:
    """By two writers, in every encoding, packing and type that a reader may meet."""
    texts = [f"2024-01-01T00:00:{second:02}Z" for second in range(ROWS)]
    prices = {name: [100.25 + row for row in range(ROWS)] for name in PRICES}
    table = pa.table({TIMESTAMP: texts, **prices})
    instants = pa.array(range(ROWS), pa.timestamp("ms", tz="Asia/Kolkata"))
    decimals = pa.array([Decimal("1.50")] * ROWS)
    words = table["best_bid_a"].cast(pa.string()).dictionary_encode()
    sizes = {name: [0.5 * row for row in range(ROWS)] for name in SIZES}
    ages = {name: [None if row % 3 == 0 else 1.5 * row for row in range(ROWS)] for name in AGES}
    all_columns = pa.table({TIMESTAMP: texts, **prices, **sizes, **ages})
    nested = pa.array([{"a": [1, 2], "b": None}] * ROWS)
    plain: dict[str, Any] = {"use_dictionary": False}
    by_polars = [_by_polars(table, packing) for packing in ("uncompressed", "snappy", "zstd")]
    packings = ("none", "snappy", "gzip", "zstd", "lz4", "brotli")
    return [
        *by_polars,
        *(_by_arrow(table, compression=packing) for packing in packings),
        _by_arrow(table, **plain, data_page_version="2.0", compression="zstd"),
        _by_arrow(table, row_group_size=5, write_page_index=True, write_page_checksum=True),
        _by_arrow(table, **plain, column_encoding={TIMESTAMP: "DELTA_BYTE_ARRAY"}),
        _by_arrow(table, **plain, column_encoding={TIMESTAMP: "DELTA_LENGTH_BYTE_ARRAY"}),
        _by_arrow(table, **plain, column_encoding=dict.fromkeys(PRICES, "BYTE_STREAM_SPLIT")),
        _by_arrow(table.set_column(0, TIMESTAMP, instants)),
        _by_arrow(table.set_column(0, TIMESTAMP, instants), use_deprecated_int96_timestamps=True),
        _by_arrow(table.set_column(0, TIMESTAMP, pa.array(range(ROWS)))),
        _by_arrow(table.set_column(1, "best_bid_a", decimals)),
        _by_arrow(table.set_column(1, "best_bid_a", words)),
        _by_arrow(table.append_column("note", nested)),
        _by_arrow(all_columns, row_group_size=7),
        _by_arrow(all_columns, **plain, column_encoding=dict.fromkeys(AGES, "BYTE_STREAM_SPLIT")),
        _by_polars(all_columns, "zstd"),
    ]


def _by_polars(table: pa.Table, packing: Any) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(pl.from_arrow(table)).write_parquet(content, compression=packing)
    return content.getvalue()


def _by_arrow(table: pa.Table, **options: Any) -> bytes:
    content = io.BytesIO()
    pq.write_table(table, content, **options)
    return content.getvalue()


@cache
def sound_csvs() -> list[bytes]:
    """Plain and quoted, with more columns, in several forms of timestamps, with several ends."""
    stamps = [
        "2024-01-01T00:00:{:02}Z",
        "2024-01-01 00:00:{:02}.250",
        "2024-01-01T00:00:{:02}+05:30",
        "17040672{:02}000",
        "17040672{:02}000000000",
    ]
    files = []
    for stamp in stamps:
        rows = [f"{stamp.format(10 + row)},100.5,101,99.75,1e2" for row in range(ROWS)]
        quoted = ['"' + row.replace(",", '","') + '"' for row in [HEADER, *rows]]
        more = [f"{HEADER},note", *(f"{row}," for row in rows)]
        whole = [",".join([HEADER, *OPTIONAL_COLUMNS]), *(f"{row},1,0,2.5,1e3,,7" for row in rows)]
        files += ["\n".join([HEADER, *rows, ""]), "\r\n".join(quoted), "\n".join(more)]
        files += ["\n".join([*whole, ""])]
    return [file.encode() for file in files]
