"""Messages about a session that holds the pathway, and the commands in them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.support.orders import ADDRESS, order
from tornado_resource.core.urns import SESSION_TYPE
from tornado_resource.runs import commands
from tornado_resource.runs.conflict import PlaceTaken, held_already
from tornado_resource.runs.order import Address, Found, Order, StartedRun

FOUND = Found(StartedRun("s-1", "2026-04-14T10:00:00.000Z", "RUNNING"))
URN = "urn:pulumi:dev::agents::my:Line$pulumi-python:dynamic/bland:TornadoSession::helpdesk"
IN_ORDER = (
    'If both are declared: pass on_conflict="wait" to support-line, and {} as depends_on in its options, so that it '
    "starts when that one has ended"
)
UP = "pulumi up --stack dev"
PULUMI = re.compile(r"pulumi (?:config|up|state|stack)[^;&`\n]*")


def test_a_session_of_this_stack_is_renamed_or_waited_for() -> None:
    lines = str(PlaceTaken(order(), FOUND).of_own_stack(URN)).splitlines()
    assert lines == [
        (
            "session s-1 is already active on pathway pw-1 since 2026-04-14T10:00:00.000Z, "
            "and the API runs one session at a time there."
        ),
        "It is this stack's own session, recorded as helpdesk.",
        f"If support-line is its new name: pulumi state rename '{URN}' support-line --stack dev && {UP}",
        IN_ORDER.format("helpdesk"),
    ]


def test_a_session_of_the_same_name_is_kept_and_not_superseded() -> None:
    text = str(PlaceTaken(order(), FOUND).of_own_stack(ADDRESS.urn(SESSION_TYPE)))
    assert f"It is this stack's own session, recorded as {ADDRESS.urn(SESSION_TYPE)}.\n" in text
    assert f"To keep it:      {commands.on_conflict('dev', 'support-line', 'adopt')}\n" in text
    assert "without `retain_on_delete` in its options" in text
    assert "supersede" not in text
    assert "If both are declared" not in text


def test_a_session_of_the_same_name_in_a_component_may_be_another_one() -> None:
    urn = URN.replace("helpdesk", "support-line")
    assert str(PlaceTaken(order(), FOUND).of_own_stack(urn)).endswith(f"\n{IN_ORDER.format(urn)}")


def test_a_session_that_another_resource_holds_is_not_adopted() -> None:
    lines = str(held_already(order(), "s-1", URN)).splitlines()
    assert lines[0] == (
        f"session s-1 belongs to {URN} of this stack and cannot be adopted: two resources of one session would cancel "
        "it for each other."
    )
    assert lines[-1] == IN_ORDER.format("helpdesk")


def test_the_note_stays_in_the_message_for_this_stacks_own_session() -> None:
    error = PlaceTaken(order(), FOUND, "It cannot be adopted because it differs: x")
    assert str(error).endswith("\nIt cannot be adopted because it differs: x")
    assert str(error.of_own_stack(URN)).endswith("\nIt cannot be adopted because it differs: x")


@pytest.mark.parametrize("stack", ["dev", "acme/dev"])
def test_every_command_names_the_stack(stack: str) -> None:
    address = replace(ADDRESS, stack=stack)
    busy = PlaceTaken(Order(address, {"pathway_id": "pw-1"}), FOUND)
    texts = [
        str(busy),
        str(busy.of_own_stack(URN)),
        str(busy.of_own_stack(address.urn(SESSION_TYPE))),
        commands.forget(address, SESSION_TYPE),
    ]
    found = [command for text in texts for command in PULUMI.findall(text)]
    assert len(found) == 14
    assert all(command.strip().endswith(f"--stack {stack}") for command in found), found


@pytest.mark.parametrize("stack", ["dev", "acme/dev"])
def test_a_urn_has_the_name_of_the_stack_alone(stack: str) -> None:
    address = Address("b", "agents", stack, "support-line")
    assert (
        address.urn(SESSION_TYPE) == "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::support-line"
    )


def test_an_id_of_the_api_is_shown_safely() -> None:
    text = str(PlaceTaken(order(), Found(StartedRun("s\x1b[2J", None, "RUNNING"))))
    assert "\x1b" not in text
    assert text.startswith("session s\\x1b[2J is already active on pathway pw-1, and")
