"""Books replayed by the kernels against the slow twin, and what must hold for any of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.data.venues.books.changes import SCHEMA
from arbitrage.data.venues.books.kernels.layout import CROSSED, GAPS
from arbitrage.data.venues.books.replay import TOLD, Replay
from arbitrage.data.venues.quotes import ASK, ASK_SIZE, BID, BID_SIZE, RECEIPT, SEQUENCE
from tests.helpers.inputs.examples import examples
from tests.helpers.oracles.naive_book import Message, NaiveBook, Quote

thorough = examples(20)

PRICES = st.integers(1, 12).map(lambda tick: tick / 4)
SIZES = st.sampled_from([0.0, 0.0, 1.0, 2.5, 3.0])
LEVELS = st.lists(st.tuples(st.booleans(), PRICES, SIZES), max_size=6)


@st.composite
def recordings(draw: st.DrawFn) -> list[Message]:
    """Messages of one book: several of a stamp, snapshots, gaps, messages that come twice."""
    stamp, sequence = 1_000, 10
    found = []
    has_sequence = draw(st.booleans())
    for _ in range(draw(st.integers(0, 25))):
        stamp += draw(st.sampled_from([0, 0, 1, 5]))
        sequence += draw(st.sampled_from([1, 1, 1, 1, 2, 0]))
        found.append(
            Message(
                stamp,
                draw(LEVELS),
                draw(st.integers(0, 5)) == 0,
                sequence if has_sequence else None,
                sequence - 1 if has_sequence else None,
            )
        )
    return found


def changes(messages: Sequence[Message]) -> pl.DataFrame:
    rows = []
    for message in messages:
        for place, level in enumerate(message.levels or [(None, None, None)]):
            rows.append(
                (
                    None,
                    message.stamp,
                    "BTC",
                    message.sequence,
                    message.follows,
                    place == 0,
                    message.is_snapshot,
                    *level,
                )
            )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def told(frames: Sequence[pl.DataFrame]) -> list[Quote]:
    """The last quote of each stamp, in order."""
    if not frames:
        return []
    quotes = pl.concat(frames).unique(RECEIPT, keep="last", maintain_order=True).sort(SEQUENCE)
    return quotes.select(RECEIPT, BID, BID_SIZE, ASK, ASK_SIZE).rows()


def replayed(messages: Sequence[Message], dropped: Counter[str] | None = None) -> list[Quote]:
    replay = Replay(Counter() if dropped is None else dropped)
    return told([*replay.quotes(changes(messages)), *replay.last_quotes()])


@thorough
@given(recordings())
def test_a_book_is_replayed_as_its_slow_twin_does(messages: list[Message]) -> None:
    twin = NaiveBook()
    dropped: Counter[str] = Counter()
    messages.append(Message(9_999, []))  # what crosses is counted when its stamp has ended
    assert replayed(messages, dropped) == list(twin.quotes(messages))
    assert dropped[TOLD[GAPS]] == twin.gaps
    assert dropped[TOLD[CROSSED]] == twin.crossed


@thorough
@given(recordings(), st.lists(st.integers(0, 120), max_size=6), st.lists(st.booleans(), min_size=7))
def test_neither_batches_nor_files_change_anything(
    messages: list[Message], cuts: list[int], ends_file: list[bool]
) -> None:
    """A cut may be in the midst of a stamp, even of a message."""
    whole = changes(messages)
    replay = Replay(Counter())
    frames: list[pl.DataFrame] = []
    bounds = [0, *sorted(cut for cut in cuts if cut < whole.height), whole.height]
    for place, (start, stop) in enumerate(pairwise(bounds)):
        frames += replay.quotes(whole[start:stop])
        if ends_file[place]:
            frames += replay.last_quotes()
    assert told([*frames, *replay.last_quotes()]) == replayed(messages)


@thorough
@given(recordings())
def test_changes_come_to_the_same_as_snapshots(messages: list[Message]) -> None:
    """Where each message is in place of its changes the whole book that they come to."""
    deltas = [
        replace(message, stamp=stamp, sequence=None, follows=None)
        for stamp, message in enumerate(messages)
    ]
    begin = Message(-1, [(True, 0.125, 1.0), (False, 9.0, 1.0)], is_snapshot=True)
    book = NaiveBook()
    snapshots = []
    for message in (begin, *deltas):
        book.tells(message)
        book.uncross()
        snapshots.append(replace(message, levels=book.levels(), is_snapshot=True))
    assert replayed([begin, *deltas]) == replayed(snapshots)


@thorough
@given(recordings())
def test_no_quote_is_crossed_or_locked(messages: list[Message]) -> None:
    for _, bid, _, ask, _ in replayed(messages):
        assert bid is None or ask is None or bid < ask


@thorough
@given(recordings(), recordings())
def test_each_symbol_has_a_book_of_its_own(one: list[Message], other: list[Message]) -> None:
    both = pl.concat([changes(one), changes(other).with_columns(symbol=pl.lit("ETH"))])
    replay = Replay(Counter())
    frames = [*replay.quotes(both), *replay.last_quotes()]
    for symbol, messages in (("BTC", one), ("ETH", other)):
        own = [frame for frame in frames if frame.height and frame["symbol"][0] == symbol]
        assert told(own) == replayed(messages)
