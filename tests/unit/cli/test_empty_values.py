"""No option and no argument takes an empty value: that is a variable that is not set, and means nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from tornado_resource.cli import COMMANDS, cli, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTEXT = click.Context(cli)
FILE = "version: 1\nsessions:\n  a: {pathway_id: p}\nenvironments:\n  prod: {sessions: {a: {pathway_id: null}}}\n"


def _command(name: str) -> click.Command:
    command = cli.get_command(CONTEXT, name)
    assert command is not None
    return command


def _lines(name: str) -> Iterator[tuple[list[str], str]]:
    """Yield a command line with an empty value for each option and argument of a command, and how errors call it."""
    parameters = _command(name).params
    for parameter in parameters:
        called = parameter.get_error_hint(CONTEXT)
        if isinstance(parameter, click.Argument):
            needed = [word for each in parameters if each.required for word in (each.opts[-1], "x")]
            yield [name, *needed, ""], called
        elif isinstance(parameter, click.Option) and not parameter.is_flag:
            yield from (([name, word, *["x"] * (parameter.nargs - 1), ""], called) for word in parameter.opts)


LINES = [line for name in COMMANDS for line in _lines(name)]


@pytest.mark.parametrize(("line", "called"), LINES, ids=[" ".join(line) for line, _ in LINES])
def test_an_empty_value_is_an_error_of_usage_that_says_what_to_do(
    line: list[str],
    called: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(line) == 2
    printed = capsys.readouterr()
    said = " ".join(printed.err.split())
    assert f"Invalid value for {called}: it is empty" in said
    assert "(a variable that is not set?); give a value" in said
    assert (printed.out, [*tmp_path.iterdir()]) == ("", [])


def test_every_command_has_options_or_arguments_that_take_values() -> None:
    assert {line[0] for line, _ in LINES} == set(COMMANDS)
    assert len(LINES) > 50


def test_what_can_be_left_out_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wait", "--stack", ""]) == 2
    assert "give a value, or leave it out" in " ".join(capsys.readouterr().err.split())
    assert main(["comment", "--stack", ""]) == 2
    assert "leave it out" not in capsys.readouterr().err


@pytest.mark.parametrize("option", [["-e", ""], ["--environment", ""], ["--environment="]])
def test_an_empty_environment_is_not_that_of_a_file_without_environments(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sessions.yaml"
    file.write_text(FILE, encoding="utf-8")
    assert main(["validate", *option, str(file)]) == 2
    assert "Invalid value for '--environment' / '-e': it is empty" in " ".join(capsys.readouterr().err.split())
