"""`scenarios: own` of an environment: stacks that come and go do not share scenarios."""

from __future__ import annotations

import pytest

from tornado_resource.declarations.resolver import check_content, resolve
from tornado_resource.errors import DeclarationError

DECLARED = """
version: 1
scenarios:
  refund: {name: Refund, on_destroy: leave}
  long: {name: NAME}
sessions:
  line: {pathway_id: p, scenarios: [refund, long], tags: [smoke]}
  late: {pathway_id: q, scenarios: [refund]}
agents:
  desk: {agent_id: a, checks: {scenarios: [refund], judges: [polite, known]}, tags: [smoke]}
  plain: {agent_id: b}
  other: {agent_id: c, checks: {scenarios: [long], judges: [known]}}
judges:
  polite: {prompt: Was it polite?}
  known: {id: j}
environments:
  main: {}
  pr: {scenarios: own, only: [smoke]}
"""


def test_names_end_with_the_stack_and_agents_are_compared() -> None:
    document = check_content(DECLARED.replace("NAME", "x" * 200).encode(), "s.yaml")
    found = resolve(document, "pr", stack="pr-7")
    (line,), (desk,) = found.sessions, found.agents
    assert [each.name for each in line.scenarios] == ["Refund (pr-7)", f"{'x' * 192}… (pr-7)"]
    assert {(each.manage, each.on_destroy) for each in line.scenarios} == {(True, "delete")}
    assert desk.checks is not None
    assert not desk.checks.manage
    assert [(each.name, each.manage) for each in desk.checks.scenarios] == [("Refund", False)]
    assert [each and each.manage for each in desk.checks.definitions] == [False, None]
    spare = {str(each.owner): (each.name, each.manage) for each in found.spare_scenarios}
    assert spare == {"pathway q": ("Refund (pr-7)", True), "agent c": ("x" * 200, False)}


def test_other_environments_stay_as_they_are() -> None:
    document = check_content(DECLARED.encode(), "s.yaml")
    assert [each.name for each in resolve(document, "main", stack="main").sessions[0].scenarios] == ["Refund", "NAME"]
    assert resolve(document, "pr").sessions[0].scenarios[0].name == "Refund (STACK)"


def test_anything_else_than_own_is_refused() -> None:
    with pytest.raises(DeclarationError, match="found 'mine', expected `own`, or a mapping of scenarios"):
        check_content(DECLARED.replace("scenarios: own", "scenarios: mine").encode(), "s.yaml")
