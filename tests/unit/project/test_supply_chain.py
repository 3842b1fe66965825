"""What is installed, what is built, and what is known about it."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/agents"


def pins(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """By package: its version with its condition, and its hashes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {
        re.split(r"[\[=]", line)[0].strip(): (
            line.split("==")[1].split("--hash")[0].strip(),
            frozenset(re.findall(r"sha256:\w{64}", line)),
        )
        for line in lines
    }


def needed(package: str, seen: set[str]) -> set[str]:
    """The names of all packages that a package needs on this machine."""
    for text in metadata.requires(package) or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if (name := requirement.name.lower().replace("_", "-")) not in seen:
            seen.add(name)
            needed(name, seen)
    return seen


def test_the_example_pins_what_this_repository_is_tested_with() -> None:
    example, tested = pins(EXAMPLE / "requirements.lock"), pins(ROOT / "requirements.lock")
    assert {name: pin for name, pin in example.items() if tested.get(name) != pin} == {}
    assert all(hashes for _, hashes in example.values())
    assert needed("tornado-resource", set()) - example.keys() == set()


def wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(copy_of_the_sources(folder))], check=True)
    [built] = folder.glob("*.whl")
    return built


def copy_of_the_sources(folder: Path) -> Path:
    """A checkout: what git knows, as a build on a clean machine finds it."""
    target = folder / "source"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.split("\0"):
        if name.startswith("tornado_resource/") or name in {"pyproject.toml", "README.md", "LICENSE"}:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((ROOT / name).read_bytes())
    return target


def test_the_wheel_is_reproducible_and_holds_the_package_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = wheel(tmp_path / "a"), wheel(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    names = {name for name in zipfile.ZipFile(first).namelist() if ".dist-info/" not in name}
    listed = subprocess.run(
        ["git", "ls-files", "tornado_resource"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert names == set(listed)
