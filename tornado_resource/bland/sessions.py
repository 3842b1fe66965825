"""The requests of the API's page *Tornado*, and what the responses say.

Every function sends one request; retries are the caller's choice, because a start must never be retried blindly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from tornado_resource.bland.responses import (
    MAX_ID_CHARACTERS,
    UNREADABLE_ID,
    Meaning,
    error_text,
    free_text,
    id_fault,
    id_or_unreadable,
    other_fault,
    reported_error,
    segment,
    spelling,
    time_text,
    unusable,
    whole_number,
    word,
    word_fault,
)
from tornado_resource.core.text import clean
from tornado_resource.errors import ForeignResponse, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Json


T = TypeVar("T")
_PATH: Final = "/v1/agent-testing/tornado"
RUNNING: Final = "RUNNING"
SESSION_STATUSES: Final[Mapping[str, Meaning]] = {
    "COMPLETED_ALL_PASSED": Meaning(),
    "COMPLETED_PARTIAL": Meaning(),
    "TIMEOUT": Meaning("it reached its time limit", advice="Raise `timeout_ms`, or run fewer scenarios"),
    "STUCK": Meaning("it got stuck: a fix did not help", advice="Fix by hand what the session could not fix"),
    "CANCELLED": Meaning("it was cancelled", advice="Find out who cancelled it"),
    "ERROR": Meaning("it stopped with an error", advice="Look at the session in Bland's dashboard"),
}
"""The final statuses (API page *Get Tornado Status*), and all that is decided by them. Any other one but `RUNNING` is
unknown."""
MAX_ITERATIONS: Final = 100
"""How many iterations of a session are kept: the last ones."""
MAX_IDS: Final = 5_000
"""How many different scenario ids of a session are kept: the first ones."""
MAX_FIXES: Final = 100
"""How many fixes of an iteration are kept: the first ones."""
_FIX_KEY: Final = re.compile(r"(\w*_)?(appl(y|ied)|changes?|edits?|fixes|patch(es)?|priority_order|repairs?)(_|$)")
SESSION_ID_KEYS: Final = ("session_id", "tornado_id", "id")


@dataclass(frozen=True, slots=True)
class Started:
    """The response of *Start Tornado Session*. *session_id* and *created_at* are unchanged, byte for byte."""

    session_id: str
    created_at: str | None
    status: str
    max_iterations: int | None
    timeout_ms: int | None

    @classmethod
    def parse(cls, content: Json) -> Started | None:
        """Parse a response body; None if it cannot be recorded (`session_fault`)."""
        if session_fault(content) is not None:
            return None
        return cls(
            session_id=_session_id(content),
            created_at=time_text(content.get("created_at")),
            status=word(content.get("status")) or RUNNING,
            max_iterations=whole_number(content.get("max_iterations")),
            timeout_ms=whole_number(content.get("timeout_ms")),
        )


@dataclass(frozen=True, slots=True)
class Active:
    """The response of *Get Active Tornado Session*. *responded_at* is the API's time (Date header) if present.

    *scenario_ids* are those of the request. They and *timeout_ms* are None where the API does not show them.
    """

    session_id: str
    created_at: str | None
    status: str
    persona_id: str | None
    max_iterations: int | None
    total_scenarios: int | None
    responded_at: datetime | None
    timeout_ms: int | None = None
    scenario_ids: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, content: Json, responded_at: datetime | None) -> Active | None:
        """Parse a response body; None if it cannot be recorded (`session_fault`)."""
        if session_fault(content) is not None:
            return None
        return cls(
            session_id=_session_id(content),
            created_at=time_text(content.get("created_at")),
            status=word(content.get("status")) or RUNNING,
            persona_id=id_or_unreadable(content.get("persona_id")),
            max_iterations=whole_number(content.get("max_iterations")),
            total_scenarios=whole_number(content.get("total_scenarios")),
            responded_at=responded_at,
            timeout_ms=whole_number(content.get("timeout_ms")),
            # An empty list may stand for "all enabled ones", or for "not known yet".
            scenario_ids=_Kept().ids(content, "scenario_ids") or None,
        )


@dataclass(frozen=True, slots=True)
class Fix:
    """One fix of an iteration's fix plan."""

    target_node: str | None
    description: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iteration of a session: the scenarios that passed and failed, and the fixes applied after it."""

    number: int | None
    started_at: str | None
    completed_at: str | None
    passed_ids: tuple[str, ...]
    failed_ids: tuple[str, ...]
    fixes: tuple[Fix, ...]
    batch_id: str | None = None
    """The batch of its runs; None if there is none that a request can name."""


@dataclass(frozen=True, slots=True)
class Omitted:
    """How much of a response is left out, since it is more than `MAX_ITERATIONS`, `MAX_IDS` and `MAX_FIXES`."""

    iterations: int = 0
    ids: int = 0
    fixes: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The response of *Get Tornado Status*."""

    status: str
    current_iteration: int | None = None
    max_iterations: int | None = None
    total_scenarios: int | None = None
    passed_scenarios: int | None = None
    failed_scenarios: int | None = None
    unfixable_ids: tuple[str, ...] = ()
    unfixable_count: int | None = None
    error_message: str | None = None
    iterations: tuple[Iteration, ...] = ()
    elapsed_ms: int | None = None
    timeout_ms: int | None = None
    forked_version: int | None = None
    has_forked: bool = False
    """Whether the response names a forked version, even one that is not a number, or omits iterations with fixes."""
    created_at: str | None = None
    """None for a session: the API shows it only for those that run, in another response."""
    omitted: Omitted = Omitted()
    unreadable: tuple[str, ...] = ()
    """The lists that are none, or have an entry that cannot be read. It may be a scenario that failed."""

    @classmethod
    def parse(cls, content: Json) -> Status | None:
        """Parse a response body; None if it has no status, or one that is refused."""
        status = word(content.get("status"))
        if status is None:
            return None
        kept = _Kept()
        entries = kept.entries(content, "iterations", lambda entry: entry if isinstance(entry, dict) else None)
        if all(whole_number(entry.get("iteration")) is not None for entry in entries):
            # The API's page does not say in which order they are.
            entries.sort(key=lambda entry: whole_number(entry["iteration"]) or 0)
        omitted, iterations = entries[:-MAX_ITERATIONS], tuple(map(kept.iteration, entries[-MAX_ITERATIONS:]))
        forked = _fork(content)
        return cls(
            status=status,
            current_iteration=whole_number(content.get("current_iteration")),
            max_iterations=whole_number(content.get("max_iterations")),
            total_scenarios=whole_number(content.get("total_scenarios")),
            passed_scenarios=whole_number(content.get("passed_scenarios")),
            failed_scenarios=whole_number(content.get("failed_scenarios")),
            unfixable_ids=kept.ids(content, "unfixable_ids"),
            unfixable_count=whole_number(content.get("unfixable_count")),
            error_message=error_text(content.get("error_message")),
            iterations=iterations,
            elapsed_ms=whole_number(content.get("elapsed_ms")),
            timeout_ms=whole_number(content.get("timeout_ms")),
            forked_version=whole_number(forked),
            has_forked=forked is not None or any(map(_plan, omitted)),
            omitted=Omitted(len(omitted), kept.omitted_ids, kept.omitted_fixes),
            unreadable=tuple(dict.fromkeys(kept.unreadable)),
        )

    def spelled_as(self, ids: Iterable[str]) -> Self:
        """Return the status with each scenario id in one spelling: that of *ids*, else the first one."""
        spell = spelling(ids)

        def spelled(identifiers: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(map(spell, identifiers)))

        iterations = tuple(
            replace(iteration, passed_ids=spelled(iteration.passed_ids), failed_ids=spelled(iteration.failed_ids))
            for iteration in self.iterations
        )
        return replace(self, iterations=iterations, unfixable_ids=spelled(self.unfixable_ids))

    @property
    def is_running(self) -> bool:
        """Whether the session is running."""
        return self.status == RUNNING

    @property
    def is_repaired(self) -> bool:
        """Whether the session changed the pathway: it forked a version, or planned fixes, as far as that is shown."""
        # `has_forked` without `forked_version`: the API names a version that cannot be read. That is a repair too.
        has_fork = self.has_forked or self.forked_version is not None
        return has_fork or self._hides_iterations or any(iteration.fixes for iteration in self.iterations)

    @property
    def _hides_iterations(self) -> bool:
        """Whether iterations ran that the response does not show. After each but the last one, fixes were applied."""
        numbers = (self.current_iteration, *(iteration.number for iteration in self.iterations))
        last = max((number for number in numbers if number is not None), default=0)
        return last > max(len(self.iterations) + self.omitted.iterations, 1)

    @property
    def at_first(self) -> Status | None:
        """How the session was after its first iteration, which ran before any repair; None if that is not shown."""
        first = self.iterations[:1]
        # Only the last ones of many iterations are kept. The API's page does not say whether it counts from 0 or 1.
        if not first or self.omitted.iterations or first[0].number not in {None, 0, 1}:
            return None
        alone = (replace(first[0], fixes=()),)
        status = replace(self, iterations=alone, current_iteration=None, forked_version=None, has_forked=False)
        failed = len(status.failed_ids)
        return replace(status, passed_scenarios=len(status.last_results) - failed, failed_scenarios=failed)

    @property
    def is_full_run(self) -> bool:
        """Whether the last iteration ran every scenario of the session, so that all results are of one version."""
        if not self.iterations or self.omitted.ids:
            return False
        last = self.iterations[-1]
        ran = {*last.passed_ids, *last.failed_ids}
        return len(ran) == self.total_scenarios and ran.issuperset(self.last_results)

    @property
    def last_results(self) -> dict[str, bool]:
        """By scenario id, whether the scenario passed the last time it ran."""
        results: dict[str, bool] = {}
        for iteration in self.iterations:
            results.update(dict.fromkeys(iteration.passed_ids, True))
            # After the passed ones: an id in both lists counts as failed.
            results.update(dict.fromkeys(iteration.failed_ids, False))
        return results

    @property
    def failed_ids(self) -> list[str]:
        """The scenarios that failed the last time they ran, in the order of their first run."""
        return [scenario_id for scenario_id, has_passed in self.last_results.items() if not has_passed]

    @property
    def shown(self) -> dict[str, Any]:
        """What a resource has as outputs of it beside the status."""
        return {"max_iterations": self.max_iterations, "timeout_ms": self.timeout_ms}

    @property
    def has_omissions(self) -> bool:
        """Whether a part of the response was left out."""
        return self.omitted != Omitted()

    @property
    def is_final(self) -> bool:
        """Whether the session has ended. An unknown status is neither running nor final."""
        return self.status in SESSION_STATUSES


