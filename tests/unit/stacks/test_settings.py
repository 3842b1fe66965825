from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
import yaml

from tornado_resource.declarations.model import Budget
from tornado_resource.declarations.resolver import check_document
from tornado_resource.declarations.values import session_problems
from tornado_resource.errors import ConfigurationError, DeclarationError
from tornado_resource.stacks.fields import MAX_REASON_CHARACTERS
from tornado_resource.stacks.rollback import Rollback
from tornado_resource.stacks.settings import KEYS, Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

ROLLBACK = Rollback(5, "s-5", "s-6", "INC-7")


def prefixed(values: dict[str, str]) -> dict[str, str]:
    return {f"tornado:{key}": value for key, value in values.items()}


def in_file(folder: Path, line: str) -> str:
    """The sentence that a session with this line gets in `sessions.yaml`."""
    text = f"version: 1\nsessions:\n  a:\n    pathway_id: pw\n    {line}\n"
    (folder / "sessions.yaml").write_text(text, encoding="utf-8")
    with contextlib.chdir(folder), pytest.raises(DeclarationError) as caught:  # only a project's own files are quoted
        check_document("sessions.yaml")
    (problem,) = caught.value.problems
    return problem.text


def in_config(key: str, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_settings({f"tornado:{key}": text}, "dev")
    return str(caught.value)


def test_without_config_the_defaults_apply() -> None:
    assert read_settings({"bland:apiKey": "k", "other:wait": "?"}) == Settings(
        declarations="sessions.yaml",
        environment=None,
        triggers={},
        adopt={},
        poll_seconds=15.0,
        is_waiting=True,
        reports=None,
        promote_without=None,
    )


def test_every_key_is_read() -> None:
    config = {
        "declarations": "other.yaml",
        "environment": "staging",
        "triggers": '{"commit": "abc", "n": 1, "b": true}',
        "adopt": '{"support-line": "s-1"}',
        "onConflict": "adopt",
        "rerun": "always",
        "pollInterval": "1.5s",
        "promoteWithout": " INC-7 ",
        "rollback": json.dumps({"support-line": ROLLBACK.as_output()}),
        "budget": '{"runs": 500}',
        "wait": "False",
        "reports": "out",
        "baseline": "acme/agents/main",
        "showChanges": "true",
        "transcripts": "false",
        "ignoreContent": '["nodes.data.updated_at", "is_production", "is_production"]',
    }
    assert config.keys() == KEYS.keys()
    assert read_settings(prefixed(config)) == Settings(
        declarations="other.yaml",
        environment="staging",
        triggers={"commit": "abc", "n": 1, "b": True},
        adopt={"support-line": "s-1"},
        poll_seconds=1.5,
        budget=Budget(None, 500),
        is_waiting=False,
        baseline="acme/agents/main",
        reports="out",
        shows_changes=True,
        shows_transcripts=False,
        ignored_content=("is_production", "nodes.data.updated_at"),
        promote_without="INC-7",
        on_conflict="adopt",
        rerun="always",
        rollbacks={"support-line": ROLLBACK},
    )


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("supersede", ("supersede", "supersede")),
        ('{"support-line": "wait"}', ("wait", None)),
        ('{"support-line": "wait", "billing": "fail"}', ("wait", "fail")),
        ("{}", (None, None)),
    ],
)
def test_on_conflict_is_set_for_all_sessions_or_by_name(text: str, chosen: tuple[str | None, str | None]) -> None:
    settings = read_settings({"tornado:onConflict": text})
    assert (settings.on_conflict_of("support-line"), settings.on_conflict_of("billing")) == chosen


def test_without_the_config_the_declarations_decide() -> None:
    assert Settings().on_conflict_of("support-line") is None


def test_an_empty_text_means_the_default() -> None:
    config = dict.fromkeys(("declarations", "environment", "reports", "promoteWithout"), "")
    assert read_settings(prefixed(config)) == Settings()
    assert read_settings({"tornado:promoteWithout": "  "}) == Settings()


