"""What is kept of timestamps makes their texts and their moments again."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.data.rules.moments import moment_ns
from arbitrage.data.rules.stamp_texts import ANY_FORM, EPOCH, INSTANT_UNITS, text_of
from arbitrage.data.rules.stamps import Stamps, stamps_of, texts_of
from arbitrage.replay.arrays import Arrays
from arbitrage.replay.files.timestamps import Timestamps, TimestampWriter
from tests.helpers.inputs.examples import examples

fractions = st.sampled_from(["", "%.3f", "%.6f", "%.9f"])
zones = st.sampled_from(["", "Z", "z", "+02:00", "-0530", "+14", "-23:59"])
moments = st.lists(st.integers(-(9 * 10**18), 9 * 10**18), min_size=1, max_size=20).map(sorted)


def kept_texts(stamps: Stamps) -> list[str]:
    return [text_of(stamps.form, number) for number in stamps.numbers.tolist()]


def kept(*stamps: Stamps) -> tuple[Timestamps, int]:
    """The timestamps of some blocks as a prepared file has them, and how many forms it tells."""
    arrays = Arrays.in_memory()
    writer = TimestampWriter(arrays)
    for block in stamps:
        writer.take(block)
    return Timestamps(tuple(writer.runs), arrays.finish()), len(writer.runs)


def kept_moments(stamps: Stamps) -> list[int]:
    timestamps, _ = kept(stamps)
    return [timestamps.moment_ns(row) for row in range(len(stamps.column))]


def isos(numbers: list[int], mark: str, fraction: str, zone: str) -> pl.Series:
    instants = pl.Series(numbers).cast(pl.Datetime("ns"))
    return instants.dt.to_string(f"%Y-%m-%d{mark}%H:%M:%S{fraction}") + zone


@examples(80)
@given(moments, st.sampled_from(["T", " "]), fractions, zones)
def test_timestamps_of_one_form_are_kept_as_numbers(
    numbers: list[int], mark: str, fraction: str, zone: str
) -> None:
    texts = isos(numbers, mark, fraction, zone)
    stamps = stamps_of(texts)
    assert stamps is not None
    assert stamps.form != ANY_FORM or abs(max(numbers, key=abs)) > 2**63 - 3 * 86_400 * 10**9
    if stamps.form != ANY_FORM:
        assert kept_texts(stamps) == texts.to_list()
        expected = [moment_ns(text) for text in texts]
        assert stamps.moments_ns().tolist() == expected == kept_moments(stamps)


@examples(80)
@given(
    moments,
    fractions,
    zones,
    st.integers(0, 19),
    st.integers(0, 28),
    st.sampled_from([*"0123456789", ":", "Z", ""]),
)
def test_one_odd_character_is_never_overlooked(
    numbers: list[int], fraction: str, zone: str, row: int, place: int, put: str
) -> None:
    """Whatever is accepted is what the definition makes of it, in order, and keeps its text."""
    texts = isos(numbers, "T", fraction, zone).to_list()
    row %= len(texts)
    texts[row] = texts[row][:place] + put + texts[row][place + 1 :]
    stamps = stamps_of(pl.Series(texts))
    if stamps is not None:
        expected = [moment_ns(text) for text in texts]
        assert expected == sorted(expected)
        if stamps.form != ANY_FORM:
            assert kept_texts(stamps) == texts
            assert stamps.moments_ns().tolist() == expected == kept_moments(stamps)


@examples(60)
@given(
    st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=9), st.sampled_from(["ms", "ns"])
)
def test_instants_are_kept_in_their_unit(numbers: list[int], unit: str) -> None:
    within = 250_000_000_000_000 if unit == "ms" else 2**62
    column = pl.Series(sorted(n % within for n in numbers)).cast(pl.Datetime(unit))  # type: ignore[arg-type]
    stamps = stamps_of(column)
    assert stamps is not None
    assert stamps.form in INSTANT_UNITS
    assert kept_texts(stamps) == texts_of(column).to_list()
    assert kept_moments(stamps) == [moment_ns(text) for text in kept_texts(stamps)]


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["1704067200", "1704067201"], EPOCH),
        (["-5", "7"], EPOCH),
        (["01704067200", "01704067201"], ANY_FORM),
        (["+1704067200"], ANY_FORM),
        (["2024-01-01", "2024-01-01T00:00:00.5Z"], ANY_FORM),
    ],
)
def test_texts_that_no_number_makes_are_kept(texts: list[str], form: str) -> None:
    stamps = stamps_of(pl.Series(texts))
    assert stamps is not None
    assert stamps.form == form
    assert kept_moments(stamps) == [moment_ns(text) for text in texts]


def test_each_row_has_its_text_whatever_the_forms_of_the_blocks() -> None:
    blocks = [
        ["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"],
        ["2024-01-01T00:00:02Z"],
        ["2024-01-02", "2024-01-02 00:00"],
        ["2024-01-03T00:00:00.250Z"],
        ["2024-01-04", "2024-01-04T00:00:00.5"],
    ]
    stamps = [stamps_of(pl.Series(block)) for block in blocks]
    timestamps, forms = kept(*(block for block in stamps if block is not None))
    texts = [text for block in blocks for text in block]
    assert [timestamps.text(row) for row in range(len(texts))] == texts
    moments = [timestamps.moment_ns(row) for row in range(len(texts))]
    assert moments == [moment_ns(text) for text in texts]
    assert forms == 4
