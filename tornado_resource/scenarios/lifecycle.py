"""Creating, updating, reading and deleting one scenario, whatever happens to requests and responses.

The API has no idempotency keys, but names are unique for a pathway or agent. So what a lost response or a crash leaves
behind is found by its name, and all other requests are safe to repeat.
"""

from __future__ import annotations

from asyncio import to_thread
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.bland.agents import PRODUCTION, STAGING
from tornado_resource.bland.check_runs import read_checks
from tornado_resource.bland.responses import flag, is_other, parse_time
from tornado_resource.bland.retrying import is_refused, retried, would_fail_again
from tornado_resource.bland.scenarios import (
    create_scenario,
    delete_scenario,
    get_scenario,
    list_named,
    list_scenarios,
    update_scenario,
    with_ids,
)
from tornado_resource.core.canonical import digest
from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.text import clean
from tornado_resource.errors import (
    ApiError,
    Conflict,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Rejected,
    TornadoError,
)
from tornado_resource.runs.intents import Intent
from tornado_resource.runs.start_machine import (
    PATIENT_LOOKS_SECONDS,
    PAUSES_SECONDS,
    SECOND_LOOK_SECONDS,
)
from tornado_resource.scenarios.conflict import (
    ScenarioDiffers,
    ScenarioExists,
    ScenarioHeld,
    ScenarioMissing,
    ScenarioUnlisted,
    ScenarioUnseen,
)
from tornado_resource.versions.definitions import (
    NOT_FOR_CREATION,
    changed_fields,
    creation_of,
    filled_fields,
    other_fields,
    update_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.listing import Listing, Owner, Scenario
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.intents import IntentStore
    from tornado_resource.runs.order import Address
    from tornado_resource.scenarios.conflict import Wanted

CREATION_CLOCK_TOLERANCE: Final = timedelta(minutes=10)
"""How far the clocks of this machine and of the API may differ."""


@dataclass(frozen=True, slots=True)
class ScenarioOrder:
    """A scenario as it must be, and the resource that it is for. *fields* is its definition, `name` included."""

    address: Address
    owner: Owner
    fields: Mapping[str, Any]
    on_conflict: Literal["fail", "adopt"] = "fail"
    manage: bool = True
    managed_by: str | None = None
    secrets: frozenset[str] = frozenset()
    """The names of the fields that are secret: messages do not show them."""

    @property
    def name(self) -> str:
        """The scenario's name at the API."""
        return str(self.fields["name"])


@dataclass(frozen=True, slots=True)
class RecordedScenario:
    """A scenario as the state records it.

    *filled*: the digests of what the API has filled in (`filled_fields`). *drift*: the fields that the API shows with
    other values than those of the definition.
    """

    scenario_id: str
    adopted: bool = False
    filled: Mapping[str, str] = field(default_factory=dict)
    drift: tuple[str, ...] = ()


def _nobody(_scenario_id: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Owners:
    """Who else has a scenario, by its id. *holder*: another resource of this stack. *claim*: another stack, in words.

    *claim* may take seconds.
    """

    holder: Callable[[str], str | None] = _nobody
    claim: Callable[[str], str | None] = _nobody


async def create(
    client: Client,
    order: ScenarioOrder,
    intents: IntentStore,
    clock: Clock = SYSTEM,
    owners: Owners | None = None,
) -> RecordedScenario:
    """Create the scenario of *order*, or take over the one of its name.

    It is taken over after a crash, if that is declared, or if it is exactly as declared and no other stack is known to
    manage it: that is what the removal of a declaration leaves.

    Args:
        client: sends the requests.
        order: the scenario as it must be.
        intents: the intents of scenarios on this machine.
        clock: time.
        owners: know who else has a scenario. Default: nobody.

    Raises:
        ScenarioExists: the pathway or agent has a scenario of this name that is not ours.
        ScenarioHeld: another resource of this stack has it.
        ScenarioMissing, ScenarioDiffers: another stack manages it, and it is not there or differs.
        ScenarioUnlisted, ScenarioUnseen: it exists, or may exist, but the API does not list it.
        TornadoError: it was not created, or that could not be determined. The message says what to do.

    """
    listing = await _list(client, order)
    existing = listing.named(order.name)
    if not order.manage:
        return compare(order, listing)
    if existing is None:
        return await _Creation(client, order, intents, clock).run()
    owners = owners or Owners()
    holder = owners.holder(existing.scenario_id)
    if holder is not None:
        raise ScenarioHeld(order, existing.scenario_id, holder)
    is_ours = _is_ours(order, existing, intents.find(order.address))
    if not is_ours and order.on_conflict != "adopt":
        is_same = is_exactly(order, existing)
        claim = await to_thread(owners.claim, existing.scenario_id) if is_same else None
        if claim is not None or not is_same:
            raise ScenarioExists(order, existing, claim)
    return await _take(client, order, existing, adopted=not is_ours)


async def update(client: Client, scenario_id: str, order: ScenarioOrder, changed: Iterable[str]) -> RecordedScenario:
    """Change a scenario to its definition.

    Args:
        client: sends the requests.
        scenario_id: the scenario.
        order: the scenario as it must be.
        changed: the fields to change.

    Raises:
        ScenarioMissing, ScenarioDiffers: another stack manages it, and it is not there or differs.
        TornadoError: a request failed.

    """
    if not order.manage:
        listing = await with_ids(client, order.owner, await _list(client, order), [scenario_id])
        existing = compare(order, listing)
        if existing.scenario_id != scenario_id:
            raise TornadoError(_gone(order, scenario_id))
        return existing
    stored = await _write(client, scenario_id, order, update_of(order.fields, changed))
    return _recorded(order, scenario_id, stored)


async def take_over(client: Client, scenario_id: str, order: ScenarioOrder) -> RecordedScenario:
    """Change a scenario that another stack managed until now to its definition.

    Raises:
        TornadoError: it is gone, or a request failed.

    """
    existing = await read(client, scenario_id, order.owner)
    if existing is None:
        raise ScenarioMissing(order)
    return await _take(client, order, existing, adopted=True)


async def read(client: Client, scenario_id: str, owner: Owner) -> Scenario | None:
    """Return a scenario; None if it is certainly gone.

    Raises:
        ApiError: it could not be read, so nothing is known.

    """
    try:
        return await retried(lambda: get_scenario(client, scenario_id))
    except NotFound:
        # A wrong base URL says 404 as well: only the list of its owner's scenarios is certain.
        listed = await retried(lambda: list_scenarios(client, owner))
        return (await with_ids(client, owner, listed, [scenario_id])).get(scenario_id)


async def delete(client: Client, scenario_id: str, owner: Owner) -> None:
    """Delete a scenario and its past runs. One that is gone is no error.

    Raises:
        ApiError: a request failed.

    """
    try:
        is_deleted = await retried(lambda: delete_scenario(client, scenario_id))
    except NotFound:
        is_deleted = False
    if not is_deleted and await read(client, scenario_id, owner) is not None:
        label = f"delete scenario {clean(scenario_id)}"
        raise OutcomeUnknown(label, "the API still lists the scenario")


async def disable(client: Client, scenario_id: str, owner: Owner) -> bool:
    """Disable a scenario, so that no session without a list runs it, and return whether it exists.

    Raises:
        ApiError: a request failed.

    """
    label = f"disable scenario {clean(scenario_id)}"
    try:
        stored = await retried(lambda: update_scenario(client, scenario_id, {"enabled": False}))
    except NotFound:
        if await read(client, scenario_id, owner) is not None:
            raise OutcomeUnknown(label, "the API still lists the scenario") from None
        return False
    stored = stored if stored is not None else await read(client, scenario_id, owner)
    if stored is not None and flag(stored.entry.get("enabled")) is True:
        raise OutcomeUnknown(label, "the API still shows the scenario as enabled")
    return stored is not None


async def env_of_checks(client: Client, owner: Owner, scenario_id: str) -> str | None:
    """Return the env of the agent whose checks run a scenario; None if none do. A pathway has no checks.

    Raises:
        ApiError: a request failed.

    """
    for env in (STAGING, PRODUCTION) if owner.field == "agent_id" else ():
        with suppress(NotFound):  # an agent that is gone has no checks
            checks = await retried(partial(read_checks, client, owner.owner_id, env))
            if checks is not None and not all(is_other(checked_id, scenario_id) for checked_id in checks.scenario_ids):
                return env
    return None


def compare(order: ScenarioOrder, listing: Listing) -> RecordedScenario:
    """Return the scenario that another stack manages.

    Raises:
        ScenarioMissing: there is none of this name.
        ScenarioUnlisted: the API does not list all, nor one of this name.
        ScenarioDiffers: it differs from the definition.

    """
    existing = listing.named(order.name)
    if existing is None:
        raise ScenarioMissing(order) if listing.is_whole else ScenarioUnlisted(order, exists=False)
    if changed_fields(order.fields, existing.entry):
        raise ScenarioDiffers(order, existing)
    return RecordedScenario(existing.scenario_id, filled=filled_fields(order.fields, existing.entry))


async def _list(client: Client, order: ScenarioOrder) -> Listing:
    return await list_named(client, order.owner, [order.name])


def is_exactly(order: Wanted, existing: Scenario) -> bool:
    """Return whether a scenario of the API is exactly as declared, but for `enabled`."""
    return set(other_fields(order.fields, existing.entry)) <= {"enabled"}


def _is_about(order: ScenarioOrder, intent: Intent | None) -> bool:
    return intent is not None and intent.request == _request(order)


def _request(order: ScenarioOrder) -> str:
    """Return what an intent has to tell requests apart: a scenario is found by its name."""
    return digest([order.owner.owner_id, order.name])


def _is_ours(order: ScenarioOrder, existing: Scenario, intent: Intent | None) -> bool:
    """Return whether an interrupted run has created a scenario: it looked, found none of this name, and sent."""
    if intent is None or not _is_about(order, intent):
        return False
    if not _differs(order, existing):
        return True
    created = parse_time(existing.entry.get("created_at"))
    return created is not None and created >= datetime.fromisoformat(intent.sent_at) - CREATION_CLOCK_TOLERANCE


def _differs(order: ScenarioOrder, existing: Scenario) -> bool:
    return not set(changed_fields(order.fields, existing.entry)).issubset(NOT_FOR_CREATION)


async def _take(client: Client, order: ScenarioOrder, existing: Scenario, *, adopted: bool) -> RecordedScenario:
    changed, stored = changed_fields(order.fields, existing.entry), existing
    if changed:
        stored = await _write(client, existing.scenario_id, order, update_of(order.fields, changed))
    return _recorded(order, existing.scenario_id, stored, adopted=adopted)


async def _write(client: Client, scenario_id: str, order: ScenarioOrder, body: Mapping[str, Any]) -> Scenario:
    """Change fields of a scenario and return how the API shows it then."""
    try:
        stored = await retried(lambda: update_scenario(client, scenario_id, body))
    except NotFound:
        raise TornadoError(_gone(order, scenario_id)) from None
    except Conflict as error:
        name = clean(order.name, 80)
        message = (
            f"scenario {name} cannot be changed: {error}. Names are unique {order.owner.scope}: choose another one"
        )
        raise TornadoError(message) from None
    return stored if stored is not None else await retried(lambda: get_scenario(client, scenario_id))


def _gone(order: ScenarioOrder, scenario_id: str) -> str:
    return (
        f"scenario '{clean(order.name, 80)}' ({clean(scenario_id)}) does not exist any more; "
        f"run `pulumi up` again, which creates it"
    )


def _recorded(order: ScenarioOrder, scenario_id: str, stored: Scenario, *, adopted: bool = False) -> RecordedScenario:
    filled = filled_fields(order.fields, stored.entry)
    return RecordedScenario(scenario_id, adopted, filled, changed_fields(order.fields, stored.entry))


def _had_no_effect(fault: ApiError) -> bool:
    """Return whether the API has turned a request away, or somebody has redirected it."""
    return is_refused(fault) or (isinstance(fault, Rejected) and 300 <= fault.status_code < 400)


class _Creation:
    """Creates one scenario that was not there before."""

    def __init__(self, client: Client, order: ScenarioOrder, intents: IntentStore, clock: Clock) -> None:
        self._client = client
        self._order = order
        self._intents = intents
        self._clock = clock
        self._is_ambiguous = False

    async def run(self) -> RecordedScenario:
        order = self._order
        body = creation_of(order.fields)
        # An earlier run may have sent the request too, and its effect may still show up late.
        self._is_ambiguous = _is_about(order, self._intents.find(order.address))
        if not self._is_ambiguous:
            now = self._clock.now().isoformat()
            await to_thread(self._intents.write, Intent(order.address, order.owner.owner_id, _request(order), now))
        created = await self._created(body)
        changed = changed_fields(order.fields, created.entry)
        late = [name for name in changed if name in NOT_FOR_CREATION]
        if late:
            # Its id must be recorded: if this fails, `drift` has the fields, and the next update writes them.
            with suppress(TornadoError):
                created = await _write(self._client, created.scenario_id, order, update_of(order.fields, late))
        return _recorded(order, created.scenario_id, created)

    async def _created(self, body: Mapping[str, Any]) -> Scenario:
        fault: ApiError | None = None
        for pause in (0.0, *PAUSES_SECONDS):
            await self._pause(fault, pause)
            try:
                return await create_scenario(self._client, self._order.owner, body)
            except ApiError as error:
                fault = error
            existing = await self._found_after(fault)
            if existing is not None:
                return existing
        assert fault is not None  # noqa: S101 - there was at least one send
        await self._clear_unless_ambiguous()
        raise fault

    async def _found_after(self, fault: ApiError) -> Scenario | None:
        """Return what a request that failed has created; None if it can be sent again.

        Raises:
            ScenarioExists, ScenarioUnlisted: somebody else has created a scenario of this name.
            ScenarioUnseen: the name is taken, probably by an earlier request, but no list shows the scenario.
            ApiError: the API refuses the request, or nothing can be determined.

        """
        if isinstance(fault, NotSent):
            return None
        self._is_ambiguous |= not _had_no_effect(fault)
        listing = await self._look(self._pauses_after(fault))
        existing = listing.named(self._order.name)
        if existing is None and not would_fail_again(fault):
            return None
        if existing is not None and self._is_ambiguous and not _differs(self._order, existing):
            return existing
        await self._clear_unless_ambiguous()
        raise self._error(fault, listing)

    def _pauses_after(self, fault: ApiError) -> Iterable[float]:
        """Return when to look again. A name that is taken after a request that may have had an effect is our own."""
        if isinstance(fault, Conflict) and self._is_ambiguous:
            return PATIENT_LOOKS_SECONDS
        return () if _had_no_effect(fault) else (SECOND_LOOK_SECONDS,)

    def _error(self, fault: ApiError, listing: Listing) -> TornadoError:
        existing = listing.named(self._order.name)
        if existing is not None:
            return ScenarioExists(self._order, existing)
        if not isinstance(fault, Conflict):
            return fault
        if not listing.is_whole:
            return ScenarioUnlisted(self._order, exists=True)
        return ScenarioUnseen(self._order) if self._is_ambiguous else fault

    async def _clear_unless_ambiguous(self) -> None:
        """Delete the intent, unless a request may have had an effect: the next run looks for that then."""
        if not self._is_ambiguous:
            await to_thread(self._intents.clear, self._order.address)

    async def _look(self, pauses: Iterable[float]) -> Listing:
        """Return the scenarios of the owner; if none has this name, as they are after *pauses*, in seconds."""
        listing = await _list(self._client, self._order)
        for pause in pauses:
            if listing.named(self._order.name) is not None:
                break
            await self._clock.sleep(pause)
            listing = await _list(self._client, self._order)
        return listing

    async def _pause(self, fault: ApiError | None, seconds: float) -> None:
        wanted = fault.short_pause if fault is not None else None
        if wanted or seconds:
            await self._clock.sleep(wanted or seconds)
