"""docs/architecture.md and its picture show the package as it is."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import architecture
import pytest

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "tornado_resource"
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
imports_now = cache(architecture.read_imports)


def test_the_picture_shows_the_imports_as_they_are() -> None:
    drawn = architecture.draw(imports_now())
    assert architecture.PICTURE.read_text(encoding="utf-8") == drawn, "run `python tools/architecture.py`"


def test_the_table_lists_every_folder_in_the_order_of_the_picture() -> None:
    listed = re.findall(r"^\| `([a-z]+)(?:/|\.py)` \|", PAGE, re.MULTILINE)
    assert listed == [*architecture.PURPOSES, "schemas", "template"]
    # What git has removed may leave a folder with nothing but `__pycache__`.
    folders = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__" and any(path.glob("*.*"))}
    assert set(listed) == {*folders, "errors"}


def test_every_folder_with_code_is_a_package_with_a_docstring() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE / "template"}
    without = [folder for folder in folders if not (folder / "__init__.py").is_file()]
    assert without == []
    assert all((folder / "__init__.py").read_text(encoding="utf-8").startswith('"""') for folder in folders)


def test_every_file_that_the_page_names_exists() -> None:
    named = re.findall(r"`([a-z_/]+\.py)`", PAGE)
    assert named
    assert [name for name in named if not any((folder / name).exists() for folder in (PACKAGE, ROOT))] == []


def write(package: Path, name: str, text: str) -> None:
    (package / name).parent.mkdir(parents=True, exist_ok=True)
    (package / name).write_text(text, encoding="utf-8")


def test_an_import_for_types_only_counts(tmp_path: Path) -> None:
    package = tmp_path / "house"
    write(
        package,
        "roof/tiles.py",
        "if TYPE_CHECKING:\n    from house.wall.bricks import Brick\nimport house.floor.boards\n",
    )
    write(package, "wall/bricks.py", "from house.wall.mortar import Mortar\nimport os\n")
    assert architecture.read_imports(package) == {"roof": {"wall", "floor"}, "wall": set()}


def test_an_upward_import_is_refused() -> None:
    with pytest.raises(architecture.UpwardImportError, match="core imports runs, which is above it"):
        architecture.draw({**imports_now(), "core": {"runs"}})


def test_a_part_that_is_not_in_the_picture_is_refused() -> None:
    with pytest.raises(architecture.UpwardImportError, match=r"not both in the package and in PURPOSES .*: cellar"):
        architecture.draw({**imports_now(), "cellar": set()})
