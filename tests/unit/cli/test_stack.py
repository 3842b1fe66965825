"""The API key of a stack, as the commands take it."""

from __future__ import annotations

import pytest

from tests.support.api import KEY
from tornado_resource.cli.stack import endpoint_of
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.reader import Stack


def stack_with(key: str, *, is_plain: bool = False) -> Stack:
    return Stack("dev", {"bland:apiKey": key}, (), None, None, (), None, is_plain)


def test_a_line_break_that_is_left_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert endpoint_of(stack_with(f"{KEY}\n")).key.reveal() == KEY
    assert capsys.readouterr().err == "warning: the line break at the end of the API key is left out\n"
    assert endpoint_of(stack_with(KEY)).key.reveal() == KEY
    assert capsys.readouterr().err == ""


def test_a_key_in_plain_text_is_refused_with_the_command() -> None:
    with pytest.raises(ConfigurationError, match="`pulumi config set --secret bland:apiKey --stack dev`") as caught:
        endpoint_of(stack_with(KEY, is_plain=True))
    assert KEY not in str(caught.value)
