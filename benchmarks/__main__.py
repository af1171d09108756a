"""`python -m benchmarks [--quick] [--only kernels,queue]`: measure, and write RESULTS.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.report import Section

RESULTS = Path(__file__).with_name("RESULTS.md")


def _kernels(*, quick: bool) -> Section:
    from benchmarks.kernels import kernels

    return kernels(quick=quick)


def _sweep(*, quick: bool) -> Section:
    from benchmarks.sweep_rate import sweep_rate

    return sweep_rate(quick=quick)


def _queue(*, quick: bool) -> Section:
    from benchmarks.queue_rate import queue_rate

    return queue_rate(quick=quick)


def _loading(*, quick: bool) -> Section:
    from benchmarks.loading import loading

    return loading(quick=quick)


SECTIONS: dict[str, Callable[..., Section]] = {
    "kernels": _kernels,
    "sweep": _sweep,
    "queue": _queue,
    "loading": _loading,
}


def main() -> None:
    """Run the sections that are asked for; a full run is kept, a part of one is printed."""
    arguments = _parser().parse_args()
    sections = []
    for name in arguments.only:
        print(f"{name} ...", file=sys.stderr)
        sections.append(SECTIONS[name](quick=arguments.quick))
    text = _document(sections, quick=arguments.quick)
    print(text)
    if not arguments.quick and len(sections) == len(SECTIONS):
        RESULTS.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short form, about a minute")
    parser.add_argument(
        "--only",
        type=_names,
        default=list(SECTIONS),
        metavar="NAMES",
        help=f"some of {','.join(SECTIONS)}; without it all, which writes {RESULTS.name}",
    )
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SECTIONS)}")
    return names


def _document(sections: list[Section], *, quick: bool) -> str:
    head = [
        "# Benchmarks",
        "Written by `make bench`. Medians; contestants take turns within one run.",
        machine().markdown(),
    ]
    return "\n\n".join([*head, *(section.markdown(quick) for section in sections)]) + "\n"


if __name__ == "__main__":
    main()
