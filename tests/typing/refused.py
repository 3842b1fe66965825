"""User code that type checkers must refuse: without its comment, each statement here is an error."""

from __future__ import annotations

import pulumi

from tornado_resource import AgentRelease, Gate, PathwayRelease, TornadoSession, Verdict, wait_for

session = TornadoSession("plain", pathway_id="pw-1")
verdict = wait_for(session)

TornadoSession("a")  # type: ignore[call-arg]
TornadoSession("a", "pw-1")  # type: ignore[call-arg]
TornadoSession("a", pathway_id=5)  # type: ignore[arg-type]
TornadoSession("a", pathway="pw-1")  # type: ignore[call-arg]
TornadoSession("a", pathway_id="pw-1", scenario_ids=[1])  # type: ignore[list-item]
TornadoSession("a", pathway_id="pw-1", version_number="3")  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", timeout_ms="5m")  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", on_conflict="foo")  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", on_destroy="stop")  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", rerun=True)  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", gate="nonee")  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", gate={"passd": 1})  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", gate={"passed": 1.5})  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", gate={"repaired": "no"})  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", gate=Gate(repaired="no"))  # type: ignore[arg-type]
TornadoSession("a", pathway_id="pw-1", triggers={"commit": ["a"]})  # type: ignore[dict-item]

wait_for("plain")  # type: ignore[arg-type]
wait_for(session, gate="any")  # type: ignore[call-arg]
wait_for(session, False)  # type: ignore[call-arg]
verdict.apply(lambda known: known["outcom"])  # type: ignore[typeddict-item]

PathwayRelease("a", pathway_id="pw-1")  # type: ignore[call-overload]
PathwayRelease("a", pathway_id="pw-1", verdict=verdict, version=4)  # type: ignore[call-overload]
PathwayRelease("a", pathway_id="pw-1", version="4")  # type: ignore[call-overload]
PathwayRelease("a", pathway_id="pw-1", version=4, environment="live")  # type: ignore[call-overload]
PathwayRelease("a", pathway_id="pw-1", verdict="passed")  # type: ignore[call-overload]
AgentRelease("a", agent_id="a-1")  # type: ignore[call-overload]
AgentRelease("a", agent_id="a-1", verdict=verdict, version_id="v-1")  # type: ignore[call-overload]
AgentRelease("a", agent_id="a-1", version_id=4)  # type: ignore[call-overload]


def outcome(known: Verdict) -> int:
    """A function of the user's that takes the outcome for a number."""
    return known["outcome"]  # type: ignore[return-value]


pulumi.export("outcome", verdict.apply(outcome))
