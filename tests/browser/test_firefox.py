"""The HTML report in Firefox, without which the tests fail: `make test` installs it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

import programs

from tests.support.hostile_page import hostile_page
from tests.support.large_report import large
from tests.support.paths import ROOT
from tornado_resource.reports.html import html

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ROOT / "tests/browser/firefox.js"


def seen(packages: Path, home: Path, *pages: str) -> list[dict[str, Any]]:
    """What Firefox shows of pages: on a phone in dark colours, and then on a desktop in light ones."""
    path = programs.FIREFOX.find()
    assert path is not None, "no Firefox: run python tools/programs.py"
    ran = subprocess.run(
        ["node", str(SCRIPT), path, *pages],
        env={**os.environ, "NODE_PATH": str(packages), "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def test_the_report_works_in_firefox_and_hostile_text_runs_nothing(packages: Path, tmp_path: Path) -> None:
    report = large(60)
    failed = {result.gated.name for result in report.results if result.verdict.outcome == "failed"}
    passed = next(result.gated.name for result in report.results if result.verdict.outcome == "passed")
    page = tmp_path / "report.html"
    page.write_text(html(report), encoding="utf-8")
    hostile = tmp_path / "hostile.html"
    hostile.write_text(hostile_page("</style><script>alert(1)</script>"), encoding="utf-8")
    found = seen(packages, tmp_path, f"{page}#{passed}", str(hostile))
    assert [look["troubles"] for look in found] == [[]] * 4
    looks = found[::2]
    assert [(look["width"], look["isDark"]) for look in looks] == [(390, True), (1280, False)]
    for look in looks:
        assert not look["overflows"]
        assert len(look["all"]) == 60
        assert set(look["failed"]) == failed
        assert look["searched"] == look["failed"][-1:]
        assert look["isOpen"]
