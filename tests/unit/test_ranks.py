"""Imports go one way, and the outside has one door each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "tornado_resource"
RANKS = [
    ["errors", "text", "clock"],
    ["declarations"],
    ["bland", "settings"],
    ["gate"],
    ["promotion"],
    ["reports"],
    ["lifecycle"],
    ["stacks"],
    ["runtime"],
    ["provider", "release_provider"],
    ["resources"],
    ["gatekeeper"],
    ["promoting"],
    ["program"],
    ["cli"],
]
RANK = {name: rank for rank, names in enumerate(RANKS) for name in names}
ALONE = "sandbox"
DOORS = {
    "httpx": {"bland/client.py"},
    "pulumi": {
        "runtime.py",
        "provider.py",
        "release_provider.py",
        "promoting.py",
        "resources.py",
        "gatekeeper.py",
        "program.py",
    },
    "starlette": {"sandbox/"},
}
DOORS |= {
    "uvicorn": {"sandbox/"},
    "click": {"cli/"},
    "stamina": {"bland/retrying.py"},
    "jinja2": {"reports/html.py"},
    "junitparser": {"reports/junit.py"},
    "rich": {"cli/"},
    "pytest": {"sandbox/fixtures.py"},
}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Every imported module, and whether only the type checker imports it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node in typing_only) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [(name, node in typing_only) for name in names]
    return found


def part_of(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module, is_typing in imports(path):
        if not module.startswith("tornado_resource."):
            continue
        part = part_of(module)
        if own == ALONE:
            assert part == ALONE, f"the sandbox shares no code, but imports {module}"
        elif part == ALONE:
            assert own == "cli", f"{module} is for the command line only"
        elif not is_typing:
            assert RANK[part] <= RANK[own], f"{own} (rank {RANK[own]}) imports {module} (rank {RANK[part]})"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_library_has_one_door(path: Path) -> None:
    place = str(path.relative_to(PACKAGE))
    for module, _ in imports(path):
        doors = DOORS.get(module.split(".")[0])
        assert doors is None or any(place.startswith(door) for door in doors), f"{place} imports {module}"


def test_every_part_has_a_rank() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert parts == {*RANK, ALONE}


@pytest.mark.parametrize("word", ["yaml.load(", "verify=False", "follow_redirects=True", "shell=True", " eval("])
def test_dangerous_calls_are_nowhere(word: str) -> None:
    assert not [path for path in FILES if word in path.read_text(encoding="utf-8")]
