"""A report as a comment on a pull or merge request: its hidden mark, and its length. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

CUT: Final = "_Cut here: the whole of it is in the reports of this run._\n"
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")


def mark(project: str, stack: str) -> str:
    """Return the invisible first line of a comment, by which the next run finds it again."""
    return f"<!-- tornado-resource: {quote(project)}/{quote(stack)} -->"


def comment_body(first_line: str, text: str, limit: int) -> str:
    """Return a comment of at most *limit* characters, cut at the end of a line if the text is longer."""
    whole = f"{first_line}\n{text}"
    if _length(whole) <= limit:
        return whole
    left = limit - _length(f"{first_line}\n\n{CUT}") - MAX_FENCE
    lines, fence = [first_line], ""
    for line in text.split("\n"):
        left -= _length(line) + 1
        if left < 0:
            break
        lines.append(line)
        ticks = _FENCE.match(line)
        if ticks is not None and not fence:
            fence = ticks[1]
        elif ticks is not None and ticks[1].startswith(fence):
            fence = ""
    return "\n".join([*lines, *([fence] if fence else []), "", CUT])


MAX_FENCE: Final = 100
"""What is left for closing a code block."""


def _length(text: str) -> int:
    """Return the length of a text for an API that may count a character beyond U+FFFF twice."""
    return len(text) + sum(character > "\uffff" for character in text)
