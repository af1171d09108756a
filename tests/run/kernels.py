"""Compiles what tests call ahead of them: the program's kernels, and the scan of tests alone.

    python -m tests.run.kernels

They stay in `ARBTUNE_CACHE_DIR`, where the next run finds them.
"""

from __future__ import annotations

import numpy as np

from arbitrage.replay.kernel_calls import quotes_of, read_only, scan_all
from arbitrage.replay.kernels.layout import Parameters, Prices
from scripts import prepare_kernels


def main() -> None:
    """Compile, or find that it is done."""
    prepare_kernels.main([])
    no_rows = read_only(np.empty(0))
    quotes = quotes_of(Prices(*[no_rows] * 4))
    none = np.empty(0)
    scan_all(quotes, Parameters(none, none, none, np.empty(0, np.int64), none, none))


if __name__ == "__main__":
    main()