@pytest.mark.parametrize(
    ("text", "seconds"), [("100ms", 0.1), ("500ms", 0.5), ("15s", 15.0), ("2m", 120.0), ("1h", 3600.0)]
)
def test_a_poll_interval_is_a_duration(text: str, seconds: float) -> None:
    assert read_settings({"tornado:pollInterval": text}).poll_seconds == seconds


@pytest.mark.parametrize(("text", "is_waiting"), [("true", True), ("TRUE", True), ("false", False), ("False", False)])
def test_wait_is_a_boolean_in_any_case(text: str, is_waiting: bool) -> None:  # noqa: FBT001
    assert read_settings({"tornado:wait": text}).is_waiting is is_waiting


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("triggers", ""),
        ("triggers", "[]"),
        ("triggers", '{"a": null}'),
        ("triggers", '{"a": "b", "c": []}'),
        ("adopt", '{"a": "s-1", "b": true}'),
        ("onConflict", ""),
        ("onConflict", '{"a": "b"}'),
        ("onConflict", '{"a": "wait", "b": 1}'),
        ("onConflict", "{"),
        ("rerun", ""),
        ("rerun", "{}"),
        ("pollInterval", "99ms"),
        ("pollInterval", "15"),
        ("pollInterval", ""),
        ("wait", ""),
        ("baseline", "agents/main"),
        ("baseline", "main; rm"),
        ("wait", "1"),
        ("promoteWithout", "x" * (MAX_REASON_CHARACTERS + 1)),
        ("budget", "500"),
        ("budget", '{"run": 500}'),
        ("budget", '{"runs": 0}'),
        ("budget", '{"runs": true}'),
        ("budget", '{"minutes": "9"}'),
    ],
)
def test_an_invalid_value_is_refused(key: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^config tornado:{key}[^ ]* .*expected [^;]+$"):
        read_settings({f"tornado:{key}": text})


def test_an_invalid_rerun_gets_the_sentence_of_the_file(tmp_path: Path) -> None:
    assert in_config("rerun", "alway") == f"config tornado:rerun: {in_file(tmp_path, 'rerun: alway')}"


@pytest.mark.parametrize("written", ["adpot", "5", "true", "[]"])
def test_an_invalid_conflict_gets_the_sentence_of_the_file(tmp_path: Path, written: str) -> None:
    sentence = in_file(tmp_path, f"on_conflict: {written}")
    assert session_problems("a", {"on_conflict": yaml.safe_load(written)}) == {"on_conflict": sentence}
    assert in_config("onConflict", written) == f"config tornado:onConflict: {sentence}"
    each = json.dumps({"a": yaml.safe_load(written), "b": "wait"})
    assert in_config("onConflict", each) == f"config tornado:onConflict.a: {sentence}"


@pytest.mark.parametrize("written", ["abc", "5", "true", '["a"]', '{"commit": ["a"]}', '{"commit": {"a": 1}}'])
def test_an_invalid_trigger_gets_the_sentence_of_the_file(tmp_path: Path, written: str) -> None:
    sentence = in_file(tmp_path, f"triggers: {written}")
    (known,) = session_problems("a", {"triggers": yaml.safe_load(written)}).values()
    assert known.removeprefix("triggers.commit: ") == sentence
    command = "pulumi config set --path tornado:triggers.commit $SHA --stack dev"
    assert in_config("triggers", written) == f"config tornado:triggers: {known}: {command}"


def test_a_budget_has_limits_and_says_where_they_are_from() -> None:
    budget = read_settings({"tornado:budget": '{"minutes": 60, "runs": 500}'}).budget
    assert budget == Budget(60, 500)
    assert budget.places == {"minutes": "config tornado:budget", "runs": "config tornado:budget"}


def test_a_budget_without_a_limit_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="an object with whole numbers `minutes` and `runs`, or one of them"):
        read_settings({"tornado:budget": "{}"}, "dev")


def test_the_longest_reason_is_accepted() -> None:
    reason = "x" * MAX_REASON_CHARACTERS
    assert read_settings({"tornado:promoteWithout": reason}).promote_without == reason


