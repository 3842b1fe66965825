"""The API key of a stack, as the commands take it, and the folder of its reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.api import KEY
from tests.support.results import report_of
from tornado_resource.cli.output import Output
from tornado_resource.cli.stack import endpoint_of, finish
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.reader import Stack

if TYPE_CHECKING:
    from pathlib import Path


def stack_with(key: str, *, is_plain: bool = False) -> Stack:
    return Stack("dev", {"bland:apiKey": key}, has_plain_key=is_plain)


def test_a_line_break_that_is_left_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert endpoint_of(stack_with(f"{KEY}\n")).key.reveal() == KEY
    assert capsys.readouterr().err == "warning: ignored a trailing line break in the API key\n"
    assert endpoint_of(stack_with(KEY)).key.reveal() == KEY
    assert capsys.readouterr().err == ""


def test_a_key_in_plain_text_is_refused_with_the_command() -> None:
    with pytest.raises(ConfigurationError, match="`pulumi config set --secret bland:apiKey --stack dev`") as caught:
        endpoint_of(stack_with(KEY, is_plain=True))
    assert KEY not in str(caught.value)


def test_the_report_of_another_stack_is_replaced_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stack in ("dev", "prod", "prod"):
        finish(replace(report_of(), project="agents", stack=stack), str(tmp_path), Output(is_quiet=True))
    assert capsys.readouterr().err == (
        f"warning: replaces the reports of stack dev of project agents in {tmp_path}; give each stack a folder of its "
        "own: pulumi config set tornado:reports FOLDER --stack prod\n"
    )
