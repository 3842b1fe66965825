"""A check config that cannot be taken as it is: how it differs, and what the user can do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tornado_resource.checks.config import differences
from tornado_resource.core.text import clean
from tornado_resource.errors import TornadoError
from tornado_resource.runs.model import HIDDEN
from tornado_resource.stacks.managers import manager_advice

if TYPE_CHECKING:
    from tornado_resource.bland.check_runs import Checks


@dataclass(frozen=True, slots=True)
class ChecksOrder:
    """The checks of an agent's environment as they must be.

    *manage*: false if another stack manages them, and this one only compares. *managed_by*: its name, if that is
    declared. *secrets*: the names of the inputs that are secret: messages do not show them.
    """

    agent_id: str
    env: str
    checks: Checks
    on_conflict: str = "fail"
    manage: bool = True
    managed_by: str | None = None
    secrets: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """Which checks these are, for messages."""
        agent = HIDDEN if "agent_id" in self.secrets else clean(self.agent_id)
        return f"the checks of agent {agent} in {clean(self.env)}"


class ChecksExist(TornadoError):
    """The environment has another check config, which this stack has not stored."""

    def __init__(self, order: ChecksOrder, existing: Checks) -> None:
        super().__init__(
            f"{order.place} exist already, and this stack has not stored them.{_lines(order, existing)}\n"
            "To take them over and replace them by the declared ones: on_conflict: adopt\n"
            "If another stack manages them, and this one only compares: manage: false"
        )


class ChecksHeld(TornadoError):
    """Another resource of this stack has the checks. *holder*: its name."""

    def __init__(self, order: ChecksOrder, holder: str) -> None:
        super().__init__(
            f"{order.place} are declared twice: resource {clean(holder)} has them. Remove one of the two resources"
        )


class ChecksMissing(TornadoError):
    """Another stack manages the checks, and there are none."""

    def __init__(self, order: ChecksOrder) -> None:
        super().__init__(f"{order.place} do not exist. {manager_advice(order.managed_by, 'them')}")


class ChecksDiffer(TornadoError):
    """Another stack manages the checks, and they differ from the declared ones."""

    def __init__(self, order: ChecksOrder, existing: Checks) -> None:
        super().__init__(
            f"{order.place} are not as declared.{_lines(order, existing)}\n{manager_advice(order.managed_by, 'them')}"
        )


class ChecksNotStored(TornadoError):
    """The API has not stored the checks as they are declared, so no run of them says what is declared."""

    def __init__(self, order: ChecksOrder, stored: Checks) -> None:
        super().__init__(
            f"{order.place} are not stored as declared, so no check run was started.{_lines(order, stored)}\n"
            "Declare what the API stores, or correct the value that it does not accept"
        )


def refusal(order: ChecksOrder, existing: Checks | None, *, is_new: bool) -> TornadoError | None:
    """Return why the checks that are there cannot be taken; None if they can be.

    Args:
        order: the checks as they must be.
        existing: the checks that are there; None if there are none.
        is_new: whether this stack has not stored them before.

    """
    is_same = existing is not None and not differences(order.checks, existing)
    if is_same:
        return None
    if not order.manage:
        return ChecksDiffer(order, existing) if existing is not None else ChecksMissing(order)
    if existing is None or not is_new or order.on_conflict == "adopt":
        return None
    return ChecksExist(order, existing)


def _lines(order: ChecksOrder, found: Checks) -> str:
    rows = dict.fromkeys(each.text(order.secrets) for each in differences(order.checks, found))
    return "".join([" They differ from the declaration:", *(f"\n  {row}" for row in rows)])
