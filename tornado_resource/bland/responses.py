"""What the responses of all pages have in common: ids, times, final statuses, and errors that they report.

Fields have the names of the API's pages. Unknown fields are ignored. A value that is missing or has the wrong type is
None, never a guess. Ids, times and statuses are unchanged, byte for byte, or refused: they end up in stack outputs,
which Pulumi prints as they are. All other text is cleaned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.canonical import whole_or_none
from tornado_resource.core.text import clean, clean_lines, id_list
from tornado_resource.errors import InvalidRequest, OutcomeUnknown, ReportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Json = dict[str, Any]

MAX_ID_CHARACTERS: Final = 128
MAX_WORD_CHARACTERS: Final = 64
"""Of a time or a status."""
MAX_TEXT_CHARACTERS: Final = 2_000
MAX_LINE_CHARACTERS: Final = 300
_FLAGS: Final = {"true": True, "false": False}
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9000
"""A time outside of these years is none: what is computed with the others fits into the calendar."""
LEAST_EPOCH_SECONDS: Final = 10**9
MOST_EPOCH_SECONDS: Final = 10**11
"""Seconds since 1970 are from 2001 on, and larger numbers are milliseconds: no test was run in 1973."""
_WRAPPER_KEYS: Final = frozenset({"data", "error", "errors", "status", "message", "success", "code"})
"""What is beside `data` in a wrapper that may be empty."""
_MORE: Final = ("has_more", "has_next", "has_next_page", "next", "next_page", "next_cursor", "next_page_token")
_TOTALS: Final = ("total", "total_count", "count")
_PARTS_OF_PAGES: Final = ("data", "meta", "pagination", "page_info", "paging")


def unwrapped(body: Any) -> Any:
    """Return what is in the wrapper `{data, errors}` of a response's body; a body without one as it is.

    No object of the API has an object or a list in `data`, but for wrappers, whatever is beside it.
    """
    if not isinstance(body, dict) or "data" not in body:
        return body
    data = body["data"]
    is_filled = isinstance(data, list) or (isinstance(data, dict) and bool(data))
    return data if is_filled or "errors" in body or body.keys() <= _WRAPPER_KEYS else body


def shows_more(body: Any, listed: int) -> bool:
    """Return whether the body of a response says that its list goes on: by a flag, a next page, or a larger total.

    Args:
        body: the body, with its wrapper.
        listed: how many entries its list has.

    """
    if not isinstance(body, dict):
        return False
    fields = {_snake(key): value for key, value in body.items()}
    totals = [whole_number(fields.get(key)) for key in _TOTALS]
    return (
        any(fields.get(key) not in (None, False, "", 0) for key in _MORE)
        or any(total is not None and total > listed for total in totals)
        or any(shows_more(fields.get(key), listed) for key in _PARTS_OF_PAGES)
    )


def _snake(key: str) -> str:
    """Return the name of a field as the API writes it: `hasMore` is `has_more`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()


def word(value: Any, limit: int = MAX_WORD_CHARACTERS) -> str | None:
    """Return text that is printed safely as it is: printable ASCII of 1 to *limit* characters; None for any other."""
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        return None
    return value if value.isascii() and value.isprintable() and clean(value) == value else None


def free_text(value: Any) -> str | None:
    """Return text for people, with its line breaks; None if it is none."""
    return clean_lines(value, MAX_TEXT_CHARACTERS) if isinstance(value, str) else None


def line(value: Any) -> str | None:
    """Return text for people, on one line; None if it is none."""
    return clean(" ".join(value.split()), MAX_LINE_CHARACTERS) if isinstance(value, str) else None


def whole_number(value: Any) -> int | None:
    """Return a whole number of at most `MAX_WHOLE`, given as a number or as digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    return whole_or_none(value)


def flag(value: Any) -> bool | None:
    """Return true or false, given as such, as a word, or as 1 or 0; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in _FLAGS:
        return _FLAGS[value.casefold()]
    number = whole_number(value)
    return bool(number) if number in {0, 1} else None


