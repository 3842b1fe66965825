"""The `pulumi` commands in the docs: each exists, with the options that are shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, str]:
    """By command, and by each other name of it, its page of Pulumi's own reference."""
    environment = {**os.environ, "PULUMI_EXPERIMENTAL": "true"}  # shows `--plan` too
    subprocess.run(["pulumi", "gen-markdown", str(tmp_path)], env=environment, capture_output=True, check=True)
    found: dict[str, str] = {}
    for path in tmp_path.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        found |= dict.fromkeys(re.findall(r"/docs/reference/cli/pulumi_(\S+)/$", text, re.MULTILINE), text)
    return found


def test_the_commands_of_pulumi_in_the_docs_have_the_options_in_the_docs(pages: dict[str, str]) -> None:
    shown = commands()
    assert {"up", "preview", "refresh", "destroy", "stack init", "config set", "stack output"} <= shown.keys()
    assert [name for name in shown if name.replace(" ", "_") not in pages] == []
    missing = {
        name: [option for option in options if option not in pages[name.replace(" ", "_")]]
        for name, options in shown.items()
    }
    assert {name: options for name, options in missing.items() if options} == {}
