"""What `tornado-resource init` writes, and where it writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tornado_resource.cli import init, main
from tornado_resource.core.files import create_files

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["null", "True", "no", "y", "12", "1e3", "0x1f", "1.5", "1_000", "2026-11-27", "a.b"])
def test_the_project_has_the_name_of_its_folder(name: str) -> None:
    assert main(["init", name]) == 0
    assert yaml.safe_load(Path(name, "Pulumi.yaml").read_text(encoding="utf-8"))["name"] == name


@pytest.mark.parametrize("is_link", [True, False])
def test_nothing_is_written_through_a_link_or_a_file(*, is_link: bool, capsys: pytest.CaptureFixture[str]) -> None:
    Path("elsewhere").mkdir()
    Path("agents").mkdir()
    if is_link:
        Path("agents/.github").symlink_to("../elsewhere")
    else:
        Path("agents/.github").write_text("", encoding="utf-8")
    assert main(["init", "agents"]) == 2
    assert "nothing was written, because agents already has .github; name" in capsys.readouterr().err
    assert [path.name for path in Path("agents").iterdir()] == [".github"]
    assert list(Path("elsewhere").iterdir()) == []


def test_a_file_that_appears_in_between_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def late(contents: Mapping[Path, str], *, parents: bool) -> None:
        Path("agents").mkdir()
        Path("agents/sessions.yaml").write_text("mine", encoding="utf-8")
        create_files(contents, parents=parents)

    monkeypatch.setattr(init, "create_files", late)
    assert main(["init", "agents"]) == 2
    assert "agents: file exists" in capsys.readouterr().err
    assert [(path.name, path.read_text(encoding="utf-8")) for path in Path("agents").iterdir()] == [
        ("sessions.yaml", "mine")
    ]