@pytest.mark.parametrize(
    "written",
    [
        "",
        "is_production",
        '"is_production"',
        '{"a": "b"}',
        "[5]",
        '[""]',
        '["a..b"]',
        '["a b"]',
        '["a[0]"]',
        '["a\\n"]',
        '["nodes"]',
        '["edges"]',
        '["nodes.data"]',
        json.dumps([f"field_{number}" for number in range(21)]),
    ],
)
def test_paths_that_cannot_be_ignored_are_refused(written: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings({"tornado:ignoreContent": written}, "dev")
    assert str(caught.value).endswith(
        "expected a list of at most 20 paths such as is_production or nodes.data.updated_at, none of them edges, "
        "nodes, nodes.data: pulumi config set --path 'tornado:ignoreContent[0]' is_production --stack dev"
    )


def test_all_problems_are_reported_at_once() -> None:
    wrong = {
        "triggers": "abc",
        "adopt": '{"a": 1}',
        "onConflict": "adpot",
        "pollInterval": "0s",
        "wait": "no",
        "triger": "x",
        "\x1b[2J": "x",
    }
    with pytest.raises(ConfigurationError) as caught:
        read_settings(prefixed(wrong), "dev")
    assert (
        str(caught.value)
        == """\
config tornado:triggers: found 'abc', expected a mapping: \
pulumi config set --path tornado:triggers.commit $SHA --stack dev
config tornado:adopt is '{"a": 1}', expected an object of session ids: \
pulumi config set --path tornado:adopt.SESSION-NAME SESSION_ID --stack dev
config tornado:onConflict: found 'adpot', expected fail, adopt, wait or supersede; did you mean `adopt`?
config tornado:pollInterval is '0s', expected a duration such as 15s, at least 0.1s
config tornado:wait is 'no', expected true or false
unknown config tornado:triger, expected one of declarations, environment, triggers, onConflict, rerun, adopt, \
pollInterval, promoteWithout, rollback, budget, wait, reports, baseline, showChanges, transcripts, \
ignoreContent; did you mean `tornado:triggers`?
unknown config tornado:\\x1b[2J, expected one of declarations, environment, triggers, onConflict, rerun, adopt, \
pollInterval, promoteWithout, rollback, budget, wait, reports, baseline, showChanges, transcripts, \
ignoreContent"""
    )


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("bland:baseurl", "bland:baseUrl"),
        ("bland:base_url", "bland:baseUrl"),
        ("bland:BASE-URL", "bland:baseUrl"),
        ("bland:apikey", "bland:apiKey"),
        ("bland:api_key", "bland:apiKey"),
    ],
)
def test_another_spelling_of_a_bland_key_is_not_left_aside(key: str, meant: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings({key: "x"})
    assert str(caught.value) == f"unknown config {key}; did you mean `{meant}`?"
    read_settings({meant: "x", "bland:webhookUrl": "x", key.removeprefix("bland:"): "x"})


DEEP = '{"a":' * 100_000


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("triggers", DEEP),
        ("adopt", DEEP),
        ("onConflict", DEEP),
        ("reports", "a\0b"),
        ("reports", "a\n::error::x"),
        ("declarations", "\x1b[31m"),
    ],
)
def test_values_that_only_a_changed_state_has_are_one_clear_line(key: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^config tornado:{key}") as caught:
        read_settings({f"tornado:{key}": text})
    assert str(caught.value).isprintable()


def test_a_trigger_that_no_session_may_have_is_the_configs_fault() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^config tornado:triggers: triggers\.n: found the number 90071992547409"
    ):
        read_settings({"tornado:triggers": '{"n": 9007199254740993}'}, "dev")


@pytest.mark.parametrize("text", ["[]", "5", "x", '{"a": 1}', '{"a": {"version": 5}}', '{"a": {}}'])
def test_a_rollback_has_all_that_proves_it(text: str) -> None:
    found = in_config("rollback", text)
    assert f"config tornado:rollback is {text!r}, expected an object that has for each session or agent" in found
    assert found.endswith("what `tornado-resource rollback` prints: tornado-resource rollback --stack dev")
