"""What a sweep is held against: the same kernel over the same ranges in a process of its own.

    python -m benchmarks.children.plain_sweep SPEC FIRST STEP

replays every STEP-th range from the FIRST on, and keeps nothing.
"""

from __future__ import annotations

import sys

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.replay.many_configs import open_data, replay

CONFIGS = 20_000  # as many as a chunk has at most


def main() -> None:
    """Replay the share of one process."""
    path, first, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    spec = SweepSpec.from_file(path)
    data = open_data(spec.data_file)
    for start in range(first * CONFIGS, spec.total, step * CONFIGS):
        stop = min(start + CONFIGS, spec.total)
        replay(data, spec.columns(start, stop), stop - start)


if __name__ == "__main__":
    main()
