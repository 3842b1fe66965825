"""Errors that nobody expects: exit code 70 and one line, never a traceback unless asked for, and never the API key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from email.message import Message
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING

import pytest

from tests.support.paths import ROOT
from tests.support.recorded_stack import recorded_run
from tornado_resource.cli import COMMANDS, main
from tornado_resource.cli.output import HELP, ExitCode
from tornado_resource.stacks.reader import Stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "sk-'quoted'/and+long"
TELLS = ", with the traceback that TORNADO_DEBUG=1 shows\n"
PROGRAM = [sys.executable, "-c", "import sys; from tornado_resource.cli import main; sys.exit(main())"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Make `validate` raise an error."""

    def make(error: Exception) -> None:
        def read_declarations(_path: str) -> None:
            raise error

        monkeypatch.setattr("tornado_resource.cli.validate.read_declarations", read_declarations)

    return make


def test_an_unexpected_error_is_exit_70_and_one_line(
    broken: Callable[[Exception], None], capsys: pytest.CaptureFixture[str]
) -> None:
    broken(KeyError("outputs"))
    assert main(["validate"]) == 70
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("unexpected error: KeyError: 'outputs' (unit/cli/test_unexpected.py:")
    assert captured.err.endswith(TELLS)
    assert captured.err.count("\n") == 1


def test_the_traceback_shows_if_asked_for(
    broken: Callable[[Exception], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORNADO_DEBUG", "1")
    broken(KeyError("outputs"))
    assert main(["validate"]) == 70
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2] == "KeyError: 'outputs'"
    assert lines[-1].endswith(", with the traceback above")


@pytest.mark.parametrize(
    ("urls", "address"),
    [
        (["Source, https://example.com/code", "Issues, https://example.com/bugs"], "at https://example.com/bugs"),
        ([], "to the maintainers of tornado-resource"),
        (None, "to the maintainers of tornado-resource"),
    ],
    ids=["issues", "no issues", "not installed"],
)
def test_the_line_says_where_to_report_it(
    urls: list[str] | None,
    address: str,
    broken: Callable[[Exception], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def metadata(_name: str) -> Message:
        if urls is None:
            raise PackageNotFoundError
        message = Message()
        for url in urls:
            message["Project-URL"] = url
        return message

    monkeypatch.setattr("importlib.metadata.metadata", metadata)
    broken(KeyError("outputs"))
    assert main(["validate"]) == 70
    assert f". This is a bug: report it {address}, with the traceback" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["a\nb\x1b[31mred", "\N{RIGHT-TO-LEFT OVERRIDE}", "x" * 100_000, ""])
def test_the_line_is_short_and_safe_for_terminals(
    broken: Callable[[Exception], None], capsys: pytest.CaptureFixture[str], text: str
) -> None:
    broken(ValueError(text))
    assert main(["validate"]) == 70
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.rstrip("\n").isprintable()
    assert len(error) < 1300
    assert error.endswith(TELLS)


@pytest.mark.parametrize("debug", ["", "1"])
@pytest.mark.parametrize("origin", ["environment", "config"])
@pytest.mark.parametrize("command", ["status", "wait", "report", "doctor"])
def test_the_api_key_is_never_shown(
    command: str, origin: str, debug: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {"bland:apiKey": KEY} if origin == "config" else {}
    stack = Stack("dev", config, (recorded_run("support-line"),))
    monkeypatch.setenv("BLAND_API_KEY", "another-key" if origin == "config" else KEY)
    monkeypatch.setenv("TORNADO_DEBUG", debug)
    monkeypatch.chdir(ROOT)
    for module in ("stack", "doctor"):
        monkeypatch.setattr(f"tornado_resource.cli.{module}.read_stack", lambda _name: stack)

    def fail(*_arguments: object, **_keywords: object) -> None:
        message = f"headers are {{'authorization': {KEY!r}}}, {json.dumps(KEY)}, {'x' * 900}{KEY}"
        raise RuntimeError(message)

    monkeypatch.setattr("tornado_resource.bland.client.Client.__init__", fail)
    assert main([command, "--stack", "dev"]) == 70
    error = capsys.readouterr().err
    assert "headers are {'authorization': " in error
    assert "[secret]" in error
    assert "quoted" not in error
    assert ("Traceback" in error) is bool(debug)


PULUMI = """#!/bin/sh
case $1 in
config) echo '{"bland:apiKey": {"value": "a-long-key", "secret": true}}' ;;
*) echo '{"deployment": {"resources": [{"type": "pulumi-python:dynamic/bland:TornadoSession", "id": "s-1"}]}}' ;;
esac
"""


@pytest.mark.parametrize("command", ["status", "wait", "report", "doctor"])
def test_a_damaged_state_ends_the_program_with_2(command: str, tmp_path: Path) -> None:
    (tmp_path / "pulumi").write_text(PULUMI, encoding="utf-8")
    (tmp_path / "pulumi").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    arguments = [*PROGRAM, command, "--stack", "dev"]
    result = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "the state of stack dev is damaged: state.deployment.resources[0].urn: found nothing, expected text. "
        "Restore it from a backup: pulumi stack import --stack dev --file BACKUP.json\n"
    )


def test_an_operating_system_error_of_another_kind_is_unexpected(
    broken: Callable[[Exception], None], capsys: pytest.CaptureFixture[str]
) -> None:
    broken(BrokenPipeError(32, "Broken pipe"))
    assert main(["validate"]) == 70
    assert "BrokenPipeError: [Errno 32] Broken pipe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "what"),
    [(OSError(24, "Too many open files"), "too many open files"), (MemoryError(), "no memory is left")],
    ids=["files", "memory"],
)
def test_what_the_machine_lacks_is_no_bug(
    error: Exception, what: str, broken: Callable[[Exception], None], capsys: pytest.CaptureFixture[str]
) -> None:
    broken(error)
    assert main(["validate"]) == 3
    said = f"this machine lacks what the command needs: {what}; free some of it, then try again\n"
    assert capsys.readouterr().err == said


def test_a_version_that_is_not_installed_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def version(_name: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.version", version)
    assert main(["--version"]) == 2
    assert capsys.readouterr().err.startswith("the version of tornado-resource is unknown, because it is not installed")


def test_every_exit_code_is_in_the_help_with_its_meaning() -> None:
    assert [line.split()[0] for line in HELP.splitlines()[2:]] == [str(code.value) for code in ExitCode]
    assert all(code.meaning in HELP for code in ExitCode)


@pytest.mark.parametrize(("outcome", "code"), [("passed", 0), ("failed", 1), ("incomplete", 3)])
def test_every_outcome_has_its_exit_code(outcome: str, code: int) -> None:
    assert ExitCode.of(outcome) == code  # type: ignore[arg-type]


def test_shells_can_ask_for_completions(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_TORNADO_RESOURCE_COMPLETE", "zsh_complete")
    monkeypatch.setenv("COMP_WORDS", "tornado-resource ")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)
