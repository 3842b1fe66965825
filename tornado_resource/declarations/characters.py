r"""Characters of YAML 1.2 and JSON that libyaml reads otherwise, since it reads YAML 1.1.

NEL, U+2028 and U+2029 are line breaks in 1.1 only, and 1.1 has no surrogate pairs (as JSON writes 🎉: `\ud83c\udf89`).
Both are replaced before libyaml reads them, each by a character that the file does not have. So all positions stay what
they are in the file, and afterwards each value gets back what was replaced in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from yaml import ScalarEvent
from yaml.composer import ComposerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BREAKS: Final = "\x85\u2028\u2029"
_HALVES: Final = re.compile(r"\\u[dD][89a-fA-F]")
_HALF: Final = re.compile(r"(\\u)(?=[dD][89a-fA-F][0-9a-fA-F]{2})|\\.")
_LONG_ESCAPE: Final = re.compile(r"\\U([0-9a-fA-F]{8})")


class Substitutes:
    """A text as libyaml reads it rightly.

    Args:
        text: the text of the file.

    """

    def __init__(self, text: str) -> None:
        free = _free_characters(text)
        found = {character: next(free) for character in _BREAKS if character in text}
        self._originals = str.maketrans("".join(found.values()), "".join(found))
        # Two characters, as `\\u` has.
        self._half = next(free) * 2 if _HALVES.search(text) else ""
        self._pair = re.compile(f"{self._half}([dD][89abAB]..){self._half}([dD][c-fC-F]..)")
        self.text = text.translate(str.maketrans("".join(found), "".join(found.values()))) if found else text
        if self._half:
            self.text = _HALF.sub(lambda match: self._half if match[1] else match[0], self.text)

    def restored(self, get_event: Callable[[], Any]) -> Callable[[], Any]:
        """Return *get_event* of a loader that reads `text`, with what was replaced.

        It raises `ComposerError` for half of a surrogate pair.
        """
        if not self._half and not self._originals:
            return get_event

        def get() -> Any:
            event = get_event()
            if type(event) is ScalarEvent:
                event.value = self._value(event)
            return event

        return get

    def _value(self, event: Any) -> str:
        value: str = event.value.translate(self._originals)
        if not self._half or self._half not in value:
            return value
        if event.style != '"':
            return value.replace(self._half, "\\u")
        value = self._pair.sub(lambda match: _joined(match[1], match[2]), value)
        if self._half in value:
            message = "half of a surrogate pair, expected both halves or the character itself"
            raise ComposerError(None, None, message, event.start_mark)
        return value


def _free_characters(text: str) -> Iterator[str]:
    """Yield characters that a text has neither as they are nor as an escape. A file is too small to have all."""
    used = {*text, *(chr(code) for match in _LONG_ESCAPE.findall(text) if (code := int(match, 16)) < 0x110000)}
    yield from (character for character in map(chr, range(0x10000, 0x110000)) if character not in used)


def _joined(high: str, low: str) -> str:
    return (bytes.fromhex(high) + bytes.fromhex(low)).decode("utf-16-be")
