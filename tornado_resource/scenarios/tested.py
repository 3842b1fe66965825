"""The declared scenarios that a run or a check config tests, as its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from tornado_resource.bland.responses import is_other
from tornado_resource.bland.scenario_content import scenario_digest
from tornado_resource.core.text import clean
from tornado_resource.program.arguments import InvalidArgument
from tornado_resource.versions.definitions import runs_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Input, Output

    from tornado_resource.bland.listing import OwnerField
    from tornado_resource.declarations.model import ScenarioDeclaration
    from tornado_resource.scenarios.resource import TornadoScenario


def declarations(scenarios: Sequence[TornadoScenario]) -> tuple[Output[ScenarioDeclaration], ...]:
    """Return scenarios for the gate, in their order."""
    return tuple(scenario.declaration for scenario in scenarios)


def definitions(scenarios: Sequence[TornadoScenario]) -> Output[str] | None:
    """Return the digest of what decides about the runs of *scenarios*; None if there are none."""
    if not scenarios:
        return None
    declared = pulumi.Output.all(*(scenario.declaration for scenario in scenarios))
    return declared.apply(
        lambda declarations_known: runs_together(
            scenario_digest(declaration.fields) for declaration in declarations_known
        )
    )


def all_ids(scenario_ids: Any, scenarios: Sequence[TornadoScenario], field: OwnerField, owner_id: Input[str]) -> Any:
    """Return the ids to run: the given ones, then those of *scenarios*, which a preview knows as long as they exist.

    They fail if a scenario belongs to something else than *field* and *owner_id* say.
    """
    if not scenarios:
        return scenario_ids

    def require(resolved: Sequence[Any]) -> None:
        for declaration in resolved[1:]:
            if declaration.owner.field != field or is_other(declaration.owner.owner_id, resolved[0]):
                message = (
                    f"scenario '{clean(declaration.key, 80)}' belongs to another pathway or agent than what tests it"
                )
                raise InvalidArgument(message)

    owned = pulumi.Output.all(owner_id, *declarations(scenarios)).apply(require)
    ids = pulumi.Output.all(scenario_ids, owned, *(scenario.stored_id for scenario in scenarios))
    return ids.apply(lambda ids_known: [*(ids_known[0] or ()), *ids_known[2:]])
