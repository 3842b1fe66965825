"""The samples of all documents: declarations are valid, commands and options exist, code compiles."""

from __future__ import annotations

import ast
import json
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

import click
import pytest
import yaml

import tornado_resource
from tests.support.paths import ROOT
from tornado_resource.cli import PROGRAM, cli
from tornado_resource.cli import main as run
from tornado_resource.sandbox.scenario_file import read_scripts

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("examples/*/README.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Sample(NamedTuple):
    """A block of code in a document, by its language."""

    name: str
    language: str
    text: str


SAMPLES = [
    Sample(f"{path.relative_to(ROOT)}-{number}", *match.groups())
    for path in DOCUMENTS
    for number, match in enumerate(_BLOCK.finditer(path.read_text(encoding="utf-8")), 1)
]


def samples(*languages: str) -> pytest.MarkDecorator:
    found = [sample for sample in SAMPLES if sample.language in languages]
    assert found
    return pytest.mark.parametrize("sample", found, ids=lambda sample: sample.name)


def test_every_sample_has_a_known_language() -> None:
    known = {"console", "json", "python", "text", "yaml", "sh", "toml"}
    assert [sample.name for sample in SAMPLES if sample.language not in known] == []


@samples("yaml")
def test_yaml_is_valid(sample: Sample, tmp_path: Path) -> None:
    content = yaml.safe_load(sample.text)
    file = tmp_path / "sample.yaml"
    file.write_text(sample.text, encoding="utf-8")
    for name in re.findall(r"file: (prompts/[\w.-]+)", sample.text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("You are angry.", encoding="utf-8")
    if "version" in content and content.keys() & {"sessions", "agents"}:
        assert run(["validate", str(file)]) == 0
    elif content.keys() & {"pathways", "judges"}:
        scripts = read_scripts(file)
        assert scripts.pathways or scripts.agents


@samples("json")
def test_json_is_valid(sample: Sample) -> None:
    assert json.loads(sample.text)


@samples("python")
def test_python_compiles_and_its_imports_exist(sample: Sample) -> None:
    for node in ast.walk(ast.parse(sample.text)):
        if isinstance(node, ast.ImportFrom) and node.module == "tornado_resource":
            assert {alias.name for alias in node.names} <= set(tornado_resource.__all__)


@samples("console", "sh")
def test_commands_and_their_options_exist(sample: Sample) -> None:
    for line in re.findall(r"^(?:\$ )?(.*tornado-resource .*)$", sample.text, re.MULTILINE):
        for command in re.split(r"&&|\||;|#| &$| > ", line):
            words = shlex.split(command, comments=True)
            if words[:1] == [PROGRAM] and words[1:]:
                assert_exists(words[1:])


def assert_exists(words: list[str]) -> None:
    """Let click parse the words, without running the command."""
    root = click.Context(cli, info_name=PROGRAM)
    command = cli.get_command(root, words[0])
    assert command is not None, words
    if "--help" not in words and not any(word.isupper() and len(word) > 2 for word in words):
        command.make_context(words[0], words[1:], parent=root)
