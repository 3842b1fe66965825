"""Every workflow in actionlint."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ROOT / "tests/editor/lint_workflows.js"
WORKFLOWS: Final = [
    *sorted((ROOT / ".github/workflows").glob("*.yml")),
    *sorted((ROOT / "examples").glob("*/.github/workflows/*.yml")),
    *sorted((ROOT / "tornado_resource/template/.github/workflows").glob("*.yml")),
]
NEWER: Final = ('label "ubuntu-24.04" is unknown', 'unknown permission scope "attestations"')
"""What GitHub has, and this version of actionlint does not know yet."""


def findings(packages: Path, *files: Path) -> list[str]:
    ran = subprocess.run(
        ["node", str(SCRIPT), *map(str, files)],
        env={**os.environ, "NODE_PATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return [f"{each['file']}:{each['line']}: {each['message']}" for each in found if not known(each["message"])]


def known(message: str) -> bool:
    return message.startswith(NEWER)


def test_actionlint_finds_nothing(packages: Path) -> None:
    assert len(WORKFLOWS) >= 3
    assert findings(packages, *WORKFLOWS) == []


def test_actionlint_finds_every_mistake(packages: Path, tmp_path: Path) -> None:
    files = []
    for number, mistake in enumerate(("runs-on: nowhere", "needs: nothing", "if: github.event ===")):
        files.append(tmp_path / f"wrong-{number}.yml")
        job = f"    runs-on: ubuntu-latest\n    {mistake}\n    steps: [{{run: echo}}]\n"
        files[-1].write_text(f"on: push\njobs:\n  test:\n{job}", encoding="utf-8")
    found = findings(packages, *files)
    assert [file for file in files if not any(line.startswith(f"{file}:") for line in found)] == []
