"""How a program reads the API key from its stack's config."""

from __future__ import annotations

import json
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING

import pulumi
import pytest

from tests.support.api import KEY
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Environment
from tornado_resource.errors import ConfigurationError
from tornado_resource.program import run
from tornado_resource.program.config import check_against_declarations, read_config
from tornado_resource.stacks.rollback import Rollback, as_output
from tornado_resource.stacks.settings import read_settings

if TYPE_CHECKING:
    from tornado_resource.bland.address import Endpoint

PLACE = Position("s.yaml", 3, 3)


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


def test_an_environment_that_leaves_out_every_session_is_refused() -> None:
    settings = read_settings({"tornado:declarations": "agents/s.yaml"}, "dev")
    with pytest.raises(ConfigurationError) as caught:
        check_against_declarations(settings, Environment("dev", (), left_out=("billing", "support-line")))
    assert str(caught.value) == (
        "agents/s.yaml: environment dev leaves out billing, support-line, and nothing would be tested; keep a run "
        "there, or remove the stack's runs with pulumi destroy --stack stack"
    )
    check_against_declarations(settings, Environment("dev", ()))


def test_config_that_adds_too_many_triggers_is_to_blame() -> None:
    settings = read_settings({"tornado:triggers": '{"a": 1, "b": 2}'}, "dev")
    declared = {str(number): number for number in range(99)}
    at = Position("s.yaml", 3, 3)
    full = Declaration("billing", {"pathway_id": "pw-1"}, None, at, triggers=declared)
    with pytest.raises(ConfigurationError) as caught:
        check_against_declarations(settings, Environment("dev", (full,)))
    assert str(caught.value) == (
        "config tornado:triggers: 101 triggers with those of billing (s.yaml:3:3), expected at most 100; "
        "remove some of either"
    )
    check_against_declarations(settings, Environment("dev", (replace(full, triggers={"a": 1}),)))


def test_a_rollback_of_what_is_renamed_says_how_to_keep_and_to_end_it() -> None:
    held = json.dumps(as_output({"other": Rollback(5, "s-5", "s-6", "INC-7")}))
    declared = Declaration("billing", {"pathway_id": "pw-1"}, None, PLACE, publish="production")
    with pytest.raises(ConfigurationError) as caught:
        check_against_declarations(read_settings({"tornado:rollback": held}), Environment("dev", (declared,)))
    assert "rename its key in the stack's settings file (Pulumi.STACK.yaml) too" in str(caught.value)
    assert "pulumi config rm --path tornado:rollback.other --stack " in str(caught.value)


@pytest.mark.parametrize(
    ("rollbacks", "message"),
    [
        (
            {"billing": 5, "other": 5},
            "config tornado:rollback names 'other', expected one of billing, support, quiet, twin; if it was renamed,",
        ),
        ({"billing": "v-5"}, "config tornado:rollback.billing: found version v-5, expected the number of a version"),
        ({"support": 5}, "config tornado:rollback.support: found version 5, expected the id of a version of the agent"),
        ({"quiet": 5}, "tornado:rollback.quiet: quiet (s.yaml:3:3) declares no `publish`, so there is nothing to roll"),
        ({"billing": 5, "twin": 4}, "config tornado:rollback.twin: version 4 differs from version 5 of billing, whose"),
    ],
)
def test_a_rollback_must_fit_what_is_declared(rollbacks: dict[str, int | str], message: str) -> None:
    declared = [
        Declaration("billing", {"pathway_id": "pw-1"}, None, PLACE, publish="production"),
        Declaration("support", {"agent_id": "ag-1"}, None, PLACE, publish="production", section="agents"),
        Declaration("quiet", {"pathway_id": "pw-1"}, None, PLACE),
        Declaration("twin", {"pathway_id": "pw-1"}, None, PLACE, publish="production"),
    ]
    config = {name: Rollback(version, "s-5", "s-6", "INC-7") for name, version in rollbacks.items()}
    settings = read_settings({"tornado:rollback": json.dumps(as_output(config))}, "dev")
    with pytest.raises(ConfigurationError) as caught:
        check_against_declarations(settings, Environment("dev", tuple(declared)))
    assert message in str(caught.value)
    fitting = {"billing": Rollback(5, "s-5", "s-6", "INC-7"), "support": Rollback("v-5", "r-5", "r-6", "INC-7")}
    settings = read_settings({"tornado:rollback": json.dumps(as_output(fitting))}, "dev")
    check_against_declarations(settings, Environment("dev", tuple(declared)))


def test_a_program_with_an_invalid_config_leaves_it_to_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ConfigurationError

    monkeypatch.setattr(run, "program_run", refuse)
    assert run.program_run_or_none() is None
