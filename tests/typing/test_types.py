"""Type checkers accept right programs and refuse wrong ones, in the strict mode of mypy and of pyright."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import tornado_resource

if TYPE_CHECKING:
    from collections.abc import Callable

HERE: Final = Path(__file__).parent
IGNORE: Final = "  # type: ignore["
RIGHT: Final = (HERE / "accepted.py").read_text(encoding="utf-8")
WRONG: Final = (HERE / "refused.py").read_text(encoding="utf-8")


def mypy(folder: Path) -> list[tuple[str, int]]:
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "right.py", "wrong.py"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert "(checked 2 source files)" in result.stdout, result.stderr
    found = [line.split(":") for line in result.stdout.splitlines() if ": error:" in line]
    return [(parts[0], int(parts[1])) for parts in found]


def pyright(folder: Path) -> list[tuple[str, int]]:
    """basedpyright is pyright with Node.js in its wheel: pyright's own package downloads it when it first runs."""
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    report = json.loads(result.stdout)
    assert report["summary"]["filesAnalyzed"] == 2, result.stderr
    assert {each["severity"] for each in report["generalDiagnostics"]} <= {"error"}
    return [
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)  # pyright counts lines from 0
        for each in report["generalDiagnostics"]
    ]


@pytest.mark.parametrize("check", [mypy, pyright], ids=lambda check: check.__name__)
def test_each_wrong_statement_is_refused_and_nothing_else(
    check: Callable[[Path], list[tuple[str, int]]], tmp_path: Path
) -> None:
    """Right and wrong programs are a user's files, outside of this project. One test: a checker takes seconds."""
    (tmp_path / "right.py").write_text(RIGHT, encoding="utf-8")
    bare = "\n".join(line.partition(IGNORE)[0] for line in WRONG.splitlines())
    (tmp_path / "wrong.py").write_text(f"{bare}\n", encoding="utf-8")
    wrong = {("wrong.py", number) for number, line in enumerate(WRONG.splitlines(), 1) if IGNORE in line}
    assert len(wrong) > 20
    assert set(check(tmp_path)) == wrong


def test_the_installed_package_says_that_it_is_typed() -> None:
    assert Path(tornado_resource.__file__).with_name("py.typed").is_file()
