"""Texts that do something where they are shown, and what finds out whether they still would."""

from __future__ import annotations

import functools
import inspect
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOADS: Final = {
    "clear screen": "\x1b[2J\x1b[H",
    "colour": "\x1b[31mred\x1b[0m",
    "conceal": "\x1b[8mhidden",
    "cursor up": "\x1b[1A\x1b[2Kgone",
    "title": "\x1b]0;title\x07",
    "hyperlink": "\x1b]8;;https://evil.example\x1b\\text\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "reset": "\x1bc",
    "device control": "\x1bP$q\x1b\\",
    "report": "\x1b[6n",
    "bell": "a\x07b",
    "backspace": "passed\x08\x08\x08\x08\x08\x08failed",
    "delete": "a\x7fb",
    "C1 CSI": "\x9b31m",
    "C1 OSC": "\x9d0;x\x9c",
    "C1 DCS": "\x90q\x9c",
    "next line": "a\x85::error::x",
    "overwrite": "failed\rpassed",
    "NUL": "a\x00b",
    "vertical tab": "a\x0bb",
    "form feed": "a\x0cb",
    "file separators": "a\x1c\x1d\x1e\x1fb",
    "shift out": "\x0e\x0f",
    "all C0": "".join(map(chr, range(32))),
    "all C1": "".join(map(chr, range(127, 160))),
    "right to left": "\u202edetcejer\u202c",
    "isolates": "\u2066a\u2067b\u2068c\u2069",
    "marks": "\u200e\u200f\u061c",
    "line separators": "a\u2028::error::b\u2029::error::c",
    "zero width": "a\u200b\u200c\u200d\u2060\ufeffb",
    "invisible operators": "\u2061\u2062\u2063\u2064",
    "annotations": "\ufff9a\ufffab\ufffb",
    "tags": "\U000e0001\U000e0041\U000e007f",
    "soft hyphen": "a\xadb",
    "non-characters": "\ufffe\uffff\ufdd0\U0001fffe\U0010ffff",
    "high surrogate": "a\ud800b",
    "low surrogate": "a\udc00b",
    "pair the wrong way": "\udc00\ud800",
    "Pulumi colour": "<{%fg 1%}>red<{%reset%}>",
    "Pulumi colour, doubled": "<<{%fg 1%}>{%fg 1%}>",
    "Pulumi colour, hidden": "<\u200b{%fg 1%}>",
    "add-mask": "::add-mask::x",
    "indented command": "   ::stop-commands::x",
    "command in a new line": "x\n::error file=a::b",
    "command after CR LF": "x\r\n  ::error::b",
    "command, encoded": "%0A::error::x%0D%0A::error::y",
    "set-output": "\n::set-output name=a::b",
    "old command": "##[error]x",
    "old command in a new line": "x\n  ##[add-path]/tmp",
    "old-style logging": "##vso[task.setvariable variable=a]b",
    "property": "a,line=9,title=b::c",
    "end of CDATA": "]]>",
    "CDATA": "<![CDATA[x]]>",
    "entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>&x;',
    "processing": "<?xml version='1.0'?><?php ?>",
    "closing tags": "</failure></testcase></testsuite></testsuites>",
    "end of attribute": '"><x y="',
    "comment": "--><!-- -- -->",
    "ampersands": "&amp;&lt;script&gt;&#60;&#x3c;&nbsp;&bogus;",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "svg": "<svg/onload=alert(1)>",
    "frame": "<iframe srcdoc='<script>x</script>'>",
    "details": "</td></table><details open ontoggle=x>",
    "open tag": "<a href=",
    "autolink": "<https://evil.example> <mailto:a@b.example>",
    "bare link": "https://evil.example www.evil.example a@evil.example",
    "link": "[x](javascript:alert(1))",
    "image link": "![x](https://evil.example/pixel.png)",
    "reference": "[x][y]\n\n[y]: https://evil.example",
    "footnote": "[^1]\n\n[^1]: x",
    "mention": "@everyone @org/team",
    "issue": "#1 GH-1 org/repo#1",
    "pipes": "| a | b |\n| --- | --- |\n| c | d |",
    "escaped pipe": "a \\| b \\\\| c \\",
    "backticks": "`a` ``b`` ```\nc\n```",
    "fence": "\n~~~\nx\n~~~\n",
    "heading": "# x\n## y\nx\n===",
    "lists": "\n- a\n1. b\n> c\n* * *",
    "emphasis": "**a** __b__ *c* _d_ ~~e~~",
    "mathematics": "$x$ $$\\href{javascript:x}{y}$$",
    "indented code": "\n\n        x",
    "formula": '=HYPERLINK("https://evil.example")',
    "formulas": "+1\t-1\t@SUM(A1)",
    "format": "%s%n {0} {self} ${PATH} $(id) `id`",
    "template": "{{7*7}} {% x %} ${{ github.token }}",
    "quotes": "'\"“”«»",
    "path": "../../etc/passwd",
    "empty": "",
    "spaces": "   ",
    "very long": "A" * 10_000,
    "very long and hostile": "<|\x1b`@\n" * 1500,
    "long marks": "e" + "\u0301" * 5000,
    "lines with a title": "a\n\x1b]0;x\x07\n::error::x",
    "command with a mask": "a\n::add-mask::passed\n\x1b]0;x\x07",
    "group": "::group::x\n::endgroup::",
    "command after white space": "\u00a0\u2003\t::error::x",
    "old command inside": "see ##[command]rm -rf /",
    "pipeline command inside": "see ##vso[build.addbuildtag]x",
    "Pulumi colour of a line": "<{%fg 196%}>\n<{%reset%}>",
    "Pulumi colour, in pieces": "<\x00{%reset%}>",
    "device attributes": "\x1b[c\x1b[>c\x1b]4;1;?\x07",
    "alternate screen": "\x1b[?1049h\x1b[?25l",
    "privacy message": "\x1b^x\x1b\\\x1b_x\x1b\\",
    "variation selectors": "a\ufe0f\U000e0100",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "musical format": "\U0001d173\U0001d17a",
}


def every_payload(check: Callable[..., None]) -> Callable[..., None]:
    """Make a test that runs a check with every payload as its *text*, and names those that got through."""

    @functools.wraps(check)
    def test(**fixtures: Any) -> None:
        got_through: dict[str, Exception] = {}
        for name, text in PAYLOADS.items():
            try:
                check(text=text, **fixtures)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others count too
                got_through[name] = error
        for first in got_through.values():
            message = f"got through: {', '.join(got_through)}; the first one:\n{first}"
            raise AssertionError(message) from first

    signature = inspect.signature(check)
    fixtures = [parameter for name, parameter in signature.parameters.items() if name != "text"]
    vars(test)["__signature__"] = signature.replace(parameters=fixtures)
    return test


def shows(text: str) -> list[str]:
    """What would do something where it is shown: control, format, unassigned-forever and surrogate characters."""
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [
        character
        for character in text.replace("\n", "")
        if unicodedata.category(character) in bad or ord(character) & 0xFFFE == 0xFFFE
    ]


def commands(text: str) -> list[str]:
    """The lines that a runner of GitHub Actions (or Azure Pipelines) would obey."""
    return [line for line in re.split(r"\r\n|\n|\r", text) if re.search(r"^\s*::|##\[|##vso\[", line)]


def strings(value: Any) -> list[str]:
    """All strings in JSON values, the names of members included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return [text for entry in value for text in strings(entry)] if isinstance(value, list | tuple) else []
