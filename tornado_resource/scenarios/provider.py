"""The dynamic provider of scenarios: maps the calls of Pulumi's engine to `scenarios`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pulumi import contains_unknowns
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from tornado_resource.bland.listing import OWNER_FIELDS, Owner
from tornado_resource.bland.scenario_content import SCENARIO_FIELDS
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.provider.base import (
    Identity,
    SeeingProvider,
    SeeingUpdate,
    address_of,
    definition_of,
    identity,
    kept_outputs,
)
from tornado_resource.provider.runtime import Failure, check_failure, damaged_state, failure, intent_store
from tornado_resource.runs.intents import SCENARIO_INTENTS
from tornado_resource.stacks.managers import Managers, managing_stacks
from tornado_resource.stacks.recorded_scenarios import ScenarioChange
from tornado_resource.versions.definitions import changed_fields, declared_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.scenarios.conflict import ScenarioHeld
    from tornado_resource.scenarios.lifecycle import RecordedScenario, ScenarioOrder

SCENARIO_INPUTS: Final = ("on_conflict", "on_destroy", "manage", "managed_by")
"""What a scenario is declared with beside its definition. A change of one of these is recorded in place."""
RULED_SCENARIO_INPUTS: Final = (*OWNER_FIELDS, "on_conflict", "on_destroy", "manage")
"""The inputs that have rules, beside the fields of the definition."""


@dataclass
class _Update(SeeingUpdate):
    """What a provider process knows about the update that it serves.

    *managers*: the other stacks that manage scenarios, once they have been read. *secrets*: the names of the secret
    fields, by the `identity` of their resources.
    """

    secrets: dict[Identity, frozenset[str]] = field(default_factory=dict)
    managers: Managers | None = None
    reading: Lock = field(default_factory=Lock)

    def claim(self, scenario_id: str, stack: str) -> str | None:
        """Return which stack other than *stack*, which is updated, manages a scenario (`Managers.claim`)."""
        with self.reading:
            if self.managers is None:
                self.managers = managing_stacks(stack.rpartition("/")[2])
        return self.managers.claim(scenario_id)


class ScenarioProvider(SeeingProvider[_Update]):
    """Create, update, read and delete a scenario; or, with `manage` false, compare one that another stack manages."""

    __module__ = "tornado_resource.provider"  # the path that is in every state

    def _begin(self, _req: ConfigureRequest) -> _Update:
        return _Update(intent_store(SCENARIO_INTENTS))

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update, before `diff`. Applies the rules of `sessions.yaml` to all known values.

        What it returns is what the engine records: `seen`, `secrets` and `base_url` are for this update only.
        """
        from tornado_resource.declarations.values import scenario_problems

        self._note(news)
        fields = news.get("fields")
        values = {
            **{key: news.get(key) for key in RULED_SCENARIO_INPUTS},
            **({"input_messages": None, **fields} if isinstance(fields, dict) else {}),
        }
        resolved = {key: whole_without_nulls(value) for key, value in values.items() if not contains_unknowns(value)}
        problems = scenario_problems(resolved)
        failures = [check_failure(key, text, news) for key, text in problems.items()]
        self._this_update.secrets[identity(news)] = frozenset(news.pop("secrets", None) or ())
        return CheckResult(news, failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the scenario, or take it over: after a crash, or if that is declared."""
        from tornado_resource.scenarios.lifecycle import Owners, create

        order, update = self._order(props), self._this_update
        holder = partial(update.holder, own=identity(props))
        owners = Owners(holder, partial(update.claim, stack=order.address.stack))
        recorded = self._run(lambda client: create(client, order, update.intents, owners=owners), props)
        self._take(recorded.scenario_id, props)
        return CreateResult(recorded.scenario_id, _outputs(props, recorded))

    def diff(self, scenario_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update. Prints the changed fields, which a diff cannot show.

        A scenario that was deleted at the API is replaced by a new one.

        Raises:
            Failure: the program could not read what has become of the scenario, or another resource has it.

        """
        address, seen = address_of(news), self._seen(news)
        self._this_update.intents.clear(address)
        if seen.get("problem"):
            raise failure(self._public(seen["problem"], news), news.get("declared_at"))
        replaces = [*_moved(olds, news), *self._replaced_if_gone(news)]
        fields = news.get("fields")
        if replaces or contains_unknowns(fields):
            return DiffResult(changes=True, replaces=replaces)
        self._take(scenario_id, news)
        changed, drift = declared_changes(definition_of(olds), whole_without_nulls(fields)), _drift(olds, seen)
        if changed:
            print(f"{address.resource}: changes {', '.join(changed)}", flush=True)
        if drift:
            print(f"{address.resource}: {_edit(drift, seen, is_managed=news.get('manage', True))}", flush=True)
        options = any(_option(olds, key) != _option(news, key) for key in SCENARIO_INPUTS)
        return DiffResult(changes=bool(changed or drift or options))

    def update(self, scenario_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Change the fields that the declaration changes, and those that were edited since."""
        from tornado_resource.scenarios.lifecycle import take_over, update

        order = self._order(news)
        changed = (*declared_changes(definition_of(olds), order.fields), *_drift(olds, self._seen(news)))
        if order.manage and not olds.get("manage", True):
            recorded = self._run(lambda client: take_over(client, scenario_id, order), news)
        elif not changed:
            kept = {key: olds.get(key) for key in ("scenario_id", "adopted", "filled", "drift")}
            return UpdateResult({**_identity(news), **kept})
        else:
            recorded = self._run(lambda client: update(client, scenario_id, order, dict.fromkeys(changed)), news)
        adopted = {"adopted": olds.get("adopted") is True}
        return UpdateResult({**_outputs(news, recorded), **adopted})

    def read(self, scenario_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Only a scenario that is certainly gone is removed (empty id); any other error raises."""
        from tornado_resource.scenarios.lifecycle import read

        fields, owner = definition_of(props), _owner(scenario_id, props)
        scenario = self._run(lambda client: read(client, scenario_id, owner), props)
        if scenario is None:
            return ReadResult("", {})
        drift = changed_fields(fields, scenario.entry, props.get("filled"))
        return ReadResult(scenario_id, {**kept_outputs(props), "drift": list(drift)})

    def delete(self, scenario_id: str, props: dict[str, Any]) -> None:
        """Disable, leave or delete the scenario, as `on_destroy` says. One that another stack manages stays as it is.

        Prints what becomes of a scenario that stays, since the engine calls it deleted.
        """
        from tornado_resource.scenarios.lifecycle import delete, disable

        if not isinstance(props.get("name"), str):
            raise _damage(scenario_id, "`name`")
        owner, address = _owner(scenario_id, props), address_of(props)
        is_kept = scenario_id in self._this_update.taken or self._seen(props).get("is_gone")
        on_destroy = _option(props, "on_destroy") if _option(props, "manage") and not is_kept else None
        claim = self._claim(scenario_id, owner, props) if on_destroy in ("delete", "disable") else None
        match on_destroy:
            case "delete" | "disable" if claim is not None:
                print(f"{address.resource}: left in Bland as it is: {claim}", flush=True)
            case "delete":
                self._run(lambda client: delete(client, scenario_id, owner), props)
            case "disable" if self._run(lambda client: disable(client, scenario_id, owner), props):
                print(f"{address.resource}: disabled in Bland, with its past runs (on_destroy: disable)", flush=True)
            case "leave":
                print(f"{address.resource}: left in Bland as it is (on_destroy: leave)", flush=True)
        self._this_update.intents.clear(address)

    def _claim(self, scenario_id: str, owner: Owner, props: Mapping[str, Any]) -> str | None:
        """Return who else needs a scenario, in words: a session that names its id, another stack, or checks."""
        from tornado_resource.scenarios.lifecycle import env_of_checks

        session = self._tested.get(scenario_id)
        if session is not None:
            return f"session {session} tests it, by its id"
        claim = self._this_update.claim(scenario_id, address_of(props).stack)
        if claim is not None:
            return claim
        env = self._run(lambda client: env_of_checks(client, owner, scenario_id), props)
        return f"the checks of its agent in {env} run it" if env is not None else None

    def _held(self, scenario_id: str, props: Mapping[str, Any], holder: str) -> ScenarioHeld:
        from tornado_resource.scenarios.conflict import ScenarioHeld

        return ScenarioHeld(self._order(props), scenario_id, holder)

    def _replaced_if_gone(self, news: Mapping[str, Any]) -> list[str]:
        if not self._seen(news).get("is_gone"):
            return []
        is_managed = _option(news, "manage")
        what = "`pulumi up` creates it again" if is_managed else "`pulumi up` takes the one of its name"
        print(f"{address_of(news).resource}: {ScenarioChange(is_gone=True)}; {what}", flush=True)
        return ["scenario_id"]

    def _secret_texts(self, props: Mapping[str, Any]) -> list[str]:
        owner = Owner.of(props)
        is_secret = owner is not None and owner.field in self._this_update.secrets.get(identity(props), ())
        return [owner.owner_id] if owner is not None and is_secret else []

    def _order(self, props: Mapping[str, Any]) -> ScenarioOrder:
        from tornado_resource.scenarios.lifecycle import ScenarioOrder

        address = address_of(props)
        return ScenarioOrder(
            address=address,
            owner=_owner(address.resource, props),
            fields=definition_of(props),
            on_conflict=_option(props, "on_conflict"),
            manage=_option(props, "manage"),
            managed_by=_option(props, "managed_by"),
            secrets=self._this_update.secrets.get(identity(props), frozenset()),
        )


def _edit(drift: Sequence[str], seen: Mapping[str, Any], *, is_managed: bool) -> str:
    unstored = tuple(name for name in drift if name in seen.get("unstored", ()))
    edited = tuple(name for name in drift if name not in unstored)
    pronoun = "it" if len(drift) == 1 else "them"
    action = f"restores {pronoun}" if edited else f"sends {pronoun} again"
    if not is_managed:
        action = f"compares {pronoun}"
    return f"{ScenarioChange(edited, unstored=unstored)}; `pulumi up` {action}"


def _drift(olds: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Return the fields that were edited: as the last refresh has found, or as the program has seen just now."""
    recorded = olds.get("drift")
    drifted = [*seen.get("fields", ()), *seen.get("unstored", ())]
    drift = [*(recorded if isinstance(recorded, list) else ()), *drifted]
    return [name for name in SCENARIO_FIELDS if name in drift]


def _option(props: Mapping[str, Any], key: str) -> Any:
    defaults = {"on_conflict": "fail", "on_destroy": "disable", "manage": True, "managed_by": None}
    value = props.get(key)
    return value if value is not None else defaults[key]


def _identity(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the state records of the inputs."""
    recorded = ("name", "parents", *OWNER_FIELDS, "fields", "declared_at", *SCENARIO_INPUTS)
    return {key: props[key] for key in recorded if key in props}


def _outputs(props: Mapping[str, Any], recorded: RecordedScenario) -> dict[str, Any]:
    return {
        **_identity(props),
        "scenario_id": recorded.scenario_id,
        "adopted": recorded.adopted,
        "filled": dict(recorded.filled),
        "drift": list(recorded.drift),
    }


def _moved(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Return the inputs by which a scenario belongs to something else than before."""
    return [key for key in OWNER_FIELDS if olds.get(key) != news.get(key)]


def _owner(scenario_id: str, props: Mapping[str, Any]) -> Owner:
    """Return the owner of a scenario by its properties.

    Raises:
        Failure: they have none.

    """
    owner = Owner.of(props)
    if owner is None:
        raise _damage(scenario_id, " or ".join(f"`{key}`" for key in OWNER_FIELDS))
    return owner


def _damage(scenario_id: str, missing: str) -> Failure:
    """Return the error for a state without what is *missing*: it is damaged, or was changed by hand."""
    return damaged_state(f"scenario {scenario_id}", missing, "adopt it again (on_conflict: adopt)")
