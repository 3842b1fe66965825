from __future__ import annotations

import pytest

from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.settings import Settings, read_settings


def prefixed(values: dict[str, str]) -> dict[str, str]:
    return {f"tornado:{key}": value for key, value in values.items()}


def test_without_config_the_defaults_apply() -> None:
    assert read_settings({"bland:apiKey": "k"}) == Settings("sessions.yaml", None, {}, {}, 15.0, is_waiting=True)


def test_every_value_is_read() -> None:
    config = {
        "declarations": "other.yaml",
        "environment": "staging",
        "triggers": '{"commit": "abc", "n": 1, "b": true}',
        "adopt": '{"support-line": "s-1"}',
        "onConflict": "adopt",
        "pollInterval": "1.5s",
        "wait": "False",
        "reports": "out",
    }
    expected = Settings(
        "other.yaml",
        "staging",
        {"commit": "abc", "n": 1, "b": True},
        {"support-line": "s-1"},
        1.5,
        is_waiting=False,
        reports="out",
    )
    assert read_settings(prefixed(config)) == expected


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("15s", 15.0), ("2m", 120.0), ("1h", 3600.0)])
def test_durations(text: str, seconds: float) -> None:
    assert read_settings({"tornado:pollInterval": text}).poll_seconds == seconds


def test_all_that_is_wrong_comes_at_once() -> None:
    wrong = {
        "triggers": "abc",
        "adopt": '{"a": 1}',
        "onConflict": "adpot",
        "pollInterval": "0s",
        "wait": "no",
        "triger": "x",
    }
    with pytest.raises(ConfigurationError) as caught:
        read_settings(prefixed(wrong))
    assert (
        str(caught.value)
        == """\
config tornado:triggers is 'abc', expected an object of strings, numbers and booleans: \
pulumi config set --path tornado:triggers.commit $SHA
config tornado:adopt is '{"a": 1}', expected an object of session ids: \
pulumi config set --path tornado:adopt.SESSION-NAME SESSION_ID
config tornado:onConflict is 'adpot', expected fail, adopt, wait, supersede; did you mean adopt?
config tornado:pollInterval is '0s', expected a duration such as 15s, of at least 0.1s
config tornado:wait is 'no', expected true or false
config tornado:triger is not known, expected one of declarations, environment, triggers, onConflict, adopt, \
pollInterval, promoteWithout, wait, reports; did you mean tornado:triggers?"""
    )
