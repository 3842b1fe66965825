"""The API's responses as typed values, and the one door for text from the API.

Fields have the names of the API's pages. Unknown fields are ignored. A value that is missing or has the wrong type is
None, never a guess. Ids, times and statuses are unchanged, byte for byte, or refused: they end up in stack outputs,
which Pulumi prints as they are. All other text is cleaned. What is beyond the limits below is left out, and counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from tornado_resource.bland.scenario_content import scenario_digest
from tornado_resource.bland.values import (
    MAX_ID_CHARACTERS,
    MAX_WORD_CHARACTERS,
    free_text,
    whole_number,
    word,
)
from tornado_resource.core.text import clean
from tornado_resource.errors import InvalidRequest, OutcomeUnknown, ReportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNNING: Final = "RUNNING"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a final status says of a session.

    *failure*: why its gate is not met, whatever ran; None if the session completed, so that its results decide.
    *advice*: what to do about that failure. *says_nothing*: whether nothing is known of what was tested: the verdict is
    `incomplete` then, and not `failed`.
    """

    failure: str | None = None
    advice: str = ""
    says_nothing: bool = False


STATUSES: Final[Mapping[str, Meaning]] = {
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
MAX_SCENARIOS: Final = 10_000
"""How many scenarios a pathway may have. None of them may be left out: any could be required for promotion."""

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,63}")
SESSION_ID_KEYS: Final = ("session_id", "tornado_id", "id")
SEGMENT: Final = re.compile(r"[A-Za-z0-9._~:@-]{0,127}[A-Za-z0-9_~:@-]")
"""One URL path segment of at most 128 characters. No dot at the end: `..` would be another path."""
SEGMENT_EXPECTED: Final = "1 to 128 letters, digits and . _ ~ : @ -, with no dot at the end"
UNREADABLE_ID: Final = "(unreadable id)"
"""Stands for a scenario or persona id that is refused. It is equal to none that is declared."""

