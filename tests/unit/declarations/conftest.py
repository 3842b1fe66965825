"""For every test of declarations: the project is the folder of the test's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages quote values of files in the project only."""
    monkeypatch.chdir(tmp_path)
