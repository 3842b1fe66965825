"""No function grows past what a reader keeps in mind: length, nesting, parameters, complexity."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from radon.complexity import add_inner_blocks, cc_rank, cc_visit_ast

from tests.support.parsing import parsed
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINES: Final = 45
MAX_NESTING: Final = 3
MAX_PARAMETERS: Final = 5
MAX_RANK: Final = "B"  # a complexity of 10
MAX_TEST_NAME: Final = 69
VAGUE: Final = frozenset({"each", "found", "given", "known", "shown"})
"""They name a value by where it came from, and say nothing of what it is."""
CLASS: Final = "C"  # radon's letter for a block that is a class; its methods are blocks of their own

COMPOUND: Final = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
FILES: Final = sorted(
    path for folder in ("tornado_resource", "tools", "bench") for path in (ROOT / folder).rglob("*.py")
)
TESTS: Final = sorted((ROOT / "tests").rglob("*.py"))
TEST_NAME: Final = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Function:
    """A function or method, with the name of what it is defined in."""

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def lines(self) -> int:
        """Lines from `def` to the end.

        Many keyword arguments and the docstring that describes them are a declaration: a resource with 14 inputs
        needs a line and a description for each, and is no easier to read when it is split. There, only the body counts;
        and so it does where the docstring has a program as an example.
        """
        first, docstring = self.node.lineno, ast.get_docstring(self.node) or ""
        if len(self.node.args.kwonlyargs) > MAX_PARAMETERS or "\nExamples:\n" in docstring:
            first = self.node.body[1 if docstring else 0].lineno
        return (self.node.end_lineno or first) - first + 1

    @property
    def positional(self) -> list[str]:
        """Parameters that can be given without a name, but for `self` and `cls`."""
        names = [argument.arg for argument in self.node.args.posonlyargs + self.node.args.args]
        return names[names[:1] in (["self"], ["cls"]) :]

    @property
    def is_dictated(self) -> bool:
        """Whether a framework decides on the parameters: Python itself, or click, which passes one for each option."""
        is_special = self.node.name.startswith("__") and self.node.name != "__init__"
        return is_special or any("click" in ast.unparse(decorator) for decorator in self.node.decorator_list)


def functions(node: ast.AST, prefix: str = "") -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(prefix + child.name, child)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from functions(child, f"{prefix}{child.name}.")
        else:
            yield from functions(child, prefix)


def nesting(node: ast.AST, depth: int = 0) -> int:
    """The deepest compound statement; `elif` is as deep as its `if`, and functions inside count for themselves."""
    depths = [depth]
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        is_elif = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        depths.append(nesting(child, depth + (isinstance(child, COMPOUND) and not is_elif)))
    return max(depths)


def too_complex(tree: ast.Module) -> Iterator[str]:
    for block in add_inner_blocks(cc_visit_ast(tree)):
        rank = cc_rank(block.complexity)
        if rank > MAX_RANK and block.letter != CLASS:
            yield f"{block.fullname}: complexity {block.complexity}, rank {rank} (maximum {MAX_RANK})"


def too_large(tree: ast.Module) -> Iterator[str]:
    for function in functions(tree):
        if function.lines > MAX_LINES:
            yield f"{function.name}: {function.lines} lines (maximum {MAX_LINES})"
        depth = nesting(function.node)
        if depth > MAX_NESTING:
            yield f"{function.name}: nesting {depth} (maximum {MAX_NESTING})"


def too_many_parameters(tree: ast.Module) -> Iterator[str]:
    """More than five are fine by keyword only, since a call then reads like a table."""
    for function in functions(tree):
        number = len(function.positional)
        if number > MAX_PARAMETERS and not function.is_dictated:
            yield f"{function.name}: {number} parameters by position (maximum {MAX_PARAMETERS}; make them keyword-only)"


def vague_names(tree: ast.Module) -> Iterator[str]:
    """Yield parameters and variables, but for the fields of classes, whose names say nothing of what they are."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    fields = {id(entry.target) for node in classes for entry in node.body if isinstance(entry, ast.AnnAssign)}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.arg in VAGUE:
            yield f"line {node.lineno}: `{node.arg}`"
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Store)
            and node.id in VAGUE
            and id(node) not in fields
        ):
            yield f"line {node.lineno}: `{node.id}`"


def test_functions_stay_within_the_limits() -> None:
    assert FILES
    assert [
        f"{path.relative_to(ROOT)}: {problem}"
        for path in FILES
        for rule in (too_complex, too_large, too_many_parameters)
        for problem in rule(parsed(path))
    ] == []


def test_values_are_named_by_what_they_are() -> None:
    assert [
        f"{path.relative_to(ROOT)}: {problem}"
        for path in FILES
        if "tornado_resource" in path.parts
        for problem in vague_names(parsed(path))
    ] == []


def test_names_of_tests_are_short() -> None:
    names = [name for path in TESTS for name in TEST_NAME.findall(path.read_text(encoding="utf-8"))]
    assert names
    assert [name for name in names if len(name) > MAX_TEST_NAME] == []


FAR = """
class A:
    def deep(self, a, b, c, d, e):
        for x in a:
            if x:
                pass
            elif b:
                with c:
                    while d:
                        pass

    def wide(self, a, b, c, d, e, f, *, g): ...

    @click.option("--many")
    def command(a, b, c, d, e, f): ...

    def branched(self, a):
        if a == 1 or a == 2 or a == 3 or a == 4 or a == 5 or a == 6 or a == 7 or a == 8 or a == 9 or a == 10:
            return 1
"""


def test_the_limits_find_what_exceeds_them() -> None:
    tree = ast.parse(FAR)
    assert list(too_large(tree)) == ["A.deep: nesting 4 (maximum 3)"]
    assert list(too_many_parameters(tree)) == ["A.wide: 6 parameters by position (maximum 5; make them keyword-only)"]
    assert list(too_complex(tree)) == ["A.branched: complexity 11, rank C (maximum B)"]


def test_a_vague_name_is_noticed_wherever_it_is_bound() -> None:
    source = "class A:\n    found: int\n\n\ndef f(given):\n    known = [each for each in given]\n    return known\n"
    assert sorted(vague_names(ast.parse(source))) == ["line 5: `given`", "line 6: `each`", "line 6: `known`"]


@pytest.mark.parametrize(("keywords", "found"), [(5, ["f: 46 lines (maximum 45)"]), (6, [])])
def test_a_declaration_of_many_keywords_may_be_long(keywords: int, found: list[str]) -> None:
    signature = "\n".join(f"    a{number}=0," for number in range(keywords))
    docstring = '"""Long' + "\n" * (46 - keywords - 6) + '    """'
    source = f"def f(\n    *,\n{signature}\n):\n    {docstring}\n    x = 1\n    return x\n"
    assert list(too_large(ast.parse(source))) == found
