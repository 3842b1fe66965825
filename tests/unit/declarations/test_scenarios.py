"""Scenarios of `sessions.yaml`: their fields, their layers, and what is wrong with them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.paths import ROOT
from tornado_resource.bland.scenario_content import SCENARIO_FIELDS
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import SILENT_REPLAY
from tornado_resource.declarations.resolver import load
from tornado_resource.declarations.scenarios import MAX_PROMPT_BYTES
from tornado_resource.declarations.schema import schema_text
from tornado_resource.declarations.values import scenario_problems
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from tornado_resource.declarations.model import Environment

FILE = """\
version: 1
scenarios:
  refund: {name: Refunds an order, max_turns: 1e1, metadata: {team: billing, tier: null}}
  cancel: {on_conflict: adopt, on_destroy: delete}
sessions:
  a: {pathway_id: pw-1, scenario_ids: [sc-9], scenarios: [refund, cancel]}
  b: {pathway_id: pw-2, scenarios: [refund]}
  c: {pathway_id: pw-1, scenarios: [refund]}
environments:
  staging: {}
  production:
    promotes_from: staging
    scenarios:
      refund: {max_turns: 30, metadata: {team: null, tier: gold}}
      cancel: {manage: true}
      extra: {}
    sessions: {b: {scenarios: [refund, extra]}, c: null}
