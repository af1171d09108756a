"""Numbers as words and cells."""

from __future__ import annotations


def in_cases(p_value: float, n_bootstrap: int) -> str:
    """A p value as a number of cases: `in about 12 of 1,000 cases`."""
    if p_value < 1 / n_bootstrap:
        return f"in fewer than 1 of {n_bootstrap:,} cases"
    if round(p_value * 1000) == 0:
        return f"in about {p_value * 1_000_000:,.0f} of 1,000,000 cases"
    return f"in about {p_value * 1000:,.0f} of 1,000 cases"


def shown_p(p_value: float, n_bootstrap: int) -> str:
    """A p value beside its sign; the replicates tell nothing apart below one of them."""
    told = p_text(p_value, n_bootstrap)
    return told if told.startswith("<") else f"= {told}"


def p_text(p_value: float, n_bootstrap: int) -> str:
    """A p value by itself: `0.123`, or `< 0.001` where it is below one of the replicates."""
    return f"< {1 / n_bootstrap:.2g}" if p_value < 1 / n_bootstrap else f"{p_value:.3f}"


def of_period(seconds: int) -> str:
    """The length of a period."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def counted(count: int, noun: str) -> str:
    """Such as `1 sweep` and `1,200 sweeps`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
