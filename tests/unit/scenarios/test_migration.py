"""What `migrate` adds to a file."""

from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.declarations.resolver import check_content, resolve
from tornado_resource.errors import ConfigurationError
from tornado_resource.scenarios.migration import REASONS, Migration, MovedAgent, difference

FILE = """\
version: 1
scenarios:
  refund:
    assertions: [{type: LLM_JUDGE, config: {prompt: Did it refund?}}]
  plain: {max_turns: 5}

# The sessions.
sessions:
    line:
        pathway_id: pw-1
        scenarios: [refund, plain]
"""
REFUND: dict[str, Any] = {
    "name": "refund",
    "tester_persona_prompt": "You were\ncharged twice.",
    "is_required_for_promotion": True,
    "assertions": [
        {"type": "LLM_JUDGE", "name": "Refunds", "config": {"prompt": "Did it refund?"}},
        {"type": "NODE_REACHED", "config": {"node_id": "n"}},
    ],
}
PLAIN: dict[str, Any] = {"name": "plain", "max_turns": 5}


def migrated(text: str, *agents: MovedAgent) -> tuple[str, list[str]]:
    document = check_content(text.encode(), "sessions.yaml")
    sections = ("agents", "sessions", "scenarios", "judges")
    migration = Migration({name: [*(document.data.get(name) or {})] for name in sections})
    for agent in agents:
        migration.add(agent)
    return migration.applied(document), migration.notes


def test_a_session_becomes_a_check_run_with_test_cases_and_judges() -> None:
    moved = MovedAgent("ag-1", ["line"], {"refund": REFUND}, {"rerun": "always"})
    text, notes = migrated(FILE, moved)
    added = difference(FILE, text, "sessions.yaml").splitlines()
    assert [row[1:] for row in added if row.startswith("+") and not row.startswith("+++")] == [
        "  refund-agent:",
        "    name: refund",
        "    tester_persona_prompt: |-",
        "      You were",
        "      charged twice.",
        "judges:",
        "  refunds:",
        "    name: Refunds",
        '    prompt: "Did it refund?"',
        "agents:",
        "  line-agent:",
        "    agent_id: ag-1",
        "    env: staging",
        "    version: latest",
        "    checks:",
        "      scenarios: [refund-agent]",
        "      judges:",
        "        - refunds",
        "    rerun: always",
        "    gate: {passed: all}",
    ]
    assert [row for row in added if row.startswith("-") and not row.startswith("---")] == []
    assert notes == [
        f"scenario refund: assertion 2 (NODE_REACHED) cannot become a judge: {REASONS['NODE_REACHED']}",
    ]
    [agent] = resolve(check_content(text.encode(), "sessions.yaml"), None).agents
    assert agent.checks is not None
    assert [each.fields["name"] for each in agent.checks.scenarios] == ["refund"]
    assert agent.checks.judges == ({"name": "Refunds"},)


def test_an_agent_has_what_environments_declare_of_the_session() -> None:
    environments = (
        "environments:\n  dev: {}  # ours\n  staging:\n    sessions: {line: null}\n    # The rest.\n"
        "  copy: {}\n  gone: {}\n  same: {}\n  shared: &shared {}\n  also: *shared\n"
    )
    overrides: dict[str, Any] = {
        "dev": {"rerun": None, "tags": ["smoke"], "gate": {"passed": "any"}, "triggers": {"a": 1}},
        "staging": None,
        "copy": {"pathway_id": "pw-copy", "publish": "staging"},
        "gone": {"pathway_id": "pw-gone", "publish": "staging"},
        "same": {"version_number": 3},
        "shared": None,
    }
    moved = MovedAgent(
        "ag-1",
        ["line", "other"],
        {"refund": REFUND},
        options={"tags": ["smoke", "on"], "publish": None, "gate": "none"},
        overrides=overrides,
        environments=["copy"],
        agents={"pw-copy": "ag-2"},
    )
    text, notes = migrated(FILE + environments, moved)
    assert '    tags: [smoke, "on"]\n' in text
    assert "publish: null" not in text
    assert (
        "environments:\n  dev: {agents: {line-agent: {rerun: null, tags: [smoke]}}}  # ours\n"
        "  staging:\n    sessions: {line: null}\n    agents:\n      line-agent: null\n    # The rest.\n"
        "  copy: {agents: {line-agent: {agent_id: ag-2, publish: staging}}}\n"
        "  gone: {agents: {line-agent: null}}\n  same: {}\n  shared: &shared {}\n  also: *shared\n"
    ) in text
    assert notes[1:] == [
        "line-agent: environment dev: gate, triggers not taken over; declare what the agent needs there",
        "line-agent: environment gone runs another pathway, which no agent replaces; the agent is left out there",
        "line-agent: environment same: version_number not taken over; declare what the agent needs there",
        "line-agent: copy declares other, too; the agent is there as line is: if not, declare it",
        "environment shared shares its settings by an alias; declare there: line-agent: null",
    ]
    check_content(text.encode(), "sessions.yaml")