class _Kept:
    """What is kept of the lists of one response, and a count of the rest."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self.omitted_ids = 0
        self.omitted_fixes = 0
        self.unreadable: list[str] = []

    def iteration(self, entry: Json) -> Iteration:
        return Iteration(
            number=whole_number(entry.get("iteration")),
            started_at=time_text(entry.get("started_at")),
            completed_at=time_text(entry.get("completed_at")),
            passed_ids=self.ids(entry, "passed_ids"),
            failed_ids=self.ids(entry, "failed_ids"),
            fixes=self._fixes(_plan(entry)),
            batch_id=word(entry.get("batch_id"), MAX_ID_CHARACTERS),
        )

    def ids(self, content: Json, key: str) -> tuple[str, ...]:
        """Return the different ids of a list of scenarios, in its order."""
        ids = map(self._id, self.entries(content, key, _scenario_id))
        return tuple(dict.fromkeys(scenario_id for scenario_id in ids if scenario_id is not None))

    def entries(self, content: Json, key: str, read: Callable[[Any], T | None]) -> list[T]:
        """Return the entries of a list as *read* makes them, as far as it can; note if that is not all."""
        value = content.get(key)
        parts = [read(entry) for entry in value] if isinstance(value, list) else []
        if None in parts or not isinstance(value, list | None):
            self.unreadable.append(key)
        return [part for part in parts if part is not None]

    def _id(self, entry: str) -> str | None:
        kept = self._ids.get(entry)
        if kept is not None:
            return kept
        if len(self._ids) >= MAX_IDS:
            self.omitted_ids += 1
            return None
        return self._ids.setdefault(entry, id_or_unreadable(entry) or UNREADABLE_ID)

    def _fixes(self, entries: list[Any]) -> tuple[Fix, ...]:
        self.omitted_fixes += len(entries[MAX_FIXES:])
        return tuple(_fix(entry if isinstance(entry, dict) else {}) for entry in entries[:MAX_FIXES])


def _scenario_id(entry: Any) -> str | None:
    """Return the id of an entry of a list of scenarios: the entry itself, or one of its fields; None without any."""
    fields = (entry.get("scenario_id"), entry.get("id")) if isinstance(entry, dict) else (entry,)
    value = next((field for field in fields if field is not None), None)
    return value if isinstance(value, str) else None


def session_fault(content: Json) -> str | None:
    """Return why the session of a response cannot be recorded, fit to be shown; None if it can be.

    The API's page says `session_id`, the vendor's command line reads `tornado_id`, and other endpoints have `id`. The
    first that is not null counts: an id of the wrong type is not replaced by another field's value.
    """
    fault = id_fault({"session_id": _session_id(content)}, "session_id")
    return fault or next((fault for key in ("created_at", "status") if (fault := word_fault(content, key))), None)


def identity_fault(content: Json, *, session_id: str | None = None, pathway_id: str | None = None) -> str | None:
    """Return why a response is not about what was asked for, fit to be shown; None if it may be.

    Args:
        content: the response body.
        session_id: the session that was asked for.
        pathway_id: the pathway that was asked for, or that of the session.

    """
    session = ("session", _session_id(content), session_id)
    return other_fault(session, ("pathway", content.get("pathway_id"), pathway_id))


def _session_id(content: Json) -> Any:
    return next((content[key] for key in SESSION_ID_KEYS if content.get(key) is not None), None)


def is_no_session(content: Json) -> bool:
    """Return whether a response body says that there is no session: it has an id, and the id is null."""
    ids = [content[key] for key in SESSION_ID_KEYS if key in content]
    return bool(ids) and all(value is None for value in ids)


def _fork(content: Json) -> Any:
    """Return the forked version, readable or not; None if there is none. Version 0 is the live one, and no fork."""
    forked = content.get("forked_version")
    number = whole_number(forked)
    return None if number is not None and number < 1 else forked


def _plan(iteration: Json) -> list[Any]:
    """Return the fixes of an iteration. A plan of another shape is one fix: a repair must not go unnoticed."""
    plan = iteration.get("fix_plan")
    fixes = plan.get("fixes") if isinstance(plan, dict) else plan
    if isinstance(fixes, list) and fixes:
        return fixes
    is_other_shape = isinstance(plan, dict) and not isinstance(fixes, list) and any(plan.values())
    return [fixes] if fixes or is_other_shape or _names_fix(plan) or _names_fix(iteration) else []


def _names_fix(content: Any) -> bool:
    """Return whether a part of a response has, beside a plan without fixes, a value that is one by its name."""
    return isinstance(content, dict) and any(value and _FIX_KEY.match(key) for key, value in content.items())


def _fix(entry: Json) -> Fix:
    return Fix(free_text(entry.get("target_node")), free_text(entry.get("description")), free_text(entry.get("type")))


async def start_session(client: Client, request: Mapping[str, Any]) -> Started:
    """Start a session (*Start Tornado Session*).

    Raises:
        OutcomeUnknown: among others, a 2xx response without an id that can be recorded.

    """
    label = f"start on pathway {clean(str(request['pathway_id']))}"
    reply = await client.request_object(label, "POST", f"{_PATH}/start", body=request)
    started = Started.parse(reply.body)
    if started is None:
        raise unusable(label, reply.body, session_fault(reply.body) or "")
    client.recognize()
    return started


async def read_active(client: Client, pathway_id: str) -> Active | None:
    """Return the session that runs on a pathway (*Get Active Tornado Session*); None if there is none."""
    try:
        return await find_active(client, pathway_id)
    except NotFound:
        return None


async def find_active(client: Client, pathway_id: str) -> Active | None:
    """As `read_active`, but raise the `NotFound` by which the API says that there is none."""
    label = f"active session of pathway {clean(pathway_id)}"
    reply = await client.request_object(label, "GET", f"{_PATH}/active", query={"pathway_id": pathway_id})
    content = reply.body
    fault = identity_fault(content, pathway_id=pathway_id)
    if fault is not None:
        raise ForeignResponse(label, fault)
    active = Active.parse(content, reply.responded_at)
    # Only an explicit null means "none". A response without the key may be something else altogether, and a start
    # that is sent because of it could be the second one.
    if active is None and (reported_error(content) or not is_no_session(content)):
        raise unusable(label, content, session_fault(content) or "")
    client.recognize()
    return active


async def read_status(client: Client, session_id: str, pathway_id: str | None = None) -> Status:
    """Return the status of a session (*Get Tornado Status*).

    Args:
        client: sends the request.
        session_id: the session.
        pathway_id: its pathway, if that is known.

    Raises:
        ForeignResponse: the response is about another session or pathway.

    """
    label = f"status of session {clean(session_id)}"
    content = (await client.request_object(label, "GET", f"{_PATH}/{segment(label, session_id)}/status")).body
    status = Status.parse(content)
    if status is None or (status.status == "error" and session_fault(content) is not None):
        raise unusable(label, content, word_fault(content, "status") or "the response has no status")
    fault = identity_fault(content, session_id=session_id, pathway_id=pathway_id)
    if fault is not None:
        raise ForeignResponse(label, fault)
    client.recognize()
    return status


async def cancel_session(client: Client, session_id: str) -> None:
    """Cancel a session (*Cancel Tornado Session*). Any 2xx counts: the API's page does not define the body."""
    label = f"cancel session {clean(session_id)}"
    await client.send(label, "POST", f"{_PATH}/{segment(label, session_id)}/cancel", body={})


async def cancel_by_body(client: Client, session_id: str) -> None:
    """Cancel a session by the request that the vendor's command line sends. No page of the API shows it."""
    label = f"cancel session {clean(session_id)}"
    await client.send(label, "POST", f"{_PATH}/cancel", body={"tornado_id": session_id})
