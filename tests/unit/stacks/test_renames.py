"""Which recorded run a declaration goes on with under another name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.recorded_stack import recorded_check_run, recorded_run
from tornado_resource.core.urns import AGENT_RELEASE_TYPE, RELEASE_TYPE, SESSION_TYPE, make_urn
from tornado_resource.declarations.releases import Release
from tornado_resource.stacks.recorded import Recorded, Resource
from tornado_resource.stacks.renames import (
    Followed,
    NamedRun,
    Renames,
    find_renames,
    find_swaps,
    renamed_releases,
    swapped_names,
    unclear_rename,
)

INPUTS = {"pathway_id": "pw-1"}


def gone(name: str, pathway_id: str = "pw-1") -> Any:
    return recorded_run(name, pathway_id=pathway_id)


def new(name: str, kind: str = "tornado", **inputs: Any) -> NamedRun:
    return NamedRun(name, kind, {**INPUTS, **inputs} if kind == "tornado" else inputs)


@pytest.mark.parametrize(
    "inputs", [{}, {"gate": {"passed": "any"}}, {"triggers": {"commit": "c2"}}, {"version_number": "latest"}]
)
def test_the_same_declaration_under_another_name_is_renamed(inputs: dict[str, Any]) -> None:
    old = gone("billing")
    assert find_renames([old, gone("other", "pw-2")], [new("invoices", **inputs)]) == Renames({"invoices": old})


def test_what_is_promoted_changes_its_version_under_another_name() -> None:
    old = gone("billing")
    promoted = NamedRun("invoices", "tornado", {**INPUTS, "version_number": 7}, is_promoted=True)
    assert find_renames([old], [promoted]) == Renames({"invoices": old})


@pytest.mark.parametrize("inputs", [{"pathway_id": "pw-2"}, {"version_number": 7}, {"definitions": "d"}])
def test_another_declaration_is_another_run(inputs: dict[str, Any]) -> None:
    assert find_renames([gone("billing")], [new("invoices", **inputs)]) == Renames()


def test_an_agent_is_renamed_too_but_not_into_a_session() -> None:
    old = recorded_check_run("support")
    inputs = {"agent_id": "ag-support", "env": "staging", "version_id": "latest"}
    assert find_renames([old], [new("helpdesk", "check_run", **inputs)]) == Renames({"helpdesk": old})
    assert find_renames([old, gone("billing")], [new("helpdesk", "check_run", **inputs)]).known == {"helpdesk": old}
    assert find_renames([gone("billing")], [new("helpdesk", "check_run", **inputs)]) == Renames()


def test_what_could_be_two_is_said_and_not_guessed() -> None:
    first, second = gone("billing"), gone("refunds")
    assert find_renames([first, second], [new("invoices")]) == Renames({}, {"invoices": [first, second]})
    both = find_renames([second, first], [new("invoices"), new("payments")])
    assert both == Renames({}, {"invoices": [first, second], "payments": [second, first]})
    twice = find_renames([first], [new("invoices"), new("payments")])
    assert twice == Renames({}, {"invoices": [first], "payments": [first]})
    said = unclear_rename("invoices", [first, second], "dev", "16 minutes")
    assert said.startswith(
        "invoices: may be billing or refunds renamed; since it is unclear, a new session starts for it (at worst 16 "
    )
    assert said.endswith(f"pulumi state rename '{first.resource.urn}' invoices --stack dev")


def test_two_that_have_swapped_their_names_are_found_with_the_commands() -> None:
    old = {name: NamedRun(name, "tornado", {**INPUTS, "pathway_id": f"pw-{name}"}) for name in ("a", "b", "c", "d")}

    def swapped(**pathways: str) -> list[tuple[str, str]]:
        declared = [new(name, pathway_id=f"pw-{pathways.get(name, name)}") for name in old]
        return find_swaps(old, declared)

    assert swapped(a="b", b="a") == [("a", "b")]
    assert swapped(a="b", b="a", c="d", d="c") == [("a", "b"), ("c", "d")]
    assert swapped() == swapped(a="b") == swapped(a="b", b="c", c="a") == swapped(a="x", b="y") == []
    first, second = gone("a").resource, gone("b", "pw-2").resource
    title, *commands = swapped_names(first, second, "dev", "16 minutes").splitlines()
    assert title.startswith("a and b have swapped their names, and so both start again (at worst 16 minutes).")
    assert [each.strip() for each in commands] == [
        f"pulumi state rename '{first.urn}' a-swapped --stack dev",
        f"pulumi state rename '{second.urn}' a --stack dev",
        f"pulumi state rename '{first.urn}-swapped' b --stack dev",
    ]


def test_a_run_is_followed_back_through_its_names() -> None:
    invoices, billing, other = (make_urn("dev", "agents", SESSION_TYPE, name) for name in ("invoices", "billing", "x"))
    followed = Followed()
    assert followed.urn(invoices, "s-3") == invoices
    assert followed.urn(other, "s-9") == other
    assert followed.urn(billing, "s-3") == invoices, "the update before the one that renamed it"
    assert followed.urn(billing, "s-2") == invoices, "an earlier run under the old name"
    assert followed.urn(other, "s-2") == other, "a name that is in use stays what it is"


def released(name: str, subject: str, own_type: str = RELEASE_TYPE) -> Resource:
    key = "agent_id" if own_type == AGENT_RELEASE_TYPE else "pathway_id"
    return Resource(make_urn("dev", "agents", own_type, name), {key: subject, "environment": "production"})


def test_a_release_is_known_by_what_it_publishes() -> None:
    invoices = Release("invoices", "sessions", "pw-1", "production", None, ("invoices",))
    helpdesk = Release("helpdesk", "agents", "pw-1", "production", None, ("helpdesk",))
    new = Release("new", "sessions", "pw-9", "production", None, ("new",))
    known = [released("billing", "pw-1"), released("support", "pw-1", AGENT_RELEASE_TYPE)]
    state = Recorded(
        releases={each.urn: each for each in known}, outputs={"sessions": {"billing": {}}, "agents": {"support": {}}}
    )
    names = {"invoices", "helpdesk", "new"}
    found = {"invoices": "billing", "helpdesk": "support"}
    assert renamed_releases([invoices, helpdesk, new], state, names) == found
    assert renamed_releases([invoices], state, {*names, "billing"}) == {}, "a name that is in use stays what it is"
    own = Recorded(releases=state.releases, outputs={"sessions": {"other": {}}})
    assert renamed_releases([invoices, helpdesk], own, names) == {}, "the program itself has declared them"
