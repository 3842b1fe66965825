"""What a program runs for, as the command line above its process tells."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tornado_resource.program import purpose
from tornado_resource.stacks.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Below = Callable[..., None]

HOST = ["/usr/bin/python", "-u", "/x/pulumi-language-python-exec", "--monitor", "127.0.0.1:1", "."]


@pytest.fixture
def below(monkeypatch: pytest.MonkeyPatch) -> Iterator[Below]:
    """Let this process be one below a `pulumi`, with these arguments of its own."""

    def below_(command: CommandLine | None, arguments: list[str] = HOST) -> None:
        monkeypatch.setattr(sys, "orig_argv", arguments)
        monkeypatch.setattr(purpose, "pulumi_command", lambda _process: command)
        purpose.own_command.cache_clear()

    yield below_
    purpose.own_command.cache_clear()


def command(operation: str | None, *, has_targets: bool = False) -> CommandLine:
    return CommandLine(Path("/x"), operation=operation, has_targets=has_targets)


@pytest.mark.parametrize(
    ("operation", "is_idle"),
    [("destroy", True), ("dn", True), ("refresh", True), ("up", False), ("watch", False), (None, False)],
)
def test_only_a_destroy_or_refresh_declares_and_no_more(below: Below, operation: str | None, *, is_idle: bool) -> None:
    below(command(operation))
    assert (purpose.is_idle(), purpose.is_update()) == (is_idle, not is_idle)


@pytest.mark.parametrize("arguments", [["python", "deploy.py"], ["python", "-m", "pulumi.dynamic"], []])
def test_an_inline_program_below_a_destroy_is_an_update(below: Below, arguments: list[str]) -> None:
    below(command("destroy", has_targets=True), arguments)
    assert (purpose.is_idle(), purpose.is_update(), purpose.has_targets()) == (False, True, False)


def test_what_is_replaced_is_seen_where_the_command_is(below: Below) -> None:
    below(CommandLine(Path("/x"), operation="up", replaced=("**::a",)))
    assert (purpose.is_replaced("urn::a"), purpose.is_replaced("urn::b")) == (True, False)
    below(None)
    assert not purpose.is_replaced("urn::a")


def test_targets_are_seen_where_the_command_is(below: Below) -> None:
    below(command("up", has_targets=True))
    assert purpose.has_targets()
    below(command("up"))
    assert not purpose.has_targets()
    below(None)
    assert not purpose.has_targets()
