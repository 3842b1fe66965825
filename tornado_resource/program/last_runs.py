"""What is known of a stack's sessions before they are declared: from its own state, else from the API."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pulumi

from tornado_resource.bland.content import Digests, short
from tornado_resource.core.clock import today
from tornado_resource.core.urns import name_of, parents_of
from tornado_resource.declarations.model import DEFAULT_RERUN, Gate
from tornado_resource.errors import TornadoError
from tornado_resource.program.arguments import is_plain, resource_path
from tornado_resource.program.purpose import is_replaced
from tornado_resource.program.state import read_resources
from tornado_resource.runs.inputs import compare
from tornado_resource.runs.intents import IntentStore, intents_folder
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import GatedRun, PromotedVersion, by_id
from tornado_resource.runs.rerun import ANY, Decision, Fork, LastRun, is_newer, must_be_known, rerun_reason
from tornado_resource.stacks.backend import resource_address
from tornado_resource.stacks.recorded import Recorded, is_outdated, read_outputs
from tornado_resource.versions.drift import RunBasis, difference_in_words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tornado_resource.declarations.model import Rerun
    from tornado_resource.declarations.releases import Release
    from tornado_resource.program.shared_client import SharedClient, Versions
    from tornado_resource.runs.intents import Intent
    from tornado_resource.runs.kinds import Kind
    from tornado_resource.runs.model import Confirmation, Result, RunVerdict
    from tornado_resource.stacks.recorded import RecordedRun
    from tornado_resource.stacks.recorded_scenarios import StoredScenario


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an update does with a declared run: whether its inputs replace the *recorded* one, else why it runs again.

    *decision* is None if that does not depend on the last run, or if none is recorded.
    """

    recorded: RecordedRun | None = None
    is_replaced: bool = False
    decision: Decision | None = None

    @property
    def starts(self) -> bool:
        """Whether the update may start a run: it is new, it is replaced, or it runs again."""
        return self.recorded is None or self.is_replaced or (self.decision is not None and not self.decision.stays)


