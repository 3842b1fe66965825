"""Whether the declared scenarios of a session are at the API as they are declared. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.text import clean, count
from tornado_resource.scenarios.definition import changed_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tornado_resource.bland.responses import Scenario
    from tornado_resource.declarations.model import ScenarioDeclaration

MAX_NAMED: Final = 5
NOT_AS_DECLARED: Final = "not tested as declared"
"""How the reason of such a verdict begins. A recorded one stays true when the scenarios have been put back."""


def by_id(request: Mapping[str, Any], declared: Sequence[ScenarioDeclaration]) -> dict[str, ScenarioDeclaration]:
    """Return the declared scenarios of a session by their ids: in its request they come last, in the same order."""
    ids = list(request.get("scenario_ids") or ())
    return dict(zip(ids[len(ids) - len(declared) :], declared, strict=False)) if declared else {}


def scenario_doubt(declared: Mapping[str, ScenarioDeclaration], listed: Iterable[Scenario]) -> str | None:
    """Return why a pass does not say that the declared scenarios passed; None if it does.

    Args:
        declared: the declared scenarios, by id.
        listed: the scenarios of the pathway as the API has them, disabled ones included.

    """
    shown = {each.scenario_id: each.entry for each in listed}
    found = [text for scenario_id, each in declared.items() if (text := _doubt(each, shown.get(scenario_id)))]
    if not found:
        return None
    more = f" and {count(len(found) - MAX_NAMED, 'more scenario')}" if len(found) > MAX_NAMED else ""
    return f"{NOT_AS_DECLARED}: {'; '.join(found[:MAX_NAMED])}{more}"


def _doubt(declared: ScenarioDeclaration, shown: Mapping[str, Any] | None) -> str | None:
    name = f"scenario '{clean(declared.name, 60)}'"
    if shown is None:
        return f"{name} does not exist any more"
    if shown.get("enabled") is False:
        return f"{name} is disabled"
    changed = changed_fields(declared.fields, shown)
    return f"{name} was edited ({', '.join(changed)})" if changed else None
