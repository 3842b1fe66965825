from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tornado_resource.core.files import create_files, read_file, replace_files

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two old files."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("old", encoding="utf-8")
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def fail_on_call(number: int, function: Callable[..., object]) -> Callable[..., object]:
    """Return a function that fails when it is called for the *number*-th time, and from then on."""
    calls = []

    def wrapped(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        if len(calls) >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return function(*arguments, **options)

    return wrapped


def test_all_files_are_replaced(folder: Path) -> None:
    replace_files({folder / "a.txt": "new a", folder / "b.txt": "new b", folder / "c.txt": "c"})
    assert contents(folder) == {"a.txt": "new a", "b.txt": "new b", "c.txt": "c"}


def test_text_is_written_as_utf8_without_changing_line_breaks(folder: Path) -> None:
    replace_files({folder / "a.txt": "é\r\n\n\ud800"})
    assert (folder / "a.txt").read_bytes() == "é\r\n\n?".encode()


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("function", ["fsync", "open"])
def test_when_one_file_cannot_be_written_none_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, function, fail_on_call(number, getattr(os, function)))
        with pytest.raises(OSError, match="No space left"):
            replace_files({folder / "a.txt": "new", folder / "b.txt": "new"})
    assert contents(folder) == {"a.txt": "old", "b.txt": "old"}


def test_new_files_come_with_their_folders(tmp_path: Path) -> None:
    create_files({tmp_path / "new/a.txt": "é\r\n", tmp_path / "new/in/b.txt": "b"}, parents=True)
    assert (tmp_path / "new/a.txt").read_bytes() == "é\r\n".encode()
    assert (tmp_path / "new/in/b.txt").read_bytes() == b"b"
    with pytest.raises(FileNotFoundError):
        create_files({tmp_path / "other/a.txt": "a"})


def test_of_new_files_all_are_written_or_none(folder: Path) -> None:
    with pytest.raises(FileExistsError):
        create_files({folder / "new/c.txt": "new", folder / "a.txt": "new"}, parents=True)
    assert contents(folder) == {"a.txt": "old", "b.txt": "old"}


def test_what_cannot_be_removed_again_hides_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", fail_on_call(1, Path.unlink))
        with pytest.raises(FileExistsError):
            create_files({folder / "new/c.txt": "new", folder / "a.txt": "new"}, parents=True)
    assert (folder / "new/c.txt").read_text(encoding="utf-8") == "new"


def test_no_scratch_file_is_left_when_moving_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail_on_call(2, Path.replace))
        with pytest.raises(OSError, match="No space left"):
            replace_files({folder / "a.txt": "new", folder / "b.txt": "new"})
    assert contents(folder) == {"a.txt": "new", "b.txt": "old"}


def test_an_error_survives_scratch_files_that_cannot_be_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", fail_on_call(1, os.fsync))
    monkeypatch.setattr(Path, "unlink", fail_on_call(1, Path.unlink))
    with pytest.raises(OSError, match="No space left"):
        replace_files({folder / "a.txt": "new"})


def test_files_are_synced_before_they_move_and_each_folder_once_after(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sub").mkdir()
    events: list[str] = []
    sync, move = os.fsync, Path.replace

    def spy_sync(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        events.append(f"sync {target.name if target.is_dir() else 'file'}")
        sync(descriptor)

    def spy_move(self: Path, target: Path) -> Path:
        events.append(f"move {target.name}")
        return move(self, target)

    monkeypatch.setattr(os, "fsync", spy_sync)
    monkeypatch.setattr(Path, "replace", spy_move)
    replace_files({folder / "a.txt": "1", folder / "b.txt": "2", folder / "sub/c.txt": "3"})
    assert events[:6] == ["sync file"] * 3 + ["move a.txt", "move b.txt", "move c.txt"]
    assert sorted(events[6:]) == sorted([f"sync {folder.name}", "sync sub"])


@pytest.mark.parametrize(("options", "mode"), [({}, 0o640), ({"mode": 0o600}, 0o600)])
def test_permissions_are_the_mode_without_the_umask(tmp_path: Path, options: dict[str, int], mode: int) -> None:
    umask = os.umask(0o027)
    try:
        replace_files({tmp_path / "a.txt": "x"}, **options)
    finally:
        os.umask(umask)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == mode


def test_a_link_is_replaced_and_its_target_kept(folder: Path) -> None:
    (folder / "link.txt").symlink_to(folder / "a.txt")
    replace_files({folder / "link.txt": "new"})
    assert contents(folder) == {"a.txt": "old", "b.txt": "old", "link.txt": "new"}


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_files({tmp_path / "none/a.txt": "x"})


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 2048)
    assert read_file(tmp_path / "a", 2048) == b"x" * 2048
    with pytest.raises(OSError, match="Larger than 1 KiB"):
        read_file(tmp_path / "a", 2047)


def test_only_a_regular_file_is_read_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="Not a regular file"):
            read_file(path, 10)
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(OSError, match=r"Is a directory|No such file"):
            read_file(path, 10)