def test_a_judge_of_some_scenarios_is_not_required() -> None:
    moved = MovedAgent("ag-1", ["line"], {"plain": PLAIN, "refund": REFUND})
    text, notes = migrated(FILE, moved)
    assert "      scenarios: [refund-agent, plain]\n" in text  # what a promotion requires comes first
    assert "        - {judge: refunds, required: false}\n" in text
    assert "      vacuous: allow  # require a judge" in text
    assert notes[-1].startswith("line-agent: judge refunds was an assertion of 1 of 2 scenarios")
    resolve(check_content(text.encode(), "sessions.yaml"), None)


def test_equal_prompts_are_one_judge_of_all_agents() -> None:
    other = {**PLAIN, "start_node_id": "n-1", "assertions": REFUND["assertions"][:1]}
    first = MovedAgent("ag-1", ["line"], {"refund": REFUND})
    text, notes = migrated(FILE, first, MovedAgent("ag-2", ["line"], {"plain": other}))
    assert text.count('prompt: "Did it refund?"') == 1
    assert "  line-agent-2:\n" in text
    assert notes[-1] == "scenario plain: start_node_id is left out: the nodes of the pathway are not those of the agent"
    assert len(resolve(check_content(text.encode(), "sessions.yaml"), None).judges) == 1


def test_five_test_cases_are_all_that_checks_hold() -> None:
    judged = {"assertions": REFUND["assertions"][:1]}
    many = {f"s-{number}": {"name": f"S {number}", **judged} for number in range(7)}
    text, notes = migrated(FILE, MovedAgent("ag-1", ["line"], many))
    assert "scenarios: [s-0-agent, s-1-agent, s-2-agent, s-3-agent, s-4-agent]" in text
    assert notes == ["line-agent: checks hold 5 test cases; left out: s-5, s-6"]


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        *(({"type": kind}, reason) for kind, reason in REASONS.items()),
        ({"type": "LLM_JUDGE", "config": {}}, "its config has no prompt"),
        ({"type": "CUSTOM_LLM", "config": {"prompt": "x" * 8001}}, "its prompt has more than 8,000 characters"),
    ],
)
def test_without_a_judge_there_are_no_checks(assertion: dict[str, Any], reason: str) -> None:
    text, notes = migrated(FILE, MovedAgent("ag-1", ["line"], {"refund": {"name": "r", "assertions": [assertion]}}))
    assert notes == [
        f"scenario refund: assertion 1 ({assertion['type']}) cannot become a judge: {reason}",
        "line-agent: no assertion can become a judge, so it declares no checks; write a judge first",
    ]
    assert "checks" not in text
    resolve(check_content(text.encode(), "sessions.yaml"), None)


def test_additions_are_indented_as_the_file_is() -> None:
    text = FILE.replace("# The sessions.\n", "judges:\n    old: {id: j-1}\n") + "agents:\n   x: {agent_id: ag-9}\n\n"
    found, _ = migrated(text, MovedAgent("ag-1", ["line"], {"refund": REFUND}))
    assert "    old: {id: j-1}\n    refunds:\n      name: Refunds\n" in found
    assert "   x: {agent_id: ag-9}\n   line-agent:\n     agent_id: ag-1\n" in found
    resolve(check_content(found.encode(), "sessions.yaml"), None)


def test_a_section_on_one_line_is_refused() -> None:
    text = FILE + "agents: {x: {agent_id: ag-9}}\n"
    with pytest.raises(ConfigurationError, match=r"sessions.yaml:12: `agents` is written on one line"):
        migrated(text, MovedAgent("ag-1", ["line"], {"refund": REFUND}))
