"""The table of docs/lifecycle.md: each row names the test that shows it."""

from __future__ import annotations

import ast
import re

from tests.support.paths import ROOT


def test_each_row_by_pulumi_operation_names_an_acceptance_test() -> None:
    page = (ROOT / "docs/lifecycle.md").read_text(encoding="utf-8")
    section = page.partition("## By Pulumi operation\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    named = [re.fullmatch(r"\| .+ \| .+ \| .+ \| `(test_\w+)` \|", row) for row in rows]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "tests/acceptance").glob("test_*.py")]
    tests = {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert len(rows) > 10
    assert [row for row, name in zip(rows, named, strict=True) if name is None or name[1] not in tests] == []
