"""Imports go one way, and the outside has one door each."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from tests.support.parsing import nodes_of
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "tornado_resource"
RANKS = [
    "core",
    "errors",
    "bland",
    "declarations",
    "versions",
    "runs",
    "stacks",
    "reports",
    "provider",
    "program",
    "scenarios",
    "checks",
    "releases",
    "agents",
    "confirmations",
    "tornado",
    "deployment",
    "cli",
    "__main__",
]
RANK = {name: rank for rank, name in enumerate(RANKS)}
ALONE = "sandbox"
EDGES = {
    ("tornado", "scenarios"): "a session runs declared scenarios",
    ("agents", "checks"): "a check run depends on declared checks",
    ("checks", "scenarios"): "checks run declared scenarios",
}
THINGS = {"agents", "checks", "confirmations", "releases", "scenarios", "tornado"}
"""Each has a resource of its own. They do not import each other, but for the edges above."""
DOORS = {
    "httpx": {"bland/http.py"},
    "pulumi": {
        "provider/",
        "program/",
        "deployment/",
        *(f"{thing}/{file}.py" for thing in THINGS for file in ("provider", "resource")),
        "scenarios/tested.py",
    },
    "jsonschema_rs": {"declarations/schema.py", "sandbox/"},
    "yaml": {
        "declarations/reader.py",
        "declarations/composer.py",
        "declarations/characters.py",
        "declarations/writing.py",
        "declarations/slips.py",
        "sandbox/",
    },
    "jinja2": {"reports/html.py"},
    "junitparser": {"reports/junit.py"},
    "click": {"cli/"},
    "rich": {"cli/"},
    "starlette": {"sandbox/"},
    "uvicorn": {"sandbox/"},
    "pytest": {"sandbox/fixtures.py"},
}
FILES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py" and not path.is_relative_to(PACKAGE / "template")  # a user's program
)


@cache
def imports(path: Path) -> list[str]:
    """Every imported module or name, those that only the type checker imports included."""
    found = []
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


@cache
def graph() -> dict[str, set[str]]:
    """By module, the modules of the package that it imports."""
    return {
        module: {name if name in MODULES else name.rpartition(".")[0] for name in imports(path)} & MODULES.keys()
        for module, path in MODULES.items()
    }


def part_of(module: str) -> str:
    return module.split(".")[1]


def problem_of(own: str, part: str) -> str | None:
    """Why a module of the part *own* may not import one of *part*."""
    if own == ALONE:
        return None if part == ALONE else "the sandbox shares no code"
    if part == ALONE:
        return None if own == "cli" else "the sandbox is for the command line only"
    if RANK[part] > RANK[own]:
        return "it is above"
    is_edge = own != part and {own, part} <= THINGS
    return "no edge is named" if is_edge and (own, part) not in EDGES else None


def test_imports_go_down_only() -> None:
    pairs = [(module, imported) for module, found in graph().items() for imported in found]
    assert pairs
    assert [
        f"{module} imports {imported}: {problem}"
        for module, imported in pairs
        if (problem := problem_of(part_of(module), part_of(imported)))
    ] == []


@pytest.mark.parametrize(
    ("own", "part", "problem"),
    [
        ("sandbox", "core", "the sandbox shares no code"),
        ("deployment", "sandbox", "the sandbox is for the command line only"),
        ("core", "runs", "it is above"),
        ("scenarios", "tornado", "it is above"),
        ("tornado", "checks", "no edge is named"),
    ],
)
def test_an_import_may_be_refused(own: str, part: str, problem: str) -> None:
    assert problem_of(own, part) == problem


def test_no_module_imports_itself_through_others() -> None:
    """`prepare` raises CycleError, which names the circle."""
    TopologicalSorter(graph()).prepare()


def test_each_library_has_one_door() -> None:
    found = [(str(path.relative_to(PACKAGE)), name) for path in FILES for name in imports(path)]
    through = [(place, name, DOORS[name.split(".")[0]]) for place, name in found if name.split(".")[0] in DOORS]
    assert {name.split(".")[0] for _, name, _ in through} == DOORS.keys()
    assert [(place, name) for place, name, doors in through if not place.startswith(tuple(doors))] == []


def test_every_part_has_a_rank_and_is_a_folder_but_for_two_files() -> None:
    parts = {path.relative_to(PACKAGE).parts[0] for path in FILES}
    files = {"errors", "__main__"}
    assert parts == {*RANK, ALONE} - files | {f"{name}.py" for name in files}


def test_the_package_holds_its_schemas_as_real_files() -> None:
    for path in (PACKAGE.parent / "schemas").iterdir():
        own = PACKAGE / "schemas" / path.name
        assert not own.is_symlink()
        assert own.read_bytes() == path.read_bytes(), f"copy {own.relative_to(PACKAGE.parent)} to schemas/"
    assert not (PACKAGE / "schemas").is_symlink()


@pytest.mark.parametrize("word", ["yaml.load(", "verify=False", "follow_redirects=True", "shell=True", " eval("])
def test_dangerous_calls_are_nowhere(word: str) -> None:
    assert not [path for path in FILES if word in path.read_text(encoding="utf-8")]
