"""The version of the package and the newest entry of the changelog belong together."""

from __future__ import annotations

import itertools
import re
import tomllib
from typing import Final

import pytest

from tests.support.paths import ROOT

UNRELEASED: Final = "Unreleased"
HEADING: Final = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.MULTILINE)
VERSION: Final = re.compile(r"\d+\.\d+\.\d+")


def problems(version: str, changelog: str) -> list[str]:
    """Every reason why *changelog* does not fit *version*.

    `[Unreleased]`, if present, comes first and has no date. Every other heading is a version with a date, newest
    first. The version is that of the newest release; before the first release, `[Unreleased]` is the only heading.
    """
    headings = [(match["version"], match["date"]) for match in HEADING.finditer(changelog)]
    lines = [line for line in changelog.splitlines() if line.startswith("## ")]
    if len(headings) != len(lines):
        return [f"expected `## [version] - date` or `## [{UNRELEASED}]`, found: {lines}"]
    if (UNRELEASED, None) in headings[:1]:
        headings = headings[1:]
        if not headings:
            return []
    if not headings or any(not VERSION.fullmatch(name) or date is None for name, date in headings):
        return [f"expected releases with a date below at most one `[{UNRELEASED}]`, found: {headings}"]
    numbers = [[int(part) for part in name.split(".")] for name, _ in headings]
    found = []
    if any(newer <= older for newer, older in itertools.pairwise(numbers)):
        found.append(f"releases are not in descending order: {[name for name, _ in headings]}")
    if headings[0][0] != version:
        found.append(f"pyproject.toml has version {version}, the newest release of the changelog is {headings[0][0]}")
    return found


def test_the_changelog_fits_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert problems(version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "changelog",
    [
        "## [Unreleased]\n",
        "## [0.2.0] - 2027-01-01\n",
        "## [Unreleased]\n\n## [0.2.0] - 2027-01-01\n\n## [0.1.0] - 2026-12-01\n",
    ],
)
def test_a_changelog_that_fits(changelog: str) -> None:
    assert problems("0.2.0", changelog) == []


@pytest.mark.parametrize(
    ("changelog", "found"),
    [
        ("", "expected releases"),
        ("## Unreleased\n", "expected `## [version]"),
        ("## [0.2.0]\n", "expected releases"),
        ("## [0.2.0] - 2027-01-01\n## [Unreleased]\n", "expected releases"),
        ("## [Unreleased]\n## [0.1.0] - 2026-12-01\n", "pyproject.toml has version 0.2.0, the newest"),
        ("## [0.2.0] - 2026-12-01\n## [0.10.0] - 2027-01-01\n", "releases are not in descending"),
    ],
)
def test_a_changelog_that_does_not_fit(changelog: str, found: str) -> None:
    (problem,) = problems("0.2.0", changelog)
    assert problem.startswith(found)