def unreadable_flags(content: Json, *keys: str) -> tuple[str, ...]:
    """Return those of *keys* with a value that is neither true nor false, so that it is unknown what it says."""
    return tuple(key for key in keys if content.get(key) is not None and flag(content[key]) is None)


def unreadable(fields: Iterable[str]) -> str | None:
    """Return that fields of a response cannot be read, fit to be shown; None if there are none."""
    listed = id_list([*dict.fromkeys(fields)])
    return f"cannot be read in the response: {listed}" if listed else None


def number(value: Any, most: float) -> float | None:
    """Return a number from 0 to *most*; None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= most else None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a final status says of a session.

    *failure*: why its gate is not met, whatever ran; None if the session completed, so that its results decide.
    *advice*: what to do about that failure. *says_nothing*: whether nothing is known of what was tested: the verdict is
    `incomplete` then, and not `failed`.
    """

    failure: str | None = None
    advice: str = ""
    says_nothing: bool = False


_EPOCH: Final = re.compile(r"[0-9]{10,13}(\.[0-9]{1,9})?")
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,63}")
SEGMENT: Final = re.compile(r"[A-Za-z0-9._~:@-]{0,127}[A-Za-z0-9_~:@-]")
"""One URL path segment of at most 128 characters. No dot at the end: `..` would be another path."""
SEGMENT_EXPECTED: Final = "1 to 128 letters, digits and . _ ~ : @ -, with no dot at the end"
UNREADABLE_ID: Final = "(unreadable id)"
"""Stands for a scenario or persona id that is refused. It is equal to none that is declared."""


def other_fault(*named: tuple[str, Any, str | None]) -> str | None:
    """Return why a response is not about what was asked for, fit to be shown; None if it may be.

    Args:
        named: for each thing what it is, its id in the response, and the id that was asked for, if that is known.

    """
    for what, answered, wanted in named:
        if isinstance(answered, str) and wanted is not None and is_other(answered, wanted):
            return f"the response is about another {what}: {_shown(answered)}"
    return None


def folded(identifier: str) -> str:
    """Return an id in the form in which ids are compared. UUIDs may be written in upper case."""
    return identifier.casefold()


def is_other(answered: str, wanted: str) -> bool:
    """Return whether two ids are those of different things."""
    return folded(answered) != folded(wanted)


def spelling(ids: Iterable[str]) -> Callable[[str], str]:
    """Return what gives an id the spelling that it has in *ids*, else the one in which it was first met."""
    spellings = dict.fromkeys(ids)
    first: dict[str, str] = {}
    for declared_id in spellings:
        first.setdefault(folded(declared_id), declared_id)
    return lambda identifier: (
        identifier if identifier in spellings else first.setdefault(folded(identifier), identifier)
    )


def id_fault(content: Json, key: str = "id") -> str | None:
    """Return why an id cannot be recorded, or named in a request, fit to be shown; None if it can be."""
    value = content.get(key)
    if not isinstance(value, str) or not value:
        return f"the response has no {key}"
    if SEGMENT.fullmatch(value) is None or word(value, MAX_ID_CHARACTERS) is None:
        return f"the {key} of the response is {_shown(value)} (expected {SEGMENT_EXPECTED})"
    return None


def run_fault(content: Any, noun: str) -> str | None:
    """Return why a run of a response cannot be recorded, fit to be shown; None if it can be. *noun* is its kind."""
    if not isinstance(content, dict):
        return f"the response shows no {noun}"
    status = content.get("status")
    missing = None if isinstance(status, str) and status else "the response has no status"
    return id_fault(content) or missing or word_fault(content, "status") or word_fault(content, "created_at")


def word_fault(content: Json, key: str) -> str | None:
    """Return why a time or status is refused, fit to be shown; None if it is not, or missing."""
    value = content.get(key)
    if not isinstance(value, str) or not value or word(value) is not None:
        return None
    return (
        f"the {key} of the response is {_shown(value)} (expected 1 to {MAX_WORD_CHARACTERS} printable ASCII characters)"
    )


def _shown(value: str) -> str:
    return f"`{clean(value, 60)}`"


