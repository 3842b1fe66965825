"""What the linter refuses: calls with which a file or an answer could run code, or the key could go elsewhere."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
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


def followed_redirects(source: str) -> list[int]:
    """The lines of calls that follow redirects, or may: a redirect would take the API key to another host."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        call.lineno
        for call in calls
        for argument in call.keywords
        if argument.arg in {"follow_redirects", "allow_redirects"}
        and not (isinstance(argument.value, ast.Constant) and argument.value.value is False)
    ]


@pytest.mark.parametrize("call", ["httpx.get(url, follow_redirects=True)", "client(follow_redirects=is_kind)"])
def test_a_call_that_follows_redirects_is_found(call: str) -> None:
    assert followed_redirects(call) == [1]
    assert followed_redirects("httpx.Client(follow_redirects=False)") == []


def test_no_request_follows_redirects() -> None:
    package = sorted((ROOT / "tornado_resource").rglob("*.py"))
    assert package
    assert {path.name: lines for path in package if (lines := followed_redirects(path.read_text("utf-8")))} == {}