Json = dict[str, Any]


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
            created_at=word(content.get("created_at")),
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
            created_at=word(content.get("created_at")),
            status=word(content.get("status")) or RUNNING,
            persona_id=_id(content.get("persona_id")),
            max_iterations=whole_number(content.get("max_iterations")),
            total_scenarios=whole_number(content.get("total_scenarios")),
            responded_at=responded_at,
            timeout_ms=whole_number(content.get("timeout_ms")),
            # An empty list may stand for "all enabled ones", or for "not known yet".
            scenario_ids=_Kept().ids(content.get("scenario_ids")) or None,
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

    @classmethod
    def parse(cls, content: Json) -> Status | None:
        """Parse a response body; None if it has no status, or one that is refused."""
        status = word(content.get("status"))
        if status is None:
            return None
        listed = content.get("iterations")
        entries = [entry for entry in (listed if isinstance(listed, list) else []) if isinstance(entry, dict)]
        if all(whole_number(entry.get("iteration")) is not None for entry in entries):
            # The API's page does not say in which order they are.
            entries.sort(key=lambda entry: whole_number(entry["iteration"]) or 0)
        omitted, kept = entries[:-MAX_ITERATIONS], _Kept()
        return cls(
            status=status,
            current_iteration=whole_number(content.get("current_iteration")),
            max_iterations=whole_number(content.get("max_iterations")),
            total_scenarios=whole_number(content.get("total_scenarios")),
            passed_scenarios=whole_number(content.get("passed_scenarios")),
            failed_scenarios=whole_number(content.get("failed_scenarios")),
            unfixable_ids=kept.ids(content.get("unfixable_ids")),
            unfixable_count=whole_number(content.get("unfixable_count")),
            error_message=error_text(content.get("error_message")),
            iterations=tuple(kept.iteration(entry) for entry in entries[-MAX_ITERATIONS:]),
            elapsed_ms=whole_number(content.get("elapsed_ms")),
            timeout_ms=whole_number(content.get("timeout_ms")),
            forked_version=whole_number(content.get("forked_version")),
            has_forked=content.get("forked_version") is not None or any(map(_plan, omitted)),
            omitted=Omitted(len(omitted), kept.omitted_ids, kept.omitted_fixes),
        )

    def spelled_as(self, ids: Iterable[str]) -> Self:
        """Return the status with each scenario id in one spelling: that of *ids*, else the first one."""
        spell = spelling(ids)

        def spelled(found: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(map(spell, found)))

        iterations = tuple(
            replace(each, passed_ids=spelled(each.passed_ids), failed_ids=spelled(each.failed_ids))
            for each in self.iterations
        )
        return replace(self, iterations=iterations, unfixable_ids=spelled(self.unfixable_ids))

    @property
    def is_running(self) -> bool:
        """Whether the session is running."""
        return self.status == RUNNING

    @property
    def is_repaired(self) -> bool:
        """Whether the session changed the pathway: it forked a version, or an iteration planned fixes."""
        # `has_forked` without `forked_version`: the API names a version that cannot be read. That is a repair too.
        has_fork = self.has_forked or self.forked_version is not None
        return has_fork or any(iteration.fixes for iteration in self.iterations)

    @property
    def at_first(self) -> Status | None:
        """How the session was after its first iteration, which ran before any repair; None if that is not shown."""
        first = self.iterations[:1]
        # Only the last ones of many iterations are kept. The API's page does not say whether it counts from 0 or 1.
        if not first or self.omitted.iterations or first[0].number not in {None, 0, 1}:
            return None
        known = replace(self, iterations=(replace(first[0], fixes=()),), forked_version=None, has_forked=False)
        failed = len(known.failed_ids)
        return replace(known, passed_scenarios=len(known.last_results) - failed, failed_scenarios=failed)

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
        return self.status in STATUSES


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of a pathway. *entry* is all that the response has of it."""

    scenario_id: str
    name: str | None
    is_required_for_promotion: bool
    entry: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """The digest of what decides how it is run and judged: without white space at the ends of lines and texts."""
        return scenario_digest(self.entry, is_exact=False)

    @property
    def exact_digest(self) -> str:
        """The digest as it was recorded before white space was no difference."""
        return scenario_digest(self.entry)


class _Kept:
    """What is kept of the lists of one response, and a count of the rest."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self.omitted_ids = 0
        self.omitted_fixes = 0

    def iteration(self, entry: Json) -> Iteration:
        return Iteration(
            number=whole_number(entry.get("iteration")),
            started_at=word(entry.get("started_at")),
            completed_at=word(entry.get("completed_at")),
            passed_ids=self.ids(entry.get("passed_ids")),
            failed_ids=self.ids(entry.get("failed_ids")),
            fixes=self._fixes(_plan(entry)),
            batch_id=word(entry.get("batch_id"), MAX_ID_CHARACTERS),
        )

    def ids(self, value: Any) -> tuple[str, ...]:
        """Return the different ids of a list, in its order."""
        found = (self._id(entry) for entry in (value if isinstance(value, list) else []) if isinstance(entry, str))
        return tuple(dict.fromkeys(each for each in found if each is not None))

    def _id(self, entry: str) -> str | None:
        known = self._ids.get(entry)
        if known is not None:
            return known
        if len(self._ids) >= MAX_IDS:
            self.omitted_ids += 1
            return None
        return self._ids.setdefault(entry, _id(entry) or UNREADABLE_ID)

    def _fixes(self, entries: list[Any]) -> tuple[Fix, ...]:
        self.omitted_fixes += len(entries[MAX_FIXES:])
        return tuple(_fix(entry if isinstance(entry, dict) else {}) for entry in entries[:MAX_FIXES])


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


def other_fault(*named: tuple[str, Any, str | None]) -> str | None:
    """Return why a response is not about what was asked for, fit to be shown; None if it may be.

    Args:
        named: for each thing what it is, its id in the response, and the id that was asked for, if that is known.

    """
    for what, found, wanted in named:
        if isinstance(found, str) and wanted is not None and is_other(found, wanted):
            return f"the response is about another {what}: {_shown(found)}"
    return None


