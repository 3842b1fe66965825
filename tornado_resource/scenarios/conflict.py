"""A scenario of the same name that cannot be taken as it is: how it differs, and what the user can do. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from tornado_resource.bland.listing import SCENARIOS_LIMIT
from tornado_resource.core.text import clean, contrast
from tornado_resource.errors import TornadoError
from tornado_resource.runs.model import HIDDEN
from tornado_resource.stacks.managers import manager_advice
from tornado_resource.versions.definitions import changed_fields, other_fields, with_default

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tornado_resource.bland.listing import Owner, Scenario
    from tornado_resource.declarations.model import ScenarioDeclaration


class Wanted(Protocol):
    """A scenario as it must be: a declaration, or the order of a provider."""

    @property
    def name(self) -> str:
        """The scenario's name at the API."""

    @property
    def owner(self) -> Owner:
        """What it belongs to."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """Its definition."""

    @property
    def managed_by(self) -> str | None:
        """What manages it, if this stack does not and that is declared."""

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the fields that are secret."""


class ScenarioExists(TornadoError):
    """The pathway or agent has a scenario of this name that this stack has not created.

    *claim*: who manages it, or may manage it, if that is known (`Managers.claim`).
    """

    def __init__(self, order: Wanted, existing: Scenario, claim: str | None = None) -> None:
        rows = _differences(order, existing.entry, other_fields(order.fields, existing.entry))
        difference = _lines("it differs from the declaration:", rows) if rows else " It is as declared."
        whose = claim or "this stack has not created it"
        first = f"{_place(order)} exists already ({clean(existing.scenario_id)}), and {whose}."
        super().__init__(
            f"{first}{difference}\n"
            f"To take it over and change it to the declaration: on_conflict: adopt\n"
            f"If another stack manages it, and this one only compares: manage: false"
        )


class ScenarioHeld(TornadoError):
    """Another resource of this stack has the scenario. *holder*: its name."""

    def __init__(self, order: Wanted, scenario_id: str, holder: str) -> None:
        super().__init__(
            f"{_place(order)} ({clean(scenario_id)}) is declared twice: resource {clean(holder)} has it. "
            f"Names are unique {order.owner.scope}: remove one of the two resources, or give it another name"
        )


class ScenarioMissing(TornadoError):
    """Another stack manages the scenario, and there is none."""

    def __init__(self, order: Wanted) -> None:
        super().__init__(f"{_place(order)} does not exist. {manager_advice(order.managed_by)}")


class ScenarioUnlisted(TornadoError):
    """The API does not list all scenarios of the owner, nor this one. *exists*: whether it says that it exists."""

    def __init__(self, order: Wanted, *, exists: bool) -> None:
        fact = "exists already" if exists else "may exist"
        super().__init__(
            f"{_place(order)} {fact}, but is not among the {SCENARIOS_LIMIT} that the API lists, so its id is unknown. "
            "Rename or delete it, or scenarios that are not needed, in Bland; or name it by its id (scenario_ids)"
        )


class ScenarioUnseen(TornadoError):
    """The name is taken, perhaps by a scenario that this stack has created, but the API does not list it yet."""

    def __init__(self, order: Wanted) -> None:
        super().__init__(
            f"{_place(order)}: the API says that the name is taken (HTTP 409), but does not list the scenario. "
            "This stack may have created it: run `pulumi up` again, which looks for it"
        )


class ScenarioNotStored(TornadoError):
    """The API has not stored a scenario as it is declared, so no run of it can pass as declared.

    Args:
        declared: the declaration.
        scenario_id: its id.
        fields: the fields in which it differs.
        existing: the scenario as the API shows it; None if its values must not be shown, or cannot be read.

    """

    def __init__(
        self, declared: ScenarioDeclaration, scenario_id: str, fields: Sequence[str], existing: Scenario | None
    ) -> None:
        place = f"{declared.position}: " if declared.position is not None else ""
        what = f"scenario '{clean(declared.name, 80)}' {declared.owner.place} ({clean(scenario_id)})"
        rows = list(fields) if existing is None else _differences(declared, existing.entry, fields)
        super().__init__(
            f"{place}{what} is not stored as declared, so no run of it was started."
            f"{_lines('the API has other values:', rows)}\n"
            "Declare what the API stores, or correct the value that it does not accept"
        )


class ScenarioDiffers(TornadoError):
    """Another stack manages the scenario, and it differs from the declaration."""

    def __init__(self, order: Wanted, existing: Scenario) -> None:
        changed = _differences(order, existing.entry, changed_fields(order.fields, existing.entry))
        rows = _lines("it differs from the declaration:", changed)
        fact = f"{_place(order)} is not as declared ({clean(existing.scenario_id)})."
        super().__init__(f"{fact}{rows}\n{manager_advice(order.managed_by)}")


def _differences(order: Wanted, entry: Mapping[str, Any], changed: Iterable[str]) -> list[str]:
    """Return how a scenario of the API differs from its definition, a line for each field of *changed*."""
    return [
        f"{name}: found and declared are {HIDDEN}"
        if name in order.secrets
        else _difference(name, entry.get(name), with_default(name, order.fields.get(name)))
        for name in changed
    ]


def _difference(name: str, stored: Any, declared: Any) -> str:
    actual, wanted = contrast(_value(stored), _value(declared))
    return f"{name}: found {actual}, declared {wanted}"


def _place(order: Wanted) -> str:
    name = HIDDEN if "name" in order.secrets else clean(order.name, 80)
    return f"scenario '{name}' {order.owner.place}"


def _lines(title: str, rows: list[str]) -> str:
    return "".join([f" {title[0].upper()}{title[1:]}", *(f"\n  {line}" for line in rows)])


def _value(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
