"""The pages of `docs/reference` are those that the schema, the docstrings and the commands give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reference import pages

import tornado_resource
from tests.support.paths import ROOT
from tornado_resource.cli import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

PAGES = pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_what_its_source_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path], "run `python tools/reference.py`"


def test_no_page_is_left_over() -> None:
    assert set((ROOT / "docs/reference").iterdir()) == set(PAGES)


def test_every_public_name_and_command_has_a_section() -> None:
    resources, commands = (PAGES[ROOT / f"docs/reference/{name}.md"] for name in ("resources", "commands"))
    assert [name for name in tornado_resource.__all__ if f"\n### {name}\n" not in resources] == []
    assert [name for name in COMMANDS if f"\n## {name}\n" not in commands] == []
    assert "None |" not in resources
