"""What the linter refuses: calls with which a file or an answer could run code, or the key could go elsewhere."""

from __future__ import annotations

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
