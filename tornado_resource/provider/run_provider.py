"""The dynamic provider of runs of any kind: maps the calls of Pulumi's engine to `runs`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pulumi import contains_unknowns
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.urns import name_of, parents_of
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.provider.base import BaseProvider, Identity, address_of, identity, kept_outputs
from tornado_resource.provider.runtime import (
    Failure,
    check_failure,
    confirm_base_url,
    failure,
    intent_store,
    secret,
    settings_of,
)
from tornado_resource.runs import commands
from tornado_resource.runs.inputs import compare, declared_inputs
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.rerun import Decision
from tornado_resource.stacks.pulumi_cli import pulumi_json, resources_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tornado_resource.bland.client import Client
    from tornado_resource.runs.intents import IntentStore
    from tornado_resource.runs.kinds import Kind
    from tornado_resource.runs.order import Address, Run, StartedRun
    from tornado_resource.stacks.settings import Settings


BASIS_SECONDS: Final = 10.0
"""How long a create may read what its run was started on. A crash in this time leaves the id in the intent only."""


def recorded_urn(stack: str, resource_type: str, run_id: str) -> str | None:
    """Return the URN under which a stack's state has a run; None if it has not, or if it cannot be read.

    It runs `pulumi`, which takes a second: only for the message of an error, and before a run is adopted.
    """
    try:
        resources = resources_of(pulumi_json("stack", "export", "--stack", stack), resource_type)
    except (ConfigurationError, ValueError):
        return None
    return next((resource["urn"] for resource in resources if resource["id"] == run_id), None)


@dataclass
class _Update:
    """What a provider process knows about the update that it serves.

    Args:
        settings: `tornado:onConflict`, which overrides the declarations.
        intents: the intents of this machine.
        compared: the `identity` of the resources for which the engine has called `diff`. They are in its state: no
            `adopt`.
        created: the sessions that resources got in this update, and the URNs of these. The engine creates a renamed
            resource before it deletes the old one, and that delete must not cancel the session.
        decisions: what the program has decided about recorded sessions, by the `identity` of their resources.
        checked: the `identity` of the resources for whose runs the program has found that nothing is missing.

    """

    settings: Settings
    intents: IntentStore
    compared: set[Identity] = field(default_factory=set)
    created: dict[str, str] = field(default_factory=dict)
    decisions: dict[Identity, Decision] = field(default_factory=dict)
    checked: set[Identity] = field(default_factory=set)


class RunProvider(BaseProvider[_Update]):
    """Create starts a run, update records the declaration, delete cancels. None of them waits for a run to end.

    Pulumi calls a dynamic provider from four threads and cannot cancel a call, so the Pulumi program waits instead.
    Each kind of run has a class of its own, whose name is in the state.
    """

    kind: ClassVar[str]
    """The name of the kind of run."""

    def _begin(self, req: ConfigureRequest) -> _Update:
        try:
            settings = settings_of(req, "onConflict")
        except ConfigurationError as error:
            raise Failure(str(error)) from None
        return _Update(settings, intent_store(self._kind.intents))

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update, before `diff`. Applies the rules of `sessions.yaml` to all known values.

        What it returns is what the engine records: `rerun_decision`, `is_checked` and `base_url` are for this update
        only.
        """
        confirm_base_url(news.pop("base_url", None))
        checked = self._this_update.checked
        (checked.add if news.pop("is_checked", None) is True else checked.discard)(identity(news))
        decision = news.pop("rerun_decision", None)
        if decision is None or contains_unknowns(decision):
            self._this_update.decisions.pop(identity(news), None)
        else:
            self._this_update.decisions[identity(news)] = Decision(**decision)
        declared = {
            key: value for key, value in declared_inputs(self.kind, news).items() if not contains_unknowns(value)
        }
        name = news["name"].rpartition("/")[2]
        problems = {**self._input_problems(news), **self._kind.problems(name, whole_without_nulls(declared))}
        for scenario_id in () if "scenario_ids" in problems else declared.get("scenario_ids") or ():
            self._tested.setdefault(scenario_id, name)
        return CheckResult(news, [check_failure(key, text, news) for key, text in problems.items()])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start a run, or adopt the one that the input `adopt` names. Returns as soon as its id is known."""
        adopt = props.get("adopt") if identity(props) not in self._this_update.compared else None
        started = self._run(lambda client: self._started(client, props, adopt), props)
        # From here on nothing may raise: the engine does not record the id of a create that failed.
        self._this_update.created[started.run_id] = self._urn_of(props)
        basis = self._run(lambda client: self._basis(client, props)) if not started.adopted else {}
        return CreateResult(started.run_id, {**self._outputs(started, props), **basis})

    def diff(self, run_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update, changed or not, and after a refresh.

        A changed request replaces the session, and so does a rerun that the program has decided on. After a refresh
        without a program nothing runs again. The old session is deleted first: the API runs one at a time on a pathway.
        """
        self._this_update.compared.add(identity(news))
        self._this_update.intents.settle(address_of(news), run_id)
        change = compare(self.kind, self._recorded(run_id, olds, news), declared_inputs(self.kind, news))
        replaces = list(change.replaces)
        if not replaces and self._is_rerun(run_id, news):
            replaces = ["rerun"]
        is_changed = bool(replaces or change.updates) or olds.get("secrets") != news.get("secrets")
        return DiffResult(changes=is_changed, replaces=replaces, delete_before_replace=bool(replaces))

    def update(self, run_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record the new declaration and keep all other outputs (the SDK's default would drop them)."""
        self._recorded(run_id, olds, news)
        outputs = kept_outputs(olds)
        outputs.pop("secrets", None)
        return UpdateResult({**outputs, **self._declaration(news)})

    def delete(self, run_id: str, props: dict[str, Any]) -> None:
        """Cancel the run if it has not ended, and return when its place is free."""
        declared = self._recorded(run_id, props, needed=(*self._kind.place_outputs, "name"))
        if declared.get("on_destroy") != "leave" and run_id not in self._this_update.created:
            self._run(lambda client: _cancel(client, self._run_of(run_id, props), props))
        self._this_update.intents.settle(address_of(props), run_id)

    def read(self, run_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Only a run that is certainly gone is removed (empty id); any other error raises."""
        from tornado_resource.runs.existence import status_or_gone

        self._recorded(run_id, props, needed=self._kind.place_outputs)
        status = self._run(lambda client: status_or_gone(client, self._run_of(run_id, props)), props)
        return (
            ReadResult("", {})
            if status is None
            else ReadResult(run_id, {**kept_outputs(props), "status": status.status})
        )

    def _input_problems(self, news: Mapping[str, Any]) -> dict[str, str]:
        from tornado_resource.declarations.values import input_problems

        inputs = {key: news[key] for key in (*self._kind.place_outputs, "adopt") if key in news}
        is_unknown = contains_unknowns(inputs.get("adopt"))
        return input_problems(self._kind.place_outputs, {**inputs, "adopt": None} if is_unknown else inputs)

    @property
    def _kind(self) -> Kind:
        return kind_of(self.kind)

    def _is_rerun(self, run_id: str, props: dict[str, Any]) -> bool:
        """Return whether the program has decided that the session runs again. Prints why: a diff cannot show it."""
        decision = self._this_update.decisions.get(identity(props))
        if decision is None or decision.run_id != run_id:
            return False
        if decision.problem is not None:
            raise failure(self._public(decision.problem, props), props.get("declared_at"))
        if decision.reason is not None:
            reason = self._public(decision.reason, props)
            print(f"{address_of(props).resource}: runs again, {reason}", flush=True)
        return decision.reason is not None

    def _secret_texts(self, props: Mapping[str, Any]) -> list[str]:
        return [str(props[key]) for key in self._kind.place_outputs if key in (props.get("secrets") or ())]

    async def _basis(self, client: Client, props: dict[str, Any]) -> dict[str, Any]:
        """Return what the run was started on, as far as it can be read soon: the engine does not know the id yet."""
        try:
            async with asyncio.timeout(BASIS_SECONDS):
                return await self._kind.basis(client, props)
        except TimeoutError:
            return {}

    async def _started(self, client: Client, props: dict[str, Any], adopted_id: str | None) -> StartedRun:
        from tornado_resource.runs.adopt import adopt
        from tornado_resource.runs.conflict import PlaceTaken, held_already
        from tornado_resource.runs.order import Order
        from tornado_resource.runs.start import start

        address, update, kind = address_of(props), self._this_update, self._kind
        on_conflict = update.settings.on_conflict_of(address.resource) or props.get("on_conflict", "fail")
        is_checked = identity(props) in update.checked

        async def is_recorded(run_id: str) -> bool:
            return await self._holder(address, run_id) is not None

        order = Order(address, kind.request_of(props), on_conflict, kind.name, is_checked, is_recorded)
        if adopted_id is not None:
            urn = await self._holder(address, adopted_id)
            if urn not in {None, self._urn_of(props)}:
                raise held_already(order, adopted_id, urn)
            adopted = await adopt(client, order, adopted_id)
            intent = update.intents.find(address)
            if intent is not None:  # of a start whose run may be this one; it goes once the engine knows the id
                update.intents.record(intent, adopted.run_id, adopted.created_at)
            return adopted
        try:
            started = await start(client, order, update.intents)
        except PlaceTaken as error:
            urn = await self._holder(address, error.found.run_id)
            raise (error.of_own_stack(urn) if urn is not None else error) from None
        urn = await self._holder(address, started.run_id) if started.adopted else None
        if urn is not None and self._is_declared(urn):
            update.intents.settle(address, started.run_id)  # or the next attempt would take it for its own
            raise held_already(order, started.run_id, urn)
        return started

    async def _holder(self, address: Address, run_id: str) -> str | None:
        """Return the URN of the resource of this stack that holds a run; None if none does, as far as is known."""
        created = self._this_update.created.get(run_id)
        return created or await asyncio.to_thread(recorded_urn, address.stack, self._kind.resource_type, run_id)

    def _is_declared(self, urn: str) -> bool:
        """Return whether the program still declares a resource, as far as the engine has said so by now."""
        declared = {(name.rpartition("/")[2], parents) for name, parents in self._this_update.compared}
        return urn in self._this_update.created.values() or (name_of(urn), parents_of(urn)) in declared

    def _urn_of(self, props: dict[str, Any]) -> str:
        return address_of(props).urn(self._kind.resource_type)

    def _run_of(self, run_id: str, props: dict[str, Any]) -> Run:
        from tornado_resource.runs.order import Run

        return Run(run_id, {key: props[key] for key in self._kind.place_outputs}, self.kind)

    def _recorded(
        self,
        run_id: str,
        olds: dict[str, Any],
        news: dict[str, Any] | None = None,
        needed: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Return what the state has recorded as declared.

        Raises:
            Failure: there is nothing, a text of *needed* is missing, or what is compared with *news* can be no request:
                the state is damaged or was changed by hand.

        """
        fault, kind = self._fault(olds, needed, is_compared=news is not None), self._kind
        if fault is None:
            return dict(olds["declared"])
        props = {**olds, **(news or {})}
        address = address_of({**props, "name": str(props.get("name") or f"STACK/{kind.noun.upper()}")})
        message = (
            f"the state of {kind.noun} {run_id} is damaged: {fault}. Restore the state from a backup "
            f"(pulumi stack import --stack {address.stack} --file BACKUP.json), or remove the {kind.noun} from it "
            f"({commands.forget(address, kind.resource_type)}) and adopt it again "
            f"({commands.adopt(address.stack, address.resource, run_id)})"
        )
        declared_at = props.get("declared_at")
        raise failure(message, declared_at if isinstance(declared_at, str) else None)

    def _fault(self, olds: Mapping[str, Any], needed: Iterable[str], *, is_compared: bool) -> str | None:
        """Return what is wrong with recorded outputs; None for nothing."""
        declared = olds.get("declared")
        if not isinstance(declared, dict):
            return "it has no `declared`"
        missing = [key for key in needed if not isinstance(olds.get(key), str)]
        if missing:
            return f"it has no `{missing[0]}`"
        is_sound = not is_compared or self._kind.is_sound(whole_without_nulls(declared))
        return None if is_sound else "its declared inputs are not a valid request"

    def _outputs(self, started: StartedRun, props: dict[str, Any]) -> dict[str, Any]:
        kind = self._kind
        return {
            kind.id_output: started.run_id,
            "created_at": started.created_at,
            "status": started.status,
            **kind.outputs(kind.request_of(props), started),
            "adopted": started.adopted,
            "name": props["name"],
            **({"parents": props["parents"]} if "parents" in props else {}),
            **self._declaration(props),
        }

    def _declaration(self, props: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs that repeat inputs: each as secret as the input."""
        secrets, inputs = props.get("secrets"), declared_inputs(self.kind, props)
        declared = {key: secret(value) if key in (secrets or ()) else value for key, value in inputs.items()}
        return {"declared": declared} if secrets is None else {"declared": declared, "secrets": secrets}


async def _cancel(client: Client, run: Run, props: dict[str, Any]) -> None:
    from tornado_resource.runs.cancel import Unsettled, cancel_if_running

    try:
        await cancel_if_running(client, run, SYSTEM)
    except Unsettled as error:
        address, kind = address_of(props), kind_of(run.kind)
        message = (
            f"{error}\n"
            f"To leave the {kind.noun} alone: declare `on_destroy: leave`, {commands.up(address.stack)}, and "
            "try again.\n"
            f"Or remove it from the state only: {commands.forget(address, kind.resource_type)} "
            f"(`pulumi stack --show-urns --stack {address.stack}` shows the URN of a {kind.noun} in a component)"
        )
        raise TornadoError(message) from None
