"""Shares from 0 to 1, as exact as the numbers of conversations that they are quotients of."""

from __future__ import annotations

import math
from typing import Final

_EXACT: Final = 1_000_000
"""Six digits tell quotients of hundreds apart, and leave out what only a floating-point number has: 0.57 is 57%."""


def at_least(share: float, percentage: int) -> bool:
    """Return whether a share is at least so many percent."""
    return round(share * _EXACT) >= percentage * _EXACT // 100


def percent(share: float) -> str:
    """Return a share in percent, never more than it is: `66.6%` of two thirds, `80%` of 0.8."""
    tenths = round(share * _EXACT) // 1_000
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10:.1f}%"


_Z: Final = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution: 95% lie within it."""


def wilson(passed: int, runs: int) -> tuple[float, float]:
    """Return the 95% confidence interval of a share of which a sample is known: Wilson's score interval.

    Unlike the usual one of a normal distribution, it holds for small samples and for shares of 0 and 1 (E. B. Wilson,
    *Probable inference, the law of succession, and statistical inference*, 1927).

    Args:
        passed: how many of the sample have what the share is of.
        runs: the size of the sample.

    Returns:
        The lower and the upper bound, from 0 to 1; all of that if the sample is empty.

    """
    if runs == 0:
        return 0.0, 1.0
    share, square = passed / runs, _Z * _Z
    middle = share + square / (2 * runs)
    margin = _Z * math.sqrt(share * (1 - share) / runs + square / (4 * runs * runs))
    scale = 1 + square / runs
    return max(0.0, (middle - margin) / scale), min(1.0, (middle + margin) / scale)
