"""What `import --agent` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tornado_resource.agents.importing import ENVS, FoundAgent, declarations
from tornado_resource.bland.check_runs import Checks, ConfiguredJudge
from tornado_resource.bland.judges import Judge, Judges
from tornado_resource.bland.listing import Scenario, parse_scenarios
from tornado_resource.checks.check_config import differences
from tornado_resource.declarations.resolver import load
from tornado_resource.runs.declared_checks import checks_of
from tornado_resource.scenarios.importing import Definitions
from tornado_resource.versions.definitions import other_fields

if TYPE_CHECKING:
    from pathlib import Path

    from tornado_resource.declarations.model import ChecksDeclaration

RESOLVED = ConfiguredJudge("judge-1", "v-1", "Resolved", is_required=True)
POLITE = ConfiguredJudge("judge-2", "v-1", "Polite\x1b # {", is_required=False, target_level_keys=("kind", "no: 1"))
NOBODY = Judges((), is_whole=True)
ACTIVE = Judges((Judge("JUDGE-1", "Resolved", "V-1"), Judge("judge-2", "Polite", "v-2")), is_whole=True)


def checks(*judges: ConfiguredJudge, is_enabled: bool | None = True, count: int | None = 5) -> Checks:
    return Checks(("tc-1",), judges, is_enabled, count, None)


def test_an_agent_has_a_check_run_for_each_environment_with_checks() -> None:
    older = ConfiguredJudge("judge-1", "v-0", "Resolved", is_required=False)
    found = {"staging": checks(RESOLVED, POLITE, count=7), "production": checks(older, is_enabled=None)}
    agent = FoundAgent("ag-1", "Support (EU)", found, {"tc-1": "refund"})
    scenarios = "scenarios:\n  refund:\n    max_turns: 5\n"
    lines = declarations([agent], ACTIVE, scenarios).splitlines()
    assert lines[1:] == [
        "version: 1",
        "scenarios:",
        "  refund:",
        "    max_turns: 5",
        "judges:",
        "  resolved: {id: judge-1}  # Resolved",
        r"  polite: {id: judge-2, version: v-1}  # Polite\x1b # {",
        "  resolved-2: {id: judge-1, version: v-0}  # Resolved",
        "agents:",
        "  support-eu:",
        "    agent_id: ag-1",
        "    env: staging",
        "    version: latest",
        "    checks:",
        "      scenarios: [refund]",
        "      judges:",
        "        - resolved",
        '        - {judge: polite, required: false, target_level_keys: [kind, "no: 1"]}',
        "      simulations_count: 7",
        "    gate: {passed: all}",
        "  support-eu-production:",
        "    agent_id: ag-1",
        "    env: production",
        "    version: latest",
        "    checks:",
        "      scenarios: [refund]",
        "      judges:",
        "        - {judge: resolved-2, required: false}",
        "      vacuous: allow  # no judge is required, so Bland passes every run",
        "    gate: {passed: all}",
    ]


@pytest.mark.parametrize(
    ("found", "envs"),
    [
        ({}, ["staging"]),
        ({"staging": None, "production": checks(RESOLVED)}, ["production"]),
        ({"staging": checks(RESOLVED, is_enabled=False), "production": None}, ["staging"]),
    ],
)
@pytest.mark.parametrize("name", [None, "Support", "7 & 8", "\U0001f389", "s" * 100])
def test_what_is_written_reads_back(
    found: dict[str, Checks | None], envs: list[str], name: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "sessions.yaml"
    agents = [FoundAgent("7c1f0a52-0b1e-4c8a-9a55-6f0d6f6f1f01", name, found), FoundAgent("1e3", name, found)]
    file.write_text(declarations(agents, NOBODY), encoding="utf-8")
    read = load(str(file)).agents
    assert [each.request["agent_id"] for each in read] == [agents[0].agent_id] * len(envs) + ["1e3"] * len(envs)
    assert [each.request["env"] for each in read] == envs * 2


def test_checks_that_cannot_be_declared_are_left_out() -> None:
    many = Checks(tuple(f"tc-{number}" for number in range(6)), (RESOLVED,), None, 60, None)
    agent = FoundAgent("ag-1", None, {"staging": many, "production": checks(RESOLVED, RESOLVED)})
    assert agent.undeclared.keys() == {"staging", "production"}
    assert agent.undeclared["production"] == 'judges: the judge "judge-1" is there twice; remove one'
    assert "checks" not in declarations([agent], NOBODY)


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
JUDGES = st.lists(
    st.builds(
        ConfiguredJudge,
        judge_id=st.sampled_from(["j-1", "j-2", "1e3", "no"]),
        version_id=st.one_of(st.none(), st.sampled_from(["v-1", "v-2", "0x1"])),
        name=st.one_of(st.none(), TEXTS),
        is_required=st.booleans(),
        target_level_keys=st.lists(TEXTS, max_size=3, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda judge: judge.judge_id,
)
TEST_CASES = st.sampled_from([f"tc-{number}" for number in range(7)])
CONFIGS = st.builds(
    Checks,
    scenario_ids=st.lists(TEST_CASES, min_size=1, max_size=5, unique=True).map(tuple),
    judges=JUDGES.map(tuple),
    is_enabled=st.sampled_from([None, True, False]),
    simulations_count=st.one_of(st.none(), st.integers(1, 50)),
    updated_at=st.none(),
)
CASES: list[dict[str, Any]] = [
    {"name": "Refunds", "tester_persona_prompt": "You were\ncharged twice.\n"},
    {"name": "7", "max_turns": 7, "enabled": True},
    {"name": " odd "},
    {"name": "Off", "enabled": False},
    {"name": "Refunds", "max_turns": 99},
]
"""The third and the last one cannot be declared, nor the disabled one in checks. Another two are not even listed."""


def cases() -> tuple[Scenario, ...]:
    found = parse_scenarios([{"id": f"tc-{index}", **entry} for index, entry in enumerate(CASES)])
    assert found is not None
    return found


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    configs=st.lists(st.dictionaries(st.sampled_from(ENVS), CONFIGS), min_size=1, max_size=3, unique_by=id),
    active=st.sampled_from(["v-1", "v-2", None]),
)
def test_the_next_update_changes_nothing(
    configs: list[dict[str, Checks]], active: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each config that can run is declared as it is, with its test cases and the pinned versions of its judges."""
    definitions = Definitions()
    keys = {each.scenario_id: definitions.key_of(each) for each in cases()}
    known = {each: key for each, key in keys.items() if key is not None}
    assert known == {"tc-0": "refunds", "tc-1": "scenario-7"}
    assert {each.scenario_id: definitions.key_of(each) for each in cases()} == keys  # as of another agent
    agents = [FoundAgent(f"ag-{number}", "A", found, known) for number, found in enumerate(configs)]
    judges = Judges(tuple(Judge(each, each, active) for each in ("j-1", "j-2", "1e3", "no")), is_whole=True)
    file = tmp_path_factory.mktemp("imported") / "sessions.yaml"
    used = {key for each in agents for env in each.envs for key in used_keys(each, env)}
    text = definitions.text() if used == set(known.values()) else ""
    kept = agents if text else [FoundAgent(each.agent_id, each.name, each.checks) for each in agents]
    file.write_text(declarations(kept, judges, text), encoding="utf-8")
    environment = load(str(file))
    declared = {each.place: each for each in environment.checks}
    assert declared.keys() == {(each.agent_id, env) for each in agents for env in each.envs}
    for agent in kept:
        for env in agent.envs:
            shown = agent.checks[env]
            assert shown is not None
            assert differences(checks_of(stored(declared[agent.agent_id, env], active)), shown) == ()
    for scenario in environment.scenarios:
        entry = next(each.entry for each in cases() if each.entry["name"] == scenario.name)
        assert other_fields(scenario.fields, entry) == ()


def used_keys(agent: FoundAgent, env: str) -> set[str]:
    shown = agent.checks[env]
    return {agent.keys[each] for each in shown.scenario_ids if each in agent.keys} if shown is not None else set()


def stored(declared: ChecksDeclaration, active: str | None) -> dict[str, Any]:
    """The config that the declared checks store."""
    ids = {"refunds": "tc-0", "scenario-7": "tc-1"}
    return {
        "scenario_ids": [*declared.scenario_ids, *(ids[each.key] for each in declared.scenarios)],
        "judges": [{"required": True, "version": active, **each} for each in declared.judges],
        "simulations_count": declared.simulations_count,
    }
