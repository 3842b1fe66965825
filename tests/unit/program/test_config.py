"""How a program reads the API key from its stack's config."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

import pulumi
import pytest

from tests.support.api import KEY
from tornado_resource.errors import ConfigurationError
from tornado_resource.program.config import read_config

if TYPE_CHECKING:
    from tornado_resource.bland.address import Endpoint


def endpoint_of(config: dict[str, str], secret: str) -> Endpoint:
    def read() -> Endpoint:
        pulumi.runtime.set_all_config(config, [secret])
        return read_config()[1]

    return copy_context().run(read)  # other tests keep their config


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", texts.append)
    return texts


@pytest.mark.parametrize("key", [KEY, f"{KEY}\n"])
def test_a_secret_key_is_taken_and_a_line_break_is_told(key: str, said: list[str]) -> None:
    assert endpoint_of({"bland:apiKey": key}, "bland:apiKey").key.reveal() == KEY
    assert said == (["ignored a trailing line break in the API key"] if key != KEY else [])


def test_a_key_in_plain_text_is_refused_with_the_command() -> None:
    with pytest.raises(ConfigurationError, match="pulumi config set --secret bland:apiKey") as caught:
        endpoint_of({"bland:apiKey": KEY}, "other:secret")
    assert KEY not in str(caught.value)


def test_a_key_of_the_environment_needs_no_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLAND_API_KEY", KEY)
    assert endpoint_of({}, "other:secret").key.reveal() == KEY
