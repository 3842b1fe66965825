"""Shares from 0 to 1, as exact as the numbers of conversations that they are quotients of."""

from __future__ import annotations

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
