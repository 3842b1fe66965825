"""Durations as people write them: `500ms`, `15s`, `3m10s`, `24h`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta | None:
    """Parse a number with one unit (`ms`, `s`, `m`, `h` or `d`); None if *text* is anything else."""
    match = _DURATION.fullmatch(text)
    return float(match[1]) * UNITS[match[2]] if match is not None else None


def format_duration(duration: timedelta) -> str:
    """Format a duration in whole seconds: `45s`, `3m10s`, `15m`, `2h`. A negative one is `0s`."""
    minutes, seconds = divmod(max(duration // UNITS["s"], 0), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def format_ms(milliseconds: int) -> str:
    """Format a number of milliseconds, as the API gives durations."""
    return format_duration(timedelta(milliseconds=milliseconds))
