"""What the linter refuses: calls with which a file or an answer could run code, or the key could go elsewhere."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.parsing import nodes_of
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

BANNED = {
    "import yaml\n\nyaml.load('')\n": "TID251",
    "import pickle\n": "TID251",
    "import httpx\n\nhttpx.get('', verify=False)\n": "S501",
    "import subprocess\n\nsubprocess.run('x' + y, shell=True)\n": "S602",
    "eval(x)\n": "S307",
}


@pytest.mark.parametrize(("source", "rule"), BANNED.items())
def test_the_linter_refuses(source: str, rule: str) -> None:
    name = "tornado_resource/cli/banned.py"
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--output-format=concise",
        "--stdin-filename",
        name,
        "-",
    ]
    linted = subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True, check=False)
    assert linted.returncode == 1
    assert f" {rule} " in linted.stdout


def followed_redirects(nodes: Iterable[ast.AST]) -> list[int]:
    """The lines of calls that follow redirects, or may: a redirect would take the API key to another host."""
    return [
        call.lineno
        for call in nodes
        if isinstance(call, ast.Call)
        for argument in call.keywords
        if argument.arg in {"follow_redirects", "allow_redirects"}
        and not (isinstance(argument.value, ast.Constant) and argument.value.value is False)
    ]


@pytest.mark.parametrize("call", ["httpx.get(url, follow_redirects=True)", "client(follow_redirects=is_kind)"])
def test_a_call_that_follows_redirects_is_found(call: str) -> None:
    assert followed_redirects(ast.walk(ast.parse(call))) == [1]
    assert followed_redirects(ast.walk(ast.parse("httpx.Client(follow_redirects=False)"))) == []


def test_no_request_follows_redirects() -> None:
    package = sorted((ROOT / "tornado_resource").rglob("*.py"))
    assert package
    assert {path.name: lines for path in package if (lines := followed_redirects(nodes_of(path)))} == {}
