"""What stalls a worker in the eyes of its probe, and what does not."""

from __future__ import annotations

from pathlib import Path

from worker.operating.probes import STALLED_AFTER_S, ProbeFiles, StallWatch
from worker.settings import Settings


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def stalls(*beats: tuple[int, int, int]) -> list[bool]:
    """The verdicts over beats of (waiting, free, received), half the patience apart."""
    clock = Clock()
    watch = StallWatch(clock)
    verdicts = []
    for waiting, free, received in beats:
        clock.now += STALLED_AFTER_S / 2
        verdicts.append(watch.is_stalled(waiting=waiting, free=free, received=received))
    return verdicts


def test_waiting_messages_that_nobody_takes_stall_a_worker() -> None:
    assert stalls((5, 1, 7), (5, 1, 7), (5, 1, 7)) == [False, False, True]


def test_nothing_to_do_is_not_a_stall() -> None:
    assert not any(stalls(*[(0, 1, 7)] * 5))


def test_neither_is_a_worker_whose_processes_are_all_busy() -> None:
    assert not any(stalls(*[(5, 0, 7)] * 5))


def test_a_message_received_is_a_sign_of_life() -> None:
    assert not any(stalls(*[(5, 1, received) for received in range(5)]))


def test_the_files_start_alive_and_not_ready(tmp_path: Path) -> None:
    files = ProbeFiles(Settings(probe_dir=tmp_path / "probes"))
    files.reset()
    files.touch_ready()
    files.reset()
    assert [file.name for file in (tmp_path / "probes").iterdir()] == ["alive"]


def test_a_folder_that_went_away_ends_nothing(tmp_path: Path) -> None:
    ProbeFiles(Settings(probe_dir=tmp_path / "gone")).touch_alive()
    ProbeFiles(Settings(probe_dir=tmp_path / "gone")).remove("alive")
    ProbeFiles(Settings()).touch_ready()
    ProbeFiles(Settings()).remove("ready")
