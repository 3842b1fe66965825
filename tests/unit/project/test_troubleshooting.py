"""Every message in docs/troubleshooting.md exists, and has a cause and a cure. One that says both needs no row."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from tests.support.messages import messages, normal
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")


class Row(NamedTuple):
    """One row of a table: messages, their cause, and what to do."""

    messages: tuple[str, ...]
    cause: str
    cure: str


@cache
def code() -> dict[str, str]:
    """By message, where the package has it."""
    return {message.text: message.place for message in messages()}


def rows(text: str) -> list[Row]:
    found = []
    for line in text.splitlines():
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        if len(cells) == 3 and "`" in cells[0]:
            shown = tuple(normal(text.strip().strip("`")) for text in cells[0].split("<br>"))
            found.append(Row(shown, cells[1].strip(), cells[2].strip()))
    return found


OURS = PAGE.partition("\n## Messages of other programs\n")[0]
ROWS = rows(OURS)
SHOWN = [text for row in ROWS for text in row.messages]


def test_every_row_is_about_a_message() -> None:
    assert [text for text in SHOWN if text not in code()] == []
    assert len(SHOWN) == len(set(SHOWN))


def test_every_row_has_a_cause_and_a_cure() -> None:
    assert [row.messages for row in rows(PAGE) if len(row.cause) < 10 or len(row.cure) < 5] == []


def test_messages_are_found_in_the_source() -> None:
    assert len(code()) > 300
    for known in ("unknown config …, expected one of", "it reached its time limit", "no API key"):
        assert known in code()
