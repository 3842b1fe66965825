"""What the shells complete: commands, options, and the values that this project has."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.paths import ROOT
from tests.support.shell import Shell
from tornado_resource.cli import COMMANDS, main

if TYPE_CHECKING:
    from collections.abc import Callable

DECLARATIONS = """\
version: 1
sessions: {support-line: {pathway_id: p-1}, survey: {pathway_id: p-2}}
agents: {sales: {agent_id: a-1}, summary: {agent_id: a-2}}
environments: {dev: {}, staging: {}, production: {}}
"""
OTHER = "version: 1\nsessions: {a: {pathway_id: p}}\nenvironments: {canary: {}}\n"
STACKS = [{"name": "acme-dev", "current": True}, {"name": "acme-prod", "current": False}]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and a `pulumi` that lists its stacks."""
    folder, programs = tmp_path / "project", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    (folder / "sessions.yaml").write_text(DECLARATIONS, encoding="utf-8")
    (folder / "other.yaml").write_text(OTHER, encoding="utf-8")
    pulumi = programs / "pulumi"
    pulumi.write_text(f"#!/bin/sh\necho '{json.dumps(STACKS)}'\n", encoding="utf-8")
    pulumi.chmod(0o755)
    folders = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def complete(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], list[str]]:
    def complete(line: str) -> list[str]:
        """Return what bash is offered at the end of a command line."""
        assert project == Path.cwd()
        monkeypatch.setenv("_TORNADO_RESOURCE_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        assert main([]) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        return [item.partition(",")[2] for item in captured.out.split()]

    return complete


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tornado-resource va", ["validate"]),
        ("tornado-resource validate -e ", ["dev", "staging", "production"]),
        ("tornado-resource validate --environment st", ["staging"]),
        ("tornado-resource validate other.yaml -e ", ["canary"]),
        ("tornado-resource plan other.yaml --environment ", ["canary"]),
        ("tornado-resource plan missing.yaml --environment ", []),
        ("tornado-resource wait -s ", ["acme-dev", "acme-prod"]),
        ("tornado-resource status --stack acme-p", ["acme-prod"]),
        ("tornado-resource doctor --stack acme-dev --stack acme-p", ["acme-prod"]),
        ("tornado-resource diff su", ["support-line", "survey", "summary"]),
        ("tornado-resource diff --against ", ["repairs", "live", "acme-dev", "acme-prod"]),
        ("tornado-resource wait --format ", ["text", "json"]),
        ("tornado-resource wait --ti", ["--timeout"]),
    ],
)
def test_values_are_offered(line: str, offered: list[str], complete: Callable[[str], list[str]]) -> None:
    assert complete(line) == offered


def test_every_command_is_offered(complete: Callable[[str], list[str]]) -> None:
    assert complete("tornado-resource ") == list(COMMANDS)


@pytest.mark.parametrize("declarations", ["[", "a: [1", "environments: 1", "- a"])
def test_a_file_that_is_being_written_offers_nothing_and_shows_no_error(
    declarations: str, complete: Callable[[str], list[str]]
) -> None:
    Path("sessions.yaml").write_text(declarations, encoding="utf-8")
    assert complete("tornado-resource plan -e ") == []
    assert complete("tornado-resource diff ") == []


def test_environments_are_offered_while_another_part_is_invalid(complete: Callable[[str], list[str]]) -> None:
    Path("sessions.yaml").write_text(DECLARATIONS.replace("p-1", "3"), encoding="utf-8")
    assert complete("tornado-resource plan -e s") == ["staging"]


def test_stacks_that_cannot_be_listed_offer_nothing(complete: Callable[[str], list[str]], tmp_path: Path) -> None:
    (tmp_path / "bin/pulumi").write_text("#!/bin/sh\necho no >&2\nexit 1\n", encoding="utf-8")
    assert complete("tornado-resource wait -s ") == []


@pytest.mark.parametrize(("shell", "kind"), [("bash", "file"), ("zsh", "file")])
@pytest.mark.parametrize("line", ["tornado-resource validate ", "tornado-resource check-state "])
def test_names_of_files_are_left_to_the_shell(
    line: str, shell: str, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_TORNADO_RESOURCE_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", "2")
    assert main([]) == 0
    assert capsys.readouterr().out.startswith(kind)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_documented_line_writes_a_script_for_the_shell(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variable = f"_TORNADO_RESOURCE_COMPLETE={shell}_source tornado-resource"
    assert variable in (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    monkeypatch.setenv("_TORNADO_RESOURCE_COMPLETE", f"{shell}_source")
    assert main([]) == 0
    assert f"_TORNADO_RESOURCE_COMPLETE={shell}_complete" in capsys.readouterr().out


SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}


@pytest.mark.parametrize("name", SHELLS)
def test_tab_completes_in_the_shell_as_documented(name: str, project: Path, tmp_path: Path) -> None:
    documented = f'eval "$(_TORNADO_RESOURCE_COMPLETE={name}_source tornado-resource)"'
    assert documented in (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    environment = {**os.environ, "TERM": "dumb", "HOME": str(tmp_path), "PS1": "$ ", "INPUTRC": os.devnull}
    with Shell(SHELLS[name], project, environment) as shell:
        if name == "zsh":
            shell.type(f"autoload -Uz compinit && compinit -u -d {tmp_path}/dump; echo is''ready\n", "isready")
        shell.type(f"{documented}; echo is''set\n", "isset")
        shell.type("tornado-resource vali\t", "date ")
        shell.type("-e stag\t", "ing ")
        shell.type("\x15tornado-resource wait -s acme-p\t", "rod ")
        shell.type("\x15tornado-resource plan oth\t", "er.yaml ")
        shell.type("\x15echo is''over\n", "isover")