def folded(identifier: str) -> str:
    """Return an id in the form in which ids are compared. UUIDs may be written in upper case."""
    return identifier.casefold()


def is_other(found: str, wanted: str) -> bool:
    """Return whether two ids are those of different things."""
    return folded(found) != folded(wanted)


def spelling(ids: Iterable[str]) -> Callable[[str], str]:
    """Return what gives an id the spelling that it has in *ids*, else the one in which it was first met."""
    known = dict.fromkeys(ids)
    first: dict[str, str] = {}
    for each in known:
        first.setdefault(folded(each), each)
    return lambda identifier: identifier if identifier in known else first.setdefault(folded(identifier), identifier)


def id_fault(content: Json, key: str = "id") -> str | None:
    """Return why an id cannot be recorded, or named in a request, fit to be shown; None if it can be."""
    value = content.get(key)
    if not isinstance(value, str) or not value:
        return f"the response has no {key}"
    if SEGMENT.fullmatch(value) is None or word(value, MAX_ID_CHARACTERS) is None:
        return f"the {key} of the response is {_shown(value)} (expected {SEGMENT_EXPECTED})"
    return None


def run_fault(content: Any, noun: str) -> str | None:
    """Return why a run of a response cannot be recorded, fit to be shown; None if it can be. *noun* is its kind."""
    if not isinstance(content, dict):
        return f"the response shows no {noun}"
    status = content.get("status")
    missing = None if isinstance(status, str) and status else "the response has no status"
    return id_fault(content) or missing or word_fault(content, "status") or word_fault(content, "created_at")


def word_fault(content: Json, key: str) -> str | None:
    """Return why a time or status is refused, fit to be shown; None if it is not, or missing."""
    value = content.get(key)
    if not isinstance(value, str) or not value or word(value) is not None:
        return None
    return (
        f"the {key} of the response is {_shown(value)} (expected 1 to {MAX_WORD_CHARACTERS} printable ASCII characters)"
    )


def _shown(value: str) -> str:
    return f"`{clean(value, 60)}`"


def _session_id(content: Json) -> Any:
    return next((content[key] for key in SESSION_ID_KEYS if content.get(key) is not None), None)


def is_no_session(content: Json) -> bool:
    """Return whether a response body says that there is no session: it has an id, and the id is null."""
    given = [content[key] for key in SESSION_ID_KEYS if key in content]
    return bool(given) and all(value is None for value in given)


def error_message(body: Any) -> str:
    """Return the message of an error body, or "". The API's pages show four shapes of it."""
    if not isinstance(body, dict):
        return ""
    candidates: list[Any] = [body.get("message"), body.get("error")]
    errors = body.get("errors")
    for entry in [*(errors if isinstance(errors, list) else []), body.get("error")]:
        if isinstance(entry, dict):
            candidates += [entry.get("message"), entry.get("error")]
    return clean(next((text for text in candidates if isinstance(text, str)), ""))


def error_code(body: Any) -> str | None:
    """Return the code of an error body, such as `CHECKS_BLOCKED`; None if it has none."""
    if not isinstance(body, dict):
        return None
    errors = body.get("errors")
    listed = errors if isinstance(errors, list) else []
    parts = [each for each in (*listed, body.get("error"), body) if isinstance(each, dict)]
    codes = (part.get(key) for part in parts for key in ("code", "error"))
    return next((each for each in codes if isinstance(each, str) and _CODE.fullmatch(each)), None)


def reported_error(body: Any) -> str:
    """Return what a body says if it reports an error, as the body of a 2xx response may; else ""."""
    if not isinstance(body, dict) or not (body.get("status") == "error" or body.get("error") or body.get("errors")):
        return ""
    return f"the API reported an error: {error_message(body) or 'without a message'}"


