"""User code that type checkers must accept."""

from __future__ import annotations

from typing import assert_type

import pulumi

from tornado_resource import (
    AgentChecks,
    AgentJudge,
    AgentRelease,
    Gate,
    PathwayRelease,
    TornadoError,
    TornadoScenario,
    TornadoSession,
    Verdict,
    deploy,
    load,
    wait_for,
)

late = pulumi.Output.from_input

session = TornadoSession("plain", pathway_id="pw-1")
assert_type(session.session_id, pulumi.Output[str])
assert_type(session.created_at, pulumi.Output[str | None])
assert_type(session.adopted, pulumi.Output[bool])
TornadoSession(
    "full",
    pathway_id=session.pathway_id,
    persona_id=late("pe-1"),
    scenario_ids=["sc-1", late("sc-2")],
    version_number=session.timeout_ms.apply(lambda milliseconds: milliseconds or 1),
    max_iterations=3,
    timeout_ms=600_000,
    gate={"passed": "95%", "repaired": "refuse"},
    on_conflict="adopt",
    on_destroy="leave",
    rerun="always",
    triggers={"commit": late("4f1c2d3"), "number": 1, "final": True},
    adopt="e1f2a3b4",
    opts=pulumi.ResourceOptions(depends_on=[session]),
)
TornadoSession("typed", pathway_id="pw-1", gate=Gate(passed=3, repaired="refuse"))
TornadoSession("partly", pathway_id="pw-1", gate={"passed": "promotion"})
TornadoSession("ungated", pathway_id="pw-1", gate="none")
TornadoSession("late", pathway_id="pw-1", gate=late({"passed": "any"}))

scenario = TornadoScenario(
    "refund",
    pathway_id=session.pathway_id,
    name=late("Refund"),
    max_turns=10,
    request_data={"order": late("A-17")},
    assertions=[{"type": "NODE_REACHED", "config": {"node_id": "done"}}],
    on_destroy="delete",
    manage=False,
)
checks = AgentChecks(
    "support",
    agent_id=late("a-1"),
    scenario_ids=["tc-1", late("tc-2"), scenario.scenario_id],
    judges=[{"name": "Resolved"}, {"id": "j-1", "version": late("v-1"), "required": False}],
    env="production",
    on_destroy="delete",
    vacuous="allow",
)
judge = AgentJudge(
    "polite",
    prompt=late("How did the agent sound?"),
    levels=[{"level_key": "rude", "label": "Rude", "prompt": late("It was rude.")}],
    target_level_keys=[late("rude")],
    weight=10,
    judge_config={"model": "m"},
)
assert_type(judge.stored_version, pulumi.Output[str])
AgentChecks(
    "judged", agent_id="a-1", scenario_ids=["tc-1"], judges=[{"id": judge.judge_id, "version": judge.stored_version}]
)
assert_type(checks.stored_config, pulumi.Output[str])
assert_type(checks.drift, pulumi.Output[list[str]])
assert_type(scenario.scenario_id, pulumi.Output[str])
TornadoSession("tested", pathway_id="pw-1", scenarios=[scenario])

verdict = wait_for(session)
assert_type(verdict, pulumi.Output[Verdict])
wait_for(session, check=False).apply(lambda known: known["failed_ids"] + known["unfixable_ids"])
pulumi.export("outcome", verdict["outcome"])
PathwayRelease("judged", pathway_id="pw-1", verdict=verdict)
PathwayRelease("numbered", pathway_id="pw-1", version=4, environment="staging", sessions=[session.session_id])
PathwayRelease("late", pathway_id="pw-1", version=late(4), environment=late("production"))
AgentRelease("judged", agent_id="a-1", verdict=verdict)
AgentRelease("named", agent_id=late("a-1"), version_id=late("v-1"), environment="staging", runs=[session.session_id])


def reason(known: Verdict) -> str:
    """A function of the user's."""
    return known["reason"] if known["outcome"] == "failed" else known["status"] or "unknown"


pulumi.export("reason", verdict.apply(reason))
try:
    environment = load("sessions.yaml", "production")
except TornadoError as error:
    pulumi.log.error(str(error))
else:
    assert_type([each.gate for each in environment.declarations], list[Gate | None])
deploy()
