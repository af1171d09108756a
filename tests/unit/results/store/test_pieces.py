"""The pieces in which missing rows are computed."""

from __future__ import annotations

import pytest

from arbitrage.arbitrage_core import ENGINE_VERSION
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.many_configs import open_data, replay
from arbitrage.results.store import missing_rows
from arbitrage.results.store.missing_rows import MissingRows, Piece
from arbitrage.results.store.other_sweeps import OtherSweeps
from arbitrage.results.store.rows import with_timestamps
from arbitrage.sweep import run_sweep
from tests.helpers.inputs.sweeps import spec
from tests.unit.results.store.grown import KEPT, SPREADS, STOPS, Desk


def missing(desk: Desk, sweep: SweepSpec) -> MissingRows:
    folder = desk.folder(sweep)
    digest = open_data(sweep.data_path).data_sha256
    return MissingRows(sweep, folder, OtherSweeps(folder, digest, ENGINE_VERSION, pytest.fail))


def kept(pieces: MissingRows, piece: Piece) -> None:
    data = open_data(pieces.spec.data_path)
    figures = replay(data, pieces.spec.columns_of(piece.new), len(piece.new))
    pieces.keep(piece, with_timestamps(figures, data.timestamp), {})


@pytest.mark.parametrize(("most_new", "most"), [(1, 50), (3, 4), (7, 7), (100, 100), (2, 30)])
def test_pieces_are_as_large_as_they_may_be(desk: Desk, most_new: int, most: int) -> None:
    sweep = SweepSpec(**spec({**SPREADS, "step": 0.25}, STOPS, max_position_usd=1e6))
    pieces = [*missing(desk, sweep).pieces(most_new, most)]
    covered = [number for piece in pieces for number in range(piece.start, piece.stop)]
    assert covered == [*range(sweep.total)]
    new = [number for piece in pieces for number in piece.new.tolist()]
    assert new == [number for number in range(74) if number % 8 > 1]
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        assert sorted([*piece.known["config_number"], *piece.new]) == [
            *range(piece.start, piece.stop)
        ]
        assert len(piece.new) <= most_new
        assert piece.stop - piece.start <= most
        is_full = piece.stop - piece.start == most
        assert is_full or after is None or after.new[0] == after.start


@pytest.mark.parametrize("at_once", [10, 33, 500_000])
def test_the_rest_is_cut_as_before_whatever_is_there(
    desk: Desk, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a client that comes back finds the chunks that it had sent."""
    monkeypatch.setattr(missing_rows, "_LOOKED_FOR_AT_ONCE", at_once)
    sweep = SweepSpec(**spec({**SPREADS, "step": 0.25}, STOPS, max_position_usd=1e6))
    rest = missing(desk, sweep)
    pieces = [*rest.pieces(5, 8)]
    with rest.folder.exclusively():
        for piece in pieces[1::3]:
            kept(rest, piece)
    again = [*missing(desk, sweep).pieces(5, 8)]
    left = [piece for place, piece in enumerate(pieces) if place % 3 != 1]
    assert [piece[:2] for piece in again] == [piece[:2] for piece in left]
    for piece, before in zip(again, left, strict=True):
        assert piece.known.equals(before.known)
        assert piece.new.tolist() == before.new.tolist()


def test_a_piece_is_halved_by_what_is_new(desk: Desk) -> None:
    sweep = SweepSpec(**spec({**SPREADS, "step": 0.5}, STOPS, max_position_usd=1e6))
    rest = missing(desk, sweep)
    [piece] = rest.pieces(100, 100)
    pieces = [piece]
    while any(len(piece.new) > 1 for piece in pieces):
        pieces = [
            half
            for piece in pieces
            for half in (piece.halves() if len(piece.new) > 1 else (piece,))
        ]
    assert len(pieces) == 18
    assert {len(piece.new) for piece in pieces} == {1}
    with rest.folder.exclusively():
        for piece in pieces:
            kept(rest, piece)
    assert rest.folder.rows(sweep.total).collect().equals(run_sweep(sweep))
    assert (rest.copied.total(), rest.computed) == (20, 18)
    assert set(rest.copied) == {desk.folder(KEPT).sweep_id}
