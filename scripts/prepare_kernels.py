"""Compiles the kernels ahead of their first use: `python -m scripts.prepare_kernels`.

They stay in `ARBTUNE_CACHE_DIR`; with `--shipped` with the installation instead, where an image
takes them along to hosts on which nothing can be written beside them.
"""

from __future__ import annotations

import argparse
import os
import sys

from arbitrage.caches.cache_folder import shipped_folder


def main(argv: list[str] | None = None) -> int:
    """Compile, or find that it is done."""
    parser = argparse.ArgumentParser(
        "python -m scripts.prepare_kernels",
        description="compile the kernels ahead of their first use",
    )
    parser.add_argument(
        "--shipped",
        action="store_true",
        help="keep them with the installation (default: in ARBTUNE_CACHE_DIR)",
    )
    if parser.parse_args(argv).shipped:
        os.environ["ARBTUNE_CACHE_DIR"] = str(shipped_folder())
    from arbitrage.replay.warming import warm_up_all  # numba, which reads the variable
    from arbitrage.results.explain import recording  # the same

    warm_up_all()
    recording.warm_up()
    return 0


if __name__ == "__main__":
    sys.exit(main())
