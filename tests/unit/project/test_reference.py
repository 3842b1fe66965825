"""The pages of `docs/reference` are those that the schema, the docstrings and the commands give."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from reference import FOLDER, pages

import tornado_resource
from tornado_resource.cli import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

pages_now = cache(pages)


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_page_is_what_its_source_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pages_now()[path], "run `python tools/reference.py`"


def test_no_page_is_missing_or_left_over() -> None:
    assert set(FOLDER.iterdir()) == set(pages_now())


def test_every_public_name_and_command_has_a_section() -> None:
    resources, commands = (pages_now()[FOLDER / f"{name}.md"] for name in ("resources", "commands"))
    assert [name for name in tornado_resource.__all__ if f"\n### {name}\n" not in resources] == []
    assert [name for name in COMMANDS if f"\n## {name}\n" not in commands] == []
    assert "None |" not in resources
