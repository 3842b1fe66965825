from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from tornado_resource.core.files import project_folder
from tornado_resource.declarations.reader import MAX_FILE_BYTES, read, read_source
from tornado_resource.declarations.resolver import load
from tornado_resource.errors import ConfigurationError, DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

ADVICE = "; name the declarations file (tornado:declarations, or the argument)"


def refused(path: Path | str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_source(str(path))
    return str(caught.value).removesuffix(ADVICE)


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    """Opening any of these could wait for ever, or be an answer without an end."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert refused("socket") == "socket: found a socket, expected a regular file"
    (tmp_path / "link").symlink_to("pipe")
    assert refused("pipe") == "pipe: found a pipe, expected a regular file"
    assert refused("link") == "link: found a pipe, expected a regular file"
    assert refused(tmp_path) == f"{tmp_path}: found a folder, expected a regular file"
    for device in ("/dev/zero", "/dev/tty"):
        assert refused(device) == f"{device}: found a device, expected a regular file"


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    assert refused("none") == "none: no such file or directory"
    assert refused("circle") == "circle: too many levels of symbolic links"
    assert refused("a\0b") == "a\\x00b: cannot be read"


def test_a_pipe_put_in_the_files_place_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.yaml").write_text("a: 1\n", encoding="utf-8")
    real = os.open

    def swap(path: str, flags: int) -> int:
        (tmp_path / "s.yaml").unlink()
        os.mkfifo(tmp_path / "s.yaml")
        return real(path, flags)

    monkeypatch.setattr(os, "open", swap)
    assert refused("s.yaml") == "s.yaml: found a pipe, expected a regular file"


def test_a_file_swapped_for_one_outside_is_not_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for folder in (tmp_path, project):
        (folder / "s.yaml").write_text(f"in: {folder.name}\n", encoding="utf-8")
    real = os.open
    monkeypatch.chdir(project)
    monkeypatch.setattr(os, "open", lambda _path, flags: real(str(tmp_path / "s.yaml"), flags))
    assert read_source("s.yaml").is_quotable is False


@pytest.mark.parametrize(
    ("path", "is_quotable"),
    [
        ("s.yaml", True),
        ("folder/s.yaml", True),
        ("folder/../s.yaml", True),
        ("link-inside.yaml", True),
        ("../outside.yaml", False),
        ("link-outside.yaml", False),
        ("linked-folder/outside.yaml", False),
        ("../project-2.yaml", False),
        (".env", False),
        (".git/config", False),
        ("link-hidden.yaml", False),
    ],
)
def test_what_is_outside_or_hidden_is_not_quotable(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    is_quotable: bool,  # noqa: FBT001 # a table
) -> None:
    project = tmp_path / "project"
    for folder in (project / "folder", project / ".git"):
        folder.mkdir(parents=True)
    for name in ("project/s.yaml", "project/folder/s.yaml", "outside.yaml", "project-2.yaml"):
        (tmp_path / name).write_text("a: 1\n", encoding="utf-8")
    for name in (".env", ".git/config"):
        (project / name).write_text("a: 1\n", encoding="utf-8")
    (project / "link-inside.yaml").symlink_to("folder/s.yaml")
    (project / "link-outside.yaml").symlink_to("../outside.yaml")
    (project / "link-hidden.yaml").symlink_to(".env")
    (project / "linked-folder").symlink_to("..")
    monkeypatch.chdir(project)
    assert read_source(path).is_quotable is is_quotable


@pytest.mark.parametrize("name", ["Pulumi.yaml", "Pulumi.yml", ".git"])
def test_the_project_is_the_nearest_folder_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a/b/c")
    assert project_folder() == tmp_path / "a/b/c"
    (tmp_path / "a" / name).touch()
    assert project_folder() == tmp_path / "a"


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MAX_FILE_BYTES * 1000)
    assert len(read_source("large").content) == MAX_FILE_BYTES + 1
    with pytest.raises(DeclarationError, match="more than 1 MiB"):
        read("large")


def test_a_note_says_why_nothing_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "s.yaml").write_text("a: &b [*b]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "project")
    with pytest.raises(DeclarationError) as caught:
        read("../s.yaml")
    note, problem = str(caught.value).split("\n")
    assert note.startswith("../s.yaml:1:1: values are hidden below: this file is outside the project ")
    assert note.endswith(f" {tmp_path}/project or hidden in it. Validate a copy inside it to see them")
    assert problem == "../s.yaml:1:8: …[0]: alias *… refers to itself"


def test_a_value_is_not_quoted_but_said_to_be_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "s.yaml").write_text("version: 1\nsessions: {a: {pathway_id: 12345}}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "project")
    with pytest.raises(DeclarationError) as caught:
        load("../s.yaml")
    assert str(caught.value).split("\n")[1:] == [
        "../s.yaml:2:28: sessions.….pathway_id: found a number or boolean, expected a string; quote it"
    ]


def test_a_file_is_read_from_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sessions.yaml").write_text("version: 1", encoding="utf-8")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    source = read_source(str(tmp_path / "sessions.yaml"))
    assert (source.content, source.is_quotable) == (b"version: 1", False)
