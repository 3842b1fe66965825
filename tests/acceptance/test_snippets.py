"""The `pulumi` commands in the docs: each exists, with the options that are shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import Final

import pytest

from tests.support.paths import ROOT

DOCUMENTS: Final = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.stem != "troubleshooting"),  # it has messages
    ROOT / "examples/agents/README.md",
]
GROUPS: Final = {"about", "config", "stack", "state"}
"""Commands with commands of their own."""


def commands() -> dict[str, set[str]]:
    """By command, the options that the docs give it."""
    found: dict[str, set[str]] = {}
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        shown = [
            *re.findall(r"^(?:\$ |- run: )(?:\w+=\S+ )*(pulumi .*)$", text, re.MULTILINE),
            *re.findall(r"`(pulumi [^`]+)`", text),
        ]
        for line in shown:
            words = shlex.split(re.split(r" #|&&|;|\|| then ", line)[0].replace("'", ""), comments=True)
            if len(words) > 1 and re.fullmatch(r"[a-z]+", words[1]):
                is_group = words[1] in GROUPS and len(words) > 2 and re.fullmatch(r"[a-z-]+", words[2])
                name = " ".join(words[1:3] if is_group and not words[2].startswith("-") else words[1:2])
                options = {word.partition("=")[0] for word in words if word.startswith("--")}
                found.setdefault(name, set()).update(options)
    return found


COMMANDS: Final = commands()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_of_pulumi_has_the_options_in_the_docs(name: str) -> None:
    command = ["pulumi", *name.split(), "--help"]
    environment = {**os.environ, "PULUMI_EXPERIMENTAL": "true"}  # shows `--plan` too
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout
    # For an unknown command, Pulumi shows the help of the group.
    assert "[command]" not in shown.partition("Usage:")[2].partition("\n\n")[0] or name in GROUPS
    assert [option for option in COMMANDS[name] if option not in shown] == []


def test_the_docs_show_many_commands() -> None:
    assert {"up", "preview", "refresh", "destroy", "stack init", "config set", "stack output"} <= COMMANDS.keys()
