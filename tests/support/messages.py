"""The messages in the source of the package: every text that says that something is wrong.

These are the texts of three words or more, and those in `SHORT`. Values become `…`. What is left out is in the tables
below: texts that say nothing about a problem.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.support.parsing import parsed
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = ROOT / "tornado_resource"
MIN_WORDS: Final = 3
SHORT: Final = (
    "circular promotion",
    "found …, expected",
    "invalid YAML",
    "quote it",
    "unknown environment '",
    "unknown key",
    "unknown scenario '",
    "unknown session '",
    "unknown status",
)
"""Shorter texts that say what is wrong, with the values around them."""
ELSEWHERE: Final = (
    "sandbox/",  # the refusals of the API
    "template/",
    "reports/",  # how verdicts are laid out, and the advice, which is a cure itself
    "scenarios/importing.py",  # the YAML that `import` writes
    "versions/difference.py",  # the differences of prompts
    "runs/commands.py",  # commands inside of messages
    "cli/output.py",
    "cli/live.py",
    "cli/output.py",
    "cli/status.py",
)
"""Folders and modules that have no message about something wrong."""
ALL_THE_SAME: Final = ("reports/writer.py", "reports/github.py", "sandbox/scenario_file.py")
"""Modules in those folders that have one."""
NEWS: Final = (
    "Check it (tornado-resource plan",
    "and the scenarios",
    "and …: a plan shows",
    "compared, … manages it",
    "created and changed here",
    "must have passed in",
    "has no gate in …: its promotion",
    "no older than",
    "promotes what passed in",
    "publishes …pathway",
    "runs on the version that passed in",
    "Next:",
    "Our voice agents",
    "Put the id of your pathway",
    "The stack (default",
    "at worst,",
    "module … has no attribute",
    "promotes from stack",
    "pulumi stack output",
    "pulumi up --stack … resumes it",
    "sandbox: …",
    "starts when …",
    "the reports are in",
    "waiting for …",
    "when … has ended",
    "waiting for verdicts",
    "while parsing a",
    "while scanning a",
)
"""How texts begin that say how things go, and those of Python and PyYAML that the package compares."""


WORDS: Final = {
    ".noun}": "session",
    ".place_noun}": "pathway",
    "kind.place(": "pathway …",
    "type(resource).__name__": "TornadoSession",
}
"""The parts of a message that name a kind of run, or something of it, and what the page has in their place."""


class Message(NamedTuple):
    """A message, with `…` for values, and where it is."""

    text: str
    place: str


def messages() -> list[Message]:
    """Return every message of the package, each once."""
    found: dict[str, Message] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        if name.startswith(ELSEWHERE) and name not in ALL_THE_SAME:
            continue
        for text, line in _texts(parsed(path)):
            found.setdefault(text, Message(text, f"{name}:{line}"))
    return list(found.values())


def normal(text: str) -> str:
    """Return a message as it is compared: without backticks, on one line, with one `…` for values in a row."""
    text = re.sub(r"\{[a-z_]*\}", "…", text.replace("`", "").replace("\\|", "|"))
    text = re.sub(r"\s+", " ", text)
    return re.sub(r"(?:…[ ,:;()'\"]*)+…", "…", text).strip(" \n…:;,()")


def _texts(tree: ast.Module) -> Iterator[tuple[str, int]]:
    left_out = set(_left_out(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in left_out:
            text = normal(_template(node))
            words = [word for word in text.split() if any(map(str.isalpha, word))]
            if (len(words) >= MIN_WORDS or text in SHORT) and not text.startswith(NEWS):
                yield text, node.lineno


def _left_out(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)  # docstrings
        elif isinstance(node, ast.JoinedStr):
            yield from (id(part) for part in node.values if isinstance(part, ast.Constant))
        elif _is_help(node):
            yield from (id(inner) for inner in ast.walk(node))


def _is_help(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "COMMANDS"
    return isinstance(node, ast.keyword) and node.arg in {"help", "advice"}


def _template(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = (part.value if isinstance(part, ast.Constant) else _value(ast.unparse(part)) for part in node.values)
    return "".join(map(str, parts))


def _value(part: str) -> str:
    """Return what stands for a value: the page has the words of a session for what a kind of run calls itself."""
    return next((word for name, word in WORDS.items() if name in part), "…")