def error_message(body: Any) -> str:
    """Return the message of an error body, or "". The API's pages show four shapes of it."""
    if not isinstance(body, dict):
        return ""
    candidates: list[Any] = [body.get("message"), body.get("error")]
    errors = body.get("errors")
    for entry in [*(errors if isinstance(errors, list) else []), body.get("error")]:
        if isinstance(entry, dict):
            candidates += [entry.get("message"), entry.get("error")]
    return clean(next((text for text in candidates if isinstance(text, str)), ""))


def error_code(body: Any) -> str | None:
    """Return the code of an error body, such as `CHECKS_BLOCKED`; None if it has none."""
    if not isinstance(body, dict):
        return None
    errors = body.get("errors")
    listed = errors if isinstance(errors, list) else []
    parts = [layer for layer in (*listed, body.get("error"), body) if isinstance(layer, dict)]
    codes = (part.get(key) for part in parts for key in ("code", "error"))
    return next((code for code in codes if isinstance(code, str) and _CODE.fullmatch(code)), None)


def reported_error(body: Any) -> str:
    """Return what a body says if it reports an error, as the body of a 2xx response may; else ""."""
    if not isinstance(body, dict) or not (body.get("status") == "error" or body.get("error") or body.get("errors")):
        return ""
    return f"the API reported an error: {error_message(body) or 'without a message'}"


def time_text(value: Any) -> str | None:
    """Return a time as text: unchanged, or that of seconds or milliseconds since 1970; None for anything else."""
    moment = _since_1970(value) if isinstance(value, int | float) else None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment is not None else word(value)


def parse_time(text: str | None) -> datetime | None:
    """Return a time of the API, in UTC; None if *text* is no time, or one with which nothing can be computed.

    It is a time in ISO 8601 (UTC if it has no offset), or a number of seconds or milliseconds since 1970.
    """
    if not isinstance(text, str):
        return None
    if _EPOCH.fullmatch(text) is not None:
        return _since_1970(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return usable_time(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def usable_time(moment: datetime) -> datetime | None:
    """Return a moment in UTC; None if it is too early or too late to be one at which anything happened.

    `0001-01-01` is how some servers write that there is no time. It also has no earlier one, so that a comparison with
    a tolerance would be an error.
    """
    return moment.astimezone(UTC) if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _since_1970(number: float) -> datetime | None:
    """Return the time of a number of seconds or milliseconds; None if it is too small or too large to be one."""
    if LEAST_EPOCH_SECONDS <= number < MOST_EPOCH_SECONDS:
        return datetime.fromtimestamp(number, UTC)
    if MOST_EPOCH_SECONDS <= number < MOST_EPOCH_SECONDS * 1000:
        return datetime.fromtimestamp(number / 1000, UTC)
    return None


def elapsed_ms(started_at: str | None, ended_at: str | None) -> int | None:
    """Return the milliseconds between two times of the API; None if one is unknown, or the end is before the start."""
    started, ended = parse_time(started_at), parse_time(ended_at)
    if started is None or ended is None or ended < started:
        return None
    return (ended - started) // timedelta(milliseconds=1)


def error_text(value: Any) -> str | None:
    """Return the text of an error that a response names; None if it names none."""
    return (error_message({"error": value}) or "not readable") if value else None


def id_or_unreadable(value: Any) -> str | None:
    """Return the id of a scenario or persona: None if there is none, `UNREADABLE_ID` if it is refused."""
    return (word(value, MAX_ID_CHARACTERS) or UNREADABLE_ID) if isinstance(value, str) else None


def unusable(label: str, body: Any, fault: str) -> OutcomeUnknown:
    """Return the error for a 2xx response without a result: in the API's words if it reports an error, else *fault*."""
    error = reported_error(body)
    return ReportedError(label, error) if error else OutcomeUnknown(label, fault)


def segment(label: str, identifier: str) -> str:
    """Return an id as a part of a path.

    Raises:
        InvalidRequest: no URL can have it.

    """
    if SEGMENT.fullmatch(identifier) is None:
        raise InvalidRequest(label, f"invalid id (expected {SEGMENT_EXPECTED})")
    return identifier
