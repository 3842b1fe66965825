"""Whether the declared scenarios of a run that passed are at the API as they are declared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.retrying import retried
from tornado_resource.bland.scenarios import list_named, list_scenarios, with_ids
from tornado_resource.core.text import clean, count
from tornado_resource.errors import ApiError
from tornado_resource.runs.model import NOT_AS_DECLARED
from tornado_resource.versions.definitions import changed_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.listing import Owner, Scenario
    from tornado_resource.bland.retrying import Retry
    from tornado_resource.declarations.model import ScenarioDeclaration
    from tornado_resource.runs.model import GatedRun, Result

MAX_EDITED_NAMED: Final = 5
Pair = tuple["ScenarioDeclaration", "Scenario | None"]
"""A declared scenario, and how the API has it: disabled ones too; None if it does not."""


async def with_scenarios(client: Client, result: Result, owner: Owner, retry: Retry = retried) -> Result:
    """Return the result; a pass is `incomplete` if a declared scenario is not at the API as it is declared.

    Never raises for what the API does.

    Args:
        client: sends the requests.
        result: the result by the gate.
        owner: the pathway or agent of the run.
        retry: repeats a request through transient failures.

    """
    gated, verdict = result.gated, result.verdict
    if verdict.outcome != "passed":
        return result
    doubt = gated.known.doubt
    if doubt is None and (gated.scenarios or gated.test_cases):
        try:
            doubt = scenario_doubt(await _pairs(client, gated, owner, retry))
        except ApiError as error:
            unread = replace(verdict, outcome="incomplete", reason=f"its scenarios could not be read: {error}")
            return replace(result, verdict=unread, cause="scenarios_unreadable")
    if doubt is None:
        return result
    return replace(result, verdict=replace(verdict, outcome="incomplete", reason=doubt), cause="scenarios_changed")


def scenario_doubt(pairs: Iterable[Pair]) -> str | None:
    """Return why a pass does not say that the declared scenarios passed; None if it does."""
    doubts = [text for declared, scenario in pairs if (text := _doubt(declared, scenario)) is not None]
    if not doubts:
        return None
    more = f" and {count(len(doubts) - MAX_EDITED_NAMED, 'more scenario')}" if len(doubts) > MAX_EDITED_NAMED else ""
    return f"{NOT_AS_DECLARED}: {'; '.join(doubts[:MAX_EDITED_NAMED])}{more}"


async def _pairs(client: Client, gated: GatedRun, owner: Owner, retry: Retry) -> list[Pair]:
    """Return the declared scenarios with those of the API: a session knows their ids, a check run their names."""
    if gated.test_cases:
        named = await list_named(client, owner, [test_case.name for test_case in gated.test_cases], retry)
        return [(test_case, named.named(test_case.name)) for test_case in gated.test_cases]
    listing = await retry(lambda: list_scenarios(client, owner))
    listed = await with_ids(client, owner, listing, gated.scenarios, retry)
    return [(declared, listed.get(scenario_id)) for scenario_id, declared in gated.scenarios.items()]


def _doubt(declared: ScenarioDeclaration, scenario: Scenario | None) -> str | None:
    name = f"scenario '{clean(declared.name, 60)}'"
    if scenario is None:
        return f"{name} does not exist any more"
    entry: Mapping[str, Any] = scenario.entry
    if not scenario.is_enabled:
        return f"{name} is disabled"
    changed = changed_fields(declared.fields, entry)
    return f"{name} was edited ({', '.join(changed)})" if changed else None
