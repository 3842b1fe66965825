"""What the client reads in the headers of a response."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3), which has seconds or a date; None if it has neither.

    A date is compared with the response's own Date header, because this machine's clock may be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    moment, now = _parse(value), date(headers)
    if moment is None or now is None:
        return None
    return max((moment - now).total_seconds(), 0.0)


def date(headers: Mapping[str, str]) -> datetime | None:
    """Return the time of the `Date` header; None if there is none, or it is no time."""
    return _parse(headers.get("date", ""))


def redirect_host(location: str) -> str:
    """Return the host of a `Location` header, in words if it has none."""
    try:
        return urlsplit(location).hostname or "another URL"
    except ValueError:
        return "an invalid URL"


def _parse(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None
