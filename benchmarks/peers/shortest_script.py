"""The shortest honest way to an answer without arbtune: polars reads, a compiled loop runs.

    python shortest_script.py FILE.csv START STOP NUM

One slot, 12 bps an execution, no checks of the data, nothing kept for another time.
"""

import sys
from typing import Any

import numba
import numpy as np
import polars as pl

COST_BPS, NOTIONAL_USD, BALANCE_USD, RUIN_PCT = 12.0, 1_000.0, 10_000.0, 100.0


@numba.njit(error_model="numpy")
def net_pnl_usd(bid_a: Any, ask_a: Any, bid_b: Any, ask_b: Any, threshold: float) -> float:
    """Realized and unrealized profit of one config, which stops when the account is gone."""
    side, entry, price, realized, unrealized, peak = 0, 0.0, 0.0, 0.0, 0.0, BALANCE_USD
    for i in range(len(bid_a)):
        if not (0.0 < bid_a[i] < ask_a[i] < np.inf and 0.0 < bid_b[i] < ask_b[i] < np.inf):
            continue
        ab = (bid_b[i] - ask_a[i]) / ask_a[i] * 1e4
        ba = (bid_a[i] - ask_b[i]) / ask_b[i] * 1e4
        if side and (ab if side == 1 else ba) < 0:
            out = ask_b[i] - bid_a[i] if side == 1 else ask_a[i] - bid_b[i]
            realized += (entry - out / price * 1e4 - 2 * COST_BPS) / 1e4 * NOTIONAL_USD
            side = 0
        if not side and max(ab, ba) >= threshold:
            side = 1 if ab >= ba else -1
            entry, price = (ab, ask_a[i]) if side == 1 else (ba, ask_b[i])
        unrealized = 0.0
        if side:
            out = ask_b[i] - bid_a[i] if side == 1 else ask_a[i] - bid_b[i]
            unrealized = (entry - out / price * 1e4 - 2 * COST_BPS) / 1e4 * NOTIONAL_USD
        equity = BALANCE_USD + realized + unrealized
        peak = max(peak, equity)
        if (peak - equity) / peak * 100 >= RUIN_PCT:
            break
    return realized + unrealized


def main() -> None:
    """Print the ten best thresholds."""
    path, (start, stop, num) = sys.argv[1], map(float, sys.argv[2:])
    columns = ["best_bid_a", "best_ask_a", "best_bid_b", "best_ask_b"]
    bid_a, ask_a, bid_b, ask_b = (c.to_numpy() for c in pl.read_csv(path, columns=columns))
    spreads = start + (stop - start) * np.arange(num) / max(num - 1, 1)
    net = np.array([net_pnl_usd(bid_a, ask_a, bid_b, ask_b, bps + COST_BPS) for bps in spreads])
    for place in np.argsort(-net, kind="stable")[:10]:
        print(spreads[place], net[place])


if __name__ == "__main__":
    main()
