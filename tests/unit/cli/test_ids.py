"""Ids and names on the command line that nothing can have: a mistake of the caller, whatever the API would say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.cli import main

if TYPE_CHECKING:
    from pathlib import Path

IDS = [" ", "../x", "a/b", "x" * 129, "a\x1b[31mb", "a\nb", "é", "%00", "?", ".", "a b"]


@pytest.mark.parametrize("value", IDS)
@pytest.mark.parametrize(
    "arguments", ["import --pathway", "import --agent a --agent", "init --pathway", "init --agent"]
)
def test_an_invalid_id_is_an_error_of_usage(
    value: str, arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*arguments.split(), value]) == 2
    printed = capsys.readouterr()
    assert "expected an id: 1 to 128 letters, digits and . _ ~ : @ -" in " ".join(printed.err.split())
    assert (printed.out, "\x1b" in printed.err, list(tmp_path.iterdir())) == ("", False, [])