"""


def environment_of(text: str, name: str | None = None) -> Environment:
    Path("s.yaml").write_text(text, encoding="utf-8")
    return load("s.yaml", name)


def problems_of(text: str, name: str | None = None) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        environment_of(text, name)
    return [str(problem).removeprefix("s.yaml:") for problem in caught.value.problems]


def of_one(scenario: str, more: str = "") -> str:
    return f"version: 1\nscenarios: {{x: {scenario}}}\nsessions: {{a: {{pathway_id: p, scenarios: [x]}}}}\n{more}"


def test_a_scenario_exists_once_for_each_pathway() -> None:
    found = environment_of(FILE, "staging").scenarios
    assert [(each.key, each.owner.owner_id, each.name) for each in found] == [
        ("refund", "pw-1", "Refunds an order"),
        ("cancel", "pw-1", "cancel"),
        ("refund", "pw-2", "Refunds an order"),
    ]
    refund, cancel, _ = found
    assert refund.fields == {"name": "Refunds an order", "max_turns": 10, "metadata": {"team": "billing"}}
    assert (refund.on_conflict, refund.on_destroy, refund.manage, refund.managed_by) == ("fail", "disable", True, None)
    assert (cancel.on_conflict, cancel.on_destroy) == ("adopt", "delete")
    assert refund.position == Position("s.yaml", 3, 3)


def test_an_environment_merges_and_adds_scenarios() -> None:
    found = {(each.key, each.owner.owner_id): each for each in environment_of(FILE, "production").scenarios}
    assert list(found) == [("refund", "pw-1"), ("cancel", "pw-1"), ("refund", "pw-2"), ("extra", "pw-2")]
    refund, cancel, extra = found["refund", "pw-1"], found["cancel", "pw-1"], found["extra", "pw-2"]
    assert refund.fields == {"name": "Refunds an order", "max_turns": 30, "metadata": {"tier": "gold"}}
    assert (refund.manage, refund.managed_by, str(refund.position)) == (False, "staging", "s.yaml:3:3")
    assert (cancel.manage, cancel.managed_by) == (True, None)
    assert str(extra.position) == "s.yaml:16:7"


def test_a_session_without_scenarios_has_none() -> None:
    assert environment_of("version: 1\nsessions: {a: {pathway_id: p}}").scenarios == ()


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            of_one("{max_turns: 51, category: ANGRY, assertions: [{type: LLM}, 3, {config: {node_id: 7}}]}"),
            [
                "2:28: scenarios.x.max_turns: found the number 51, expected at most 50",
                (
                    "2:42: scenarios.x.category: found 'ANGRY', expected CUSTOM, VOICEMAIL, VOICEMAIL_SCREENER, "
                    "ANGRY_CALLER, BELLIGERENT_CALLER, CONFUSED_CALLER, CALL_SCREENER, HAPPY_PATH or EDGE_CASE"
                ),
                (
                    "2:62: scenarios.x.assertions[0]: `config` is missing, expected a mapping, such as "
                    "{node_id: refund-done}"
                ),
                (
                    "2:69: scenarios.x.assertions[0].type: found 'LLM', expected LLM_JUDGE, BLAND_TONE, "
                    "VARIABLE_EXTRACTED, NODE_REACHED, NODES_VISITED, WEBHOOK_TRIGGERED, REGEX_MATCH, STRING_CHECK, "
                    "CUSTOM_LLM or TRAVERSAL_MATCH"
                ),
                "2:75: scenarios.x.assertions[1]: found the number 3, expected a mapping",
                (
                    "2:78: scenarios.x.assertions[2]: `type` is missing, expected the type of the assertion, such as "
                    "LLM_JUDGE"
                ),
                '2:97: scenarios.x.assertions[2].config.node_id: found the number 7, expected a string; quote it: "7"',
            ],
        ),
        (
            "version: 1\nscenarios: {x: {}}\nsessions: {a: {pathway_id: p, scenarios: [x, 1]}}\n",
            [
                (
                    "3:46: sessions.a.scenarios[1]: found the number 1, expected a lower-case letter, then up to 62 "
                    "lower-case letters, digits and dashes"
                )
            ],
        ),
        (
            "version: 1\nscenarios: {x: {}, y: {}}\nsessions: {a: {pathway_id: p, scenarios: [x, z, x]}}\n",
            [
                ("2:20: scenarios.y: unused scenario: no session or checks list it; add it to `scenarios` of one"),
                (
                    "3:46: sessions.a.scenarios[1]: unknown scenario 'z', expected a key of `scenarios` (an id of the "
                    "API "
                    "belongs in scenario_ids)"
                ),
                "3:49: sessions.a.scenarios[2]: duplicate scenario 'x' (first at line 3); remove one",
            ],
        ),
        (
            "version: 1\nscenarios: {refund: {}}\nsessions: {a: {pathway_id: p, scenarios: [refund, refudn]}}\n",
            [
                (
                    "3:51: sessions.a.scenarios[1]: unknown scenario 'refudn', expected a key of `scenarios` (an id of "
                    "the "
                    "API belongs in scenario_ids); did you mean `refund`?"
                ),
            ],
        ),
        (
            of_one("{}", "environments: {dev: {scenarios: {x: null}}}"),
            [
                (
                    "3:43: sessions.a.scenarios[0]: environment dev has no scenario 'x'; remove the name there, "
                    "or declare the scenario"
                )
            ],
        ),
        (
            of_one("{enabled: false}"),
            [
                (
                    "3:43: sessions.a.scenarios[0]: scenario 'x' is disabled (enabled: false), so it would not run; "
                    "remove "
                    "the name, or enable it"
                )
            ],
        ),
        (
            (
                "version: 1\nscenarios: {x: {name: N}, y: {name: N}}\n"
                "sessions: {a: {pathway_id: p, scenarios: [x]}, b: {pathway_id: p, scenarios: [y]}}\n"
            ),
            [
                (
                    "2:37: scenarios.y.name: duplicate name 'N' on pathway p, where scenario x has it; "
                    "names are unique on a pathway"
                )
            ],
        ),
        (
            of_one("{}").replace("scenarios: [x]", "scenarios: [x], gate: {passed: 2}"),
            ["3:62: sessions.a.gate.passed: found the number 2, expected at most 1, the number of its scenarios"],
        ),
        (
            of_one("{}").replace("scenarios: [x]", f"scenarios: [x], scenario_ids: {[f'sc-{n}' for n in range(50)]}"),
            ["3:42: sessions.a.scenarios: 51 scenarios (`scenarios` and `scenario_ids` together); the maximum is 50"],
        ),
        (
            of_one(f"{{description: {'a' * 65_537}, tester_persona_prompt: {{fil: x}}}}"),
            [
                "2:30: scenarios.x.description: 65,537 characters, expected at most 65,536",
                (
                    "2:65569: scenarios.x.tester_persona_prompt: `file` is missing, expected the path of a text file, "
                    "such "
                    "as {file: prompts/angry.md}"
                ),
                "2:65593: scenarios.x.tester_persona_prompt.fil: unknown key; did you mean `file`?",
            ],
        ),
    ],
)
def test_all_problems_come_at_once(text: str, problems: list[str]) -> None:
    assert problems_of(text, "dev" if "dev" in text else None) == problems


def test_too_many_assertions_are_counted() -> None:
    listed = ", ".join(["{type: LLM_JUDGE, config: {}}"] * 501)
    [problem] = problems_of(of_one(f"{{assertions: [{listed}]}}"))
    assert problem == "2:29: scenarios.x.assertions: 501 entries, expected at most 500"


def test_a_prompt_comes_from_a_file_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/angry.md").write_bytes(b"\xef\xbb\xbfYou are angry.\r\n")
    assert prompt_of("prompts/angry.md") == "You are angry.\n"


def prompt_of(file: str) -> Any:
    [found] = environment_of(of_one(f"{{tester_persona_prompt: {{file: {file}}}}}")).scenarios
    return found.fields["tester_persona_prompt"]


def test_the_links_of_a_config_map_stay_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "..2026_11_28").mkdir()
    (tmp_path / "..2026_11_28/angry.md").write_text("Angry.", encoding="utf-8")
    (tmp_path / "..data").symlink_to("..2026_11_28")
    (tmp_path / "angry.md").symlink_to("..data/angry.md")
    assert prompt_of("angry.md") == "Angry."


def test_the_links_of_a_link_farm_stay_in_the_project(tmp_path: Path) -> None:
    """Each file is a link into a store; those beside what names them belong to it, but for hidden ones."""
    (tmp_path / "store").mkdir()
    for name in ("angry.md", ".env"):
        (tmp_path / "store" / name).write_text("Angry.", encoding="utf-8")
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    os.chdir(project)
    for name in ("angry.md", ".env", "s.yaml"):
        Path(name).symlink_to(f"../store/{name}")
    assert prompt_of("angry.md") == "Angry."
    [_, problem] = problems_of(of_one("{tester_persona_prompt: {file: .env}}"))
    assert problem.endswith("found a file outside of the project or hidden in it, expected one of the project")


def test_no_other_file_is_sent_to_the_api(tmp_path: Path) -> None:
    """A pull request may name any file that the pipeline can read."""
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    os.chdir(project)
    for name in ("../secret", ".env", ".git/config", "big", "latin"):
        (project / name).write_text("secret", encoding="utf-8")
    (project / "big").write_text("a" * (MAX_PROMPT_BYTES + 1), encoding="utf-8")
    (project / "latin").write_bytes(b"\xff")
    (project / "blank").write_bytes(b"\r\n \t\n")
    (project / "link").symlink_to("../secret")
    os.mkfifo("pipe")
    outside = "found a file outside of the project or hidden in it, expected one of the project"
    for name, text in {
        "../secret": outside,
        ".env": outside,
        ".git/config": outside,
        "link": outside,
        "pipe": "found a pipe, expected a text file",
        "none": "the file cannot be read: no such file or directory",
        "big": "the file is larger than 64 KiB",
        "latin": "line 1, column 1 of the file: invalid UTF-8; save the file as UTF-8",
        "blank": "the file is empty, expected the text of a prompt",
    }.items():
        [problem] = problems_of(of_one(f"{{tester_persona_prompt: {{file: {name}}}}}"))
        assert problem == f"2:47: scenarios.x.tester_persona_prompt.file: {text}"


def test_a_program_gets_the_same_sentences() -> None:
    assert scenario_problems({"name": "x", "max_turns": 51, "start_node_id": None}) == {
        "max_turns": "found the number 51, expected at most 50"
    }
    assert scenario_problems({"tester_persona_prompt": {"file": "x"}}) == {
        "tester_persona_prompt": "found a mapping, expected a string"
    }
    assert scenario_problems({"assertions": [{"type": "X", "config": {}}]})["assertions"].startswith(
        "assertions[0].type: found 'X', expected LLM_JUDGE"
    )


@pytest.mark.parametrize("messages", [None, []])
def test_a_replay_needs_messages(messages: Any) -> None:
    values = {"scenario_type": "REPLAY", "input_messages": messages}
    assert scenario_problems(values) == {"scenario_type": SILENT_REPLAY}
    assert scenario_problems({**values, "input_messages": ["Hello"]}) == {}
    assert scenario_problems({**values, "input_messages": "x"}).keys() == {"input_messages"}


@pytest.mark.parametrize("values", [{"scenario_type": "REPLAY"}, {"input_messages": None}])
def test_what_is_not_known_yet_is_no_silent_replay(values: dict[str, Any]) -> None:
    assert scenario_problems(values) == {}


@pytest.mark.parametrize("scenario_type", ["AGENT", "HISTORICAL", None])
def test_other_types_need_no_messages(scenario_type: str | None) -> None:
    assert scenario_problems({"scenario_type": scenario_type, "input_messages": None}) == {}


def test_every_field_and_choice_of_the_apis_page_is_in_the_schema() -> None:
    """The page *Scenarios*, as tests/examples/scenario-fields.md has it."""
    page = (ROOT / "tests/examples/scenario-fields.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)[2:]
    fields = {name for row in rows for name in re.findall(r"`(\w+)(?:\[])?`", row)}
    schema: dict[str, Any] = json.loads(schema_text())["$defs"]
    # A session says on which pathway its scenarios are.
    assert fields - {"pathway_id", "persona_id", "agent_id"} | {"input_messages"} == set(SCENARIO_FIELDS)
    assert set(schema["scenario"]["properties"]) == {*SCENARIO_FIELDS, "on_conflict", "on_destroy", "manage"}
    choices = set(re.findall(r"`([A-Z_]{4,})`", page))
    listed = [schema["scenario"]["properties"][key]["enum"] for key in ("category", "scenario_type")]
    assert choices == {
        each for some in [*listed, schema["assertion"]["properties"]["type"]["enum"]] for each in some if each
    }
    assert set(schema["assertion"]["properties"]) == {"type", "config", "name", "is_required", "weight", "order"}


def test_defaults_have_options_for_all_scenarios(tmp_path: Path) -> None:
    text = FILE.replace(
        "scenarios:",
        "defaults: {on_conflict: wait, scenario_options: {on_conflict: adopt, on_destroy: leave}}\nscenarios:",
        1,
    ).replace("staging: {}", "staging: {defaults: {scenario_options: {on_conflict: null}}}")
    file = tmp_path / "sessions.yaml"
    file.write_text(text, encoding="utf-8")

    def options(environment: str) -> dict[str, tuple[str, str]]:
        return {each.key: (each.on_conflict, each.on_destroy) for each in load(str(file), environment).scenarios}

    assert options("staging") == {"refund": ("fail", "leave"), "cancel": ("adopt", "delete")}
    assert options("production")["refund"] == options("production")["extra"] == ("adopt", "leave")
    assert {each.on_conflict for each in load(str(file), "staging").declarations} == {"wait"}
