"""`python -m benchmarks [--quick] [--rounds 3] [--only NAMES]`: measure, and write RESULTS.md."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from arbitrage.shell.console import count
from benchmarks.machine import machine
from benchmarks.report import Section

RESULTS = Path(__file__).with_name("RESULTS.md")


def _kernels(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.kernels import kernels

    return kernels(quick=quick, rounds=rounds)


def _options(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.options import options

    return options(quick=quick, rounds=rounds)


def _periods(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.periods import periods

    return periods(quick=quick, rounds=rounds)


def _sweep(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.sweep_rate import sweep_rate

    return sweep_rate(quick=quick, rounds=rounds)


def _queue(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.queue_rate import queue_rate

    return queue_rate(quick=quick, rounds=rounds)


def _loading(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.loading import loading

    return loading(quick=quick, rounds=rounds)


def _answer(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.answer import answer

    return answer(quick=quick, rounds=rounds)


def _align(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.align import align

    return align(quick=quick, rounds=rounds)


def _scale(*, quick: bool, rounds: int) -> Section:
    from benchmarks.measured.scale import scale

    return scale(quick=quick, rounds=rounds)


SECTIONS: dict[str, Callable[..., Section]] = {
    "kernels": _kernels,
    "options": _options,
    "periods": _periods,
    "sweep": _sweep,
    "loading": _loading,
    "queue": _queue,
    "answer": _answer,
    "align": _align,
    "scale": _scale,
}
APART = ("align", "scale")  # each takes 10 GB of disk, and minutes
DEFAULT = [name for name in SECTIONS if name not in APART]


def main() -> None:
    """Run the sections that are asked for; a full run is kept, and each section that is apart."""
    arguments = _parser().parse_args()
    flags = f"{'--quick ' if arguments.quick else ''}--rounds {arguments.rounds}"
    keeps = not arguments.quick and arguments.only == DEFAULT
    sections: list[Section] = []
    for name in arguments.only:
        print(f"{name} ...", file=sys.stderr)
        sections.append(SECTIONS[name](quick=arguments.quick, rounds=arguments.rounds))
        print(sections[-1].markdown(flags), end="\n\n", flush=True)
        if keeps:
            kept = [text for text in _kept_sections() if _name_of(text) in APART]
            RESULTS.write_text(_document(sections, flags, kept), encoding="utf-8")
        elif not arguments.quick and arguments.only == [name] and name in APART:
            _put_in(sections[-1].markdown(flags), name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short form, about a minute")
    parser.add_argument(
        "--rounds", type=count, default=3, help="turns of each contestant (3); the medians count"
    )
    parser.add_argument(
        "--only",
        type=_names,
        default=DEFAULT,
        metavar="NAMES",
        help=f"some of {','.join(SECTIONS)}; without it all but {', '.join(APART)}, "
        f"which writes {RESULTS.name}",
    )
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SECTIONS)}")
    return names


def _document(sections: list[Section], flags: str, kept: list[str]) -> str:
    head = [
        "# Benchmarks",
        "Written by `make bench`. Medians; contestants take turns within one run.",
        machine().markdown(),
    ]
    return "\n\n".join([*head, *(section.markdown(flags) for section in sections), *kept]) + "\n"


def _kept_sections() -> list[str]:
    """What stands in the results of earlier runs, the head of the page first."""
    text = RESULTS.read_text(encoding="utf-8").rstrip("\n")
    return re.split(r"\n\n(?=## )", text)


def _name_of(section: str) -> str:
    """Its name, from the command that makes it."""
    found = re.search(r"--only (\w+)`", section)
    return found[1] if found else ""


def _put_in(section: str, name: str) -> None:
    """Write a section where the one of that name stood, or at the end."""
    others = [text for text in _kept_sections() if _name_of(text) != name]
    RESULTS.write_text("\n\n".join([*others, section]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