class LastRuns:
    """The last runs of the sessions of one stack.

    The engine calls a provider's `diff` for one resource after the other, so a request there costs a round trip for
    each session. Here the sessions without a final verdict are asked for side by side, and the others not at all.

    Args:
        client: for what the state does not know.
        versions: for `rerun: on_drift`.
        rerun: what the config has in the place of every session's `rerun`; None leaves it to the declarations.

    """

    def __init__(self, client: SharedClient, versions: Versions, rerun: Rerun | None = None) -> None:
        self._client = client
        self._versions = versions
        self._rerun = rerun
        self._reading: asyncio.Future[Recorded] | None = None
        self._newest: dict[tuple[str, str, Any], asyncio.Task[Any]] = {}
        self._variables: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._asked: dict[str, GatedRun] = {}
        self._asking: dict[tuple[str, Gate], asyncio.Task[LastRun]] = {}
        self._outlooks: dict[tuple[str, str], tuple[Any, asyncio.Task[Outlook]]] = {}
        self._promoted: Mapping[str, Digests | None] = {}
        self._held: set[str] = set()
        self._old_names: Mapping[str, str] = {}
        self._old_releases: Mapping[str, str] = {}

    def hold(self, urn: str) -> None:
        """Let a recorded run stay as long as its declaration does, however it ended: the stack has rolled back."""
        self._held.add(urn)
        self._outlooks.clear()

    def promote(self, contents: Mapping[str, Digests | None]) -> None:
        """Take note, by URN, of the content that passed in the environment promoted from."""
        self._promoted = contents
        self._outlooks.clear()

    async def recorded(self) -> Mapping[str, RecordedRun]:
        """Return the sessions, by URN, that the stack's state had before this program declared the first one."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(_read_state())
        return (await self._reading).runs

    def releases(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the outputs of the releases that the stack's state had, by URN."""
        return {urn: release.outputs for urn, release in self._state.releases.items()}

    def rename(self, urns: Mapping[str, str]) -> None:
        """Let recorded sessions have the URNs that they are declared under now; *urns* has the old ones by these."""
        recorded, old = self._state, set(urns.values())
        runs = {urn: run for urn, run in recorded.runs.items() if urn not in old}
        renamed = {urn: recorded.runs[urns[urn]] for urn in urns}
        self._reading = asyncio.get_running_loop().create_future()
        self._reading.set_result(replace(recorded, runs={**runs, **renamed}))
        self._old_names = {name_of(urn): name_of(urns[urn]) for urn in urns}

    def old_name(self, name: str) -> str | None:
        """Return the name that a renamed session, and its checks, have in the state; None for any other."""
        return self._old_names.get(name)

    def recognise_releases(self, declared: Sequence[Release], names: Collection[str]) -> None:
        """Let recorded releases have the names that they are declared under now; *names* are those of all runs."""
        if not declared:
            return
        from tornado_resource.stacks.renames import renamed_releases

        self._old_releases = renamed_releases(declared, self._state, names)

    def old_release(self, name: str) -> str | None:
        """Return the name that a renamed release has in the state; None for any other."""
        return self._old_releases.get(name)

    def recorded_run(self, urn: str) -> RecordedRun | None:
        """Return the session that the stack's state had under a URN."""
        return self._state.runs.get(urn)

    def scenarios(self) -> tuple[StoredScenario, ...]:
        """Return the scenarios that the stack's state had."""
        return self._state.scenarios

    def confirmation(self, session_id: str) -> RecordedRun | None:
        """Return the confirmation of a session that the stack's state had; None if there was none."""
        return self._state.confirmations.get(session_id)

    def rates(self, session_id: str) -> Confirmation | None:
        """Return how the scenarios of a session did in its confirmation, as far as that is recorded."""
        session = self._state.by_id.get(session_id)
        return session.rates if session is not None else None

    async def _find(self, urns: Sequence[str]) -> RecordedRun | None:
        sessions = await self.recorded()
        return next((sessions[urn] for urn in urns if urn in sessions), None)

    async def decision(self, urns: Sequence[str], declared: Mapping[str, Any] | None) -> Decision | None:
        """Return whether a session runs again although its declaration is unchanged.

        Args:
            urns: the URN of the session's resource, and those that it may have been recorded under before.
            declared: its inputs; None if not all of them are known.

        Returns:
            None if that does not depend on its last run, or if none is recorded.

        """
        if declared is None:
            await self.recorded()  # nothing starts if it cannot be read
            return None
        return (await self._outlook(urns, declared)).decision

    async def _outlook(self, urns: Sequence[str], declared: Mapping[str, Any]) -> Outlook:
        """Return what this update does with a run, made once for the same inputs; the arguments are of `decision`."""
        session = await self._find(urns)
        if session is None:
            return Outlook()
        key, basis = (urns[0], session.run_id), (declared, frozenset(self._versions.put_back))
        outlook = self._outlooks.get(key)
        if outlook is None or outlook[0] != basis:
            outlook = basis, asyncio.ensure_future(self._decide(urns[0], session, declared))
            self._outlooks[key] = outlook
        return await outlook[1]

    async def _decide(self, urn: str, session: RecordedRun, declared: Mapping[str, Any]) -> Outlook:
        rerun, gate = self._rule(urn, declared)
        if compare(session.kind, session.declared, declared).replaces:
            return Outlook(session, is_replaced=True)
        if not must_be_known(rerun, gate):
            return Outlook(session)
        last = await self._with_drift(session, rerun, await self._last_run(urn, session, gate))
        return Outlook(session, decision=Decision.of(rerun, gate, last))

    def _rule(self, urn: str, declared: Mapping[str, Any]) -> tuple[str, Gate | None]:
        """Return what decides whether a session runs again. The config is for this update: no state has it."""
        rerun = self._rerun or declared.get("rerun", DEFAULT_RERUN)
        return "on_change" if urn in self._held else rerun, Gate.of_inputs(declared, today())

    async def version(self, kind: Kind, urns: Sequence[str], declared: Mapping[str, Any]) -> tuple[Any, str | None]:
        """Return what a declared version such as `latest` stands for, and why that is tested again, if it is.

        It is what it stands for at the API now. But a run that has not ended goes on with the version that it was
        started on, and so does one whose verdict is for the newest version, which may be its own fork. After a crash,
        it is the version of the start that was cut off.

        Args:
            kind: the kind of run.
            urns: the URN of the run's resource, and those that it may have been recorded under before.
            declared: its inputs.

        Raises:
            TornadoError: the versions cannot be read, or there are none.

        """
        session = await self._find(urns)
        if session is not None:
            version = kind.known_version(kind.request_of(declared), session.resource.outputs)
            if version is not None:
                return version, None
        newest = await self._newest_version(kind, declared)
        if not kind.is_moving(declared[kind.version_field]):
            return newest, None
        cut_off = _cut_off_start(kind, urns[0], kind.place_id(declared), session)
        if cut_off is not None:
            return cut_off, None
        if session is None:
            return newest, None
        return await self._latest_of(urns[0], session, declared, newest)

    async def _newest_version(self, kind: Kind, declared: Mapping[str, Any]) -> Any:
        """Return what a declared version stands for, as it was when this run asked first."""
        key = (kind.name, *kind.version_source(declared))
        if key not in self._newest:
            self._newest[key] = asyncio.ensure_future(self._find_version(kind, declared))
        return await self._newest[key]

    def newest_seen(self, kind: Kind, declared: Mapping[str, Any]) -> Any:
        """Return what a declared version stands for, if this run has read it already; else None."""
        asked = self._newest.get((kind.name, *kind.version_source(declared)))
        return asked.result() if asked is not None and asked.done() and asked.exception() is None else None

    async def _find_version(self, kind: Kind, declared: Mapping[str, Any]) -> Any:
        async with self._client.open() as client:
            version = await kind.find_version(client, declared)
        if version.variables is not None:
            self._variables[_tested(kind, {**declared, kind.version_field: version.version})] = version.variables
        return version.version

    def variables(self, kind: Kind, declared: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return the names of the variables that a version refers to which this run has read; None for any other."""
        return self._variables.get(_tested(kind, declared))

    async def _latest_of(
        self, urn: str, session: RecordedRun, declared: Mapping[str, Any], newest: Any
    ) -> tuple[Any, str | None]:
        kind = kind_of(session.kind)
        started = session.request.get(kind.version_field)
        if started is None:
            return newest, None
        if compare(session.kind, session.declared, {**declared, kind.version_field: started}).replaces:
            return newest, None
        rerun, gate = self._rule(urn, declared)
        if started == newest and not must_be_known(rerun, gate):
            return started, None
        last = await self._with_drift(session, rerun, await self._last_run(urn, session, gate))
        if last.state != "ended":
            return started, None
        reason = rerun_reason(rerun, gate, last)
        if reason is not None:
            return newest, reason
        is_of_newest = last.verdict is not None and kind.version_of(last.verdict) == newest
        return (started if is_of_newest or not await self._is_newer(newest, session, rerun) else newest), None

    async def _is_newer(self, newest: Any, session: RecordedRun, rerun: str) -> bool:
        """Return whether the newest version is to be tested; the session has met its gate on an earlier one.

        A version that a run of this stack has made is somebody else's once it was edited.
        """
        kind, forks = kind_of(session.kind), self._forks(session)
        fork = forks.pop(newest, None)
        if fork is not None:
            made = RunBasis(session.request, newest, fork.content, None)
            if rerun != "on_drift" or await kind.find_drift(self._versions, made) is None:
                forks[newest] = fork
        return is_newer(newest, session.resource.urn, session.request[kind.version_field], forks)

    def _forks(self, session: RecordedRun) -> dict[Any, Fork]:
        """Return the versions that the recorded runs in the place of a session have made."""
        kind = kind_of(session.kind)
        others = [run for run in self._state.runs.values() if run.kind == session.kind and run.verdict is not None]
        place = kind.place_id(session.declared)
        made = [
            Fork.of(run.resource.urn, run.request.get(kind.version_field), run.verdict)
            for run in others
            if run.verdict is not None and kind.place_id(run.declared) == place
        ]
        return dict(fork for fork in made if fork is not None)

    async def started_version(self, urns: Sequence[str]) -> Any:
        """Return the version that the recorded run was started on; the argument is that of `version`."""
        session = await self._find(urns)
        return session.request.get(kind_of(session.kind).version_field) if session is not None else None

    async def is_settled(self, declared: Mapping[str, Any], gated: GatedRun) -> bool:
        """Return whether this update will leave a session as it is; the arguments are those of `kept`.

        A `latest` that is not resolved yet counts as the version that the session was started on.
        """
        session, kind = (await self.recorded()).get(gated.urn), kind_of(gated.kind)
        if session is not None and not kind.is_resolved(declared.get(kind.version_field)):
            declared = {**declared, kind.version_field: session.request.get(kind.version_field)}
        return await self.kept(declared, gated) is not None

    async def starts(
        self, urn: str, declared: Mapping[str, Any], former: Sequence[str] = (), *, adopts: bool = False
    ) -> bool:
        """Return whether this update may start a run: it is new, it is replaced, or it runs again.

        Args:
            urn: the URN of its resource.
            declared: its inputs. It may start, too, if that depends on one that is not known yet.
            former: the URNs that it may have been recorded under before.
            adopts: whether it takes over what runs already. That may stay in the config after an adoption: what is in
                the state then starts as any other.

        """
        urns = [urn, *former]
        if adopts and await self._find(urns) is None:
            return False
        return is_replaced(urn) or not is_plain(declared) or (await self._outlook(urns, declared)).starts

    async def kept(self, declared: Mapping[str, Any], gated: GatedRun) -> Result | None:
        """Return the recorded result of a session that this update will leave as it is; None for any other.

        Args:
            declared: the session's inputs.
            gated: the session as declared.

        """
        session = (await self.recorded()).get(gated.urn)
        if session is None or session.verdict is None or (await self._outlook([gated.urn], declared)).starts:
            return None
        # The ids of declared scenarios are in the inputs only.
        request = kind_of(session.kind).request_of(declared)
        scenarios = by_id(request, [*gated.scenarios.values()])
        gate = Gate.of_inputs(declared, today()) or gated.gate  # and those in its quarantine, too
        gated_run = replace(gated, run_id=session.run_id, adopted=session.adopted, request=request, gate=gate)
        return session.result(replace(gated_run, scenarios=scenarios))

    async def result(self, gated: GatedRun) -> Result | None:
        """Return the recorded result of a declared session, if it is final and about the same session and gate."""
        await self.recorded()
        session = self._state.by_id.get(gated.run_id)
        return session.result(gated) if session is not None else None

    def scenario_names(self, urn: str) -> Mapping[str, str]:
        """Return the names of the scenarios that a session ran last, by id, as far as its verdict has them."""
        session = self._state.runs.get(urn)
        return session.scenario_names if session is not None else {}

    async def with_known(self, gated: GatedRun) -> GatedRun:
        """Return a session with what has been read of it: its status now, and its content when it had ended."""
        await self.recorded()
        asked, recorded, facts = self._asked.get(gated.run_id), self._state.by_id.get(gated.run_id), gated.known
        if asked is not None:
            facts = replace(facts, status=asked.known.status, content=asked.known.content)
        if recorded is not None:
            # A later look could take an edit for what passed.
            is_known = recorded.verdict is not None or recorded.ended_content is not None
            content = recorded.ended_content if is_known else facts.content
            facts = replace(facts, content=content, doubt=recorded.doubt)
        return replace(gated, known=replace(facts, was_shown=self._was_shown(gated)))

    def _was_shown(self, gated: GatedRun) -> bool:
        """Return whether the API has shown a content to this run, or to the one before it of the same subject."""
        before = self._state.runs.get(gated.urn)
        if before is None or not before.was_shown:
            return False
        subject = kind_of(gated.kind).place_outputs[0]
        return bool(before.declared.get(subject) == gated.request.get(subject))

    @property
    def _state(self) -> Recorded:
        """The state, which must have been read: to take one that was not for an empty one would lose verdicts."""
        assert self._reading is not None  # noqa: S101
        return self._reading.result()

    async def _last_run(self, urn: str, session: RecordedRun, gate: Gate | None) -> LastRun:
        """Return the last run of a recorded session by a gate: from its recorded verdict, else by asking once."""
        if session.verdict is not None and session.verdict.gate == (gate or session.verdict.gate):
            return self._settled(urn, session.verdict)
        key = (session.run_id, gate or ANY)
        if key not in self._asking:
            self._asking[key] = asyncio.ensure_future(self._ask(urn, session, gate or ANY))
        return await self._asking[key]

    def _settled(self, urn: str, verdict: RunVerdict) -> LastRun:
        last, promoted = LastRun.recorded(verdict), self._promoted.get(urn)
        if last.outcome != "passed" or not is_outdated(verdict, promoted):
            return last
        there = promoted.like(verdict.content) if promoted is not None else None
        words = "has other content now", "may have other content now"
        other = f"it passed here with {short(verdict.content)}, and {short(there)} is promoted"
        difference = difference_in_words(Digests.of(verdict.content), promoted, words, other)
        return replace(last, outcome="incomplete", reason=f"version {verdict.version} {difference}")

    async def _ask(self, urn: str, session: RecordedRun, gate: Gate) -> LastRun:
        from tornado_resource.runs.results import read_last_run

        gated = replace(session.under(gate), promoted=PromotedVersion(content=self._promoted.get(urn)))
        try:
            async with self._client.open() as client:
                last, read = await read_last_run(client, gated)
        except TornadoError as error:
            return LastRun(session.run_id, gate, problem=str(error))
        self._asked[session.run_id] = read
        return last

    def _basis(self, session: RecordedRun, last: LastRun) -> RunBasis:
        """Return what a session was tested on, without the scenarios that this update puts back."""
        basis, put_back = session.basis, self._versions.put_back
        if last.verdict is not None:
            basis = last.verdict.basis(session.request, session.started_content, session.started_scenarios)
        if basis.scenarios is None:
            return basis
        return replace(
            basis,
            scenarios={key: scenario_digest for key, scenario_digest in basis.scenarios.items() if key not in put_back},
        )

    async def _with_drift(self, session: RecordedRun, rerun: str, last: LastRun) -> LastRun:
        if rerun != "on_drift" or last.outcome != "passed":
            return last
        tested = self._basis(session, last)
        self._versions.note_form(tested.content)
        try:
            return replace(last, drift=await kind_of(session.kind).find_drift(self._versions, tested))
        except TornadoError as error:
            return replace(last, problem=str(error))


def intent_of(kind: Kind, urn: str) -> Intent | None:
    """Return the intent of a run of this machine whose start may have been cut off; None if there is none."""
    path = resource_path(name_of(urn))
    address = resource_address(path, pulumi.get_project(), os.environ, parents_of(urn))
    return IntentStore(intents_folder(os.environ, kind.intents)).find(address)


def _tested(kind: Kind, declared: Mapping[str, Any]) -> tuple[str, ...]:
    return kind.name, str(declared[kind.place_outputs[0]]), str(declared.get(kind.version_field))


def _cut_off_start(kind: Kind, urn: str, place_id: str, session: RecordedRun | None) -> int | str | None:
    """Return the version that a start asked for which the state does not know; None if there is no such start."""
    intent = intent_of(kind, urn)
    if intent is None or intent.pathway_id != place_id:
        return None
    is_recorded = session is not None and intent.session_id == session.run_id
    return intent.version if not is_recorded else None


async def _read_state() -> Recorded:
    outputs = read_outputs(await read_resources())
    runs = {urn: _unless_replaced(run) for urn, run in outputs.runs.items()}
    return replace(outputs, runs=runs, by_id={run.run_id: run for run in runs.values()})


def _unless_replaced(run: RecordedRun) -> RecordedRun:
    """Return a run without its verdict if the command line replaces its confirmation: another set decides then."""
    if run.recorded is None or run.confirmation is None or not is_replaced(run.confirmation.resource.urn):
        return run
    return replace(run, recorded={**run.recorded, "outcome": "incomplete"}, verdict=None)