def publish_error(body: Json) -> str:
    """Return what the body of a *publish* response says if it reports an error, at its top or in `data`; else ""."""
    layers = (part | {"status": "error"} if _status(part) in {"ERROR", "FAILED"} else part for part in _layers(body))
    return next(filter(None, map(reported_error, layers)), "")


def is_pending(body: Json) -> bool:
    """Return whether the body of a *publish* response says that the version is not published yet."""
    return any(_status(part) in {"PENDING", "QUEUED", "RUNNING"} for part in _layers(body))


def _layers(body: Json) -> list[Json]:
    inner = body.get("data")
    return [body, inner] if isinstance(inner, dict) else [body]


def _status(part: Json) -> str:
    status = part.get("status")
    return status.upper() if isinstance(status, str) else ""


def parse_scenarios(content: Any) -> tuple[Scenario, ...] | None:
    """Parse the body of a *scenarios* response.

    The list is under `scenarios` (the API's page), under `data`, or the whole body.

    Returns:
        None if there is no list of at most `MAX_SCENARIOS`, or an entry is not a scenario with an id.

    """
    listed = content
    while isinstance(listed, dict):
        if listed.get("errors") or listed.get("error"):
            return None
        listed = listed.get("scenarios", listed.get("data"))
    if not isinstance(listed, list) or len(listed) > MAX_SCENARIOS:
        return None
    scenarios = [_scenario(entry) for entry in listed]
    return tuple(scenario for scenario in scenarios if scenario is not None) if all(scenarios) else None


def parse_scenario(content: Any) -> Scenario | None:
    """Parse the body of a response about one scenario: it is under `scenario`, under `data`, or the whole body.

    Returns:
        None if there is no scenario with an id that a request can name.

    """
    found = content
    while isinstance(found, dict) and "id" not in found:
        found = found.get("scenario", found.get("data"))
    scenario = _scenario(found)
    return scenario if scenario is not None and SEGMENT.fullmatch(scenario.scenario_id) else None


def parse_time(text: str | None) -> datetime | None:
    """Parse an ISO 8601 time of the API (UTC if it has no offset); None if *text* is anything else."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _scenario(entry: Any) -> Scenario | None:
    scenario_id = _id(entry.get("id")) if isinstance(entry, dict) else None
    if scenario_id is None or scenario_id == UNREADABLE_ID:
        return None
    mark, name = entry.get("is_required_for_promotion"), free_text(entry.get("name"))
    return Scenario(scenario_id, name and " ".join(name.split()), mark is True or mark == "true", entry)


def _plan(iteration: Json) -> list[Any]:
    """Return the fixes of an iteration. A plan of another shape is one fix: a repair must not go unnoticed."""
    plan = iteration.get("fix_plan")
    fixes = plan.get("fixes") if isinstance(plan, dict) else plan
    return fixes if isinstance(fixes, list) else [fixes] if fixes else []


def _fix(entry: Json) -> Fix:
    return Fix(free_text(entry.get("target_node")), free_text(entry.get("description")), free_text(entry.get("type")))


def error_text(value: Any) -> str | None:
    """Return the text of an error that a response names; None if it names none."""
    return (error_message({"error": value}) or "not readable") if value else None


def _id(value: Any) -> str | None:
    """Return the id of a scenario or persona: None if there is none, `UNREADABLE_ID` if it is refused."""
    return (word(value, MAX_ID_CHARACTERS) or UNREADABLE_ID) if isinstance(value, str) else None


def unusable(label: str, body: Any, fault: str) -> OutcomeUnknown:
    """Return the error for a 2xx response without a result: in the API's words if it reports an error, else *fault*."""
    error = reported_error(body)
    return ReportedError(label, error) if error else OutcomeUnknown(label, fault)


def segment(label: str, identifier: str) -> str:
    """Return an id as a part of a path.

    Raises:
        InvalidRequest: no URL can have it.

    """
    if SEGMENT.fullmatch(identifier) is None:
        raise InvalidRequest(label, f"invalid id (expected {SEGMENT_EXPECTED})")
    return identifier
