"""What a kind of run must say of itself: the one place where kinds differ. All else in `runs` holds for every kind.

A new kind is its folder, its page in `bland`, its schema, and a line in `KINDS`. The name of its provider is a line in
`core/urns.py` too, since users' states have it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tornado_resource.core.text import count
from tornado_resource.core.urns import CHECK_RUN_TYPE, CONFIRMATION_TYPE, SESSION_TYPE
from tornado_resource.declarations.model import GRACE_MS
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs.order import FoundVersion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Content
    from tornado_resource.bland.listing import Scenario
    from tornado_resource.bland.responses import Meaning
    from tornado_resource.bland.retrying import Retry
    from tornado_resource.bland.sessions import Status
    from tornado_resource.declarations.model import Declaration
    from tornado_resource.errors import NotFound
    from tornado_resource.runs.model import Ending, GatedRun, Outcome, Result, RunFacts, RunVerdict
    from tornado_resource.runs.order import Found, Order, Run, StartedRun, Trace
    from tornado_resource.runs.rerun import LastRun
    from tornado_resource.versions.drift import Reader, RunBasis

KINDS: Final = {
    "tornado": (SESSION_TYPE, "tornado_resource.tornado.kind"),
    "check_run": (CHECK_RUN_TYPE, "tornado_resource.agents.kind"),
    "confirmation": (CONFIRMATION_TYPE, "tornado_resource.confirmations.kind"),
}
"""By name, the type of the resource, and the module with the kind, as `KIND`.

By their paths, because they import this folder, and because a program imports only the kinds that it has.
"""


class Kind(ABC):
    """A kind of run, such as tornado sessions. `runs.kinds` lists them.

    The methods that send requests raise `ApiError`, send each request once, and leave retries to their callers, unless
    they say otherwise. *request* is the body of the start request: the declared `fields`.
    """

    name: ClassVar[str]
    """As in the verdicts."""
    noun: ClassVar[str]
    """What messages call a run."""
    part_noun: ClassVar[str] = "part"
    """What messages call that whose results decide about a run."""
    is_part: ClassVar[bool] = False
    """Whether a run is a part of another one, whose verdict has what is known of it."""
    has_variables: ClassVar[bool] = False
    """Whether what it tests may refer to variables of its place, which must have values."""
    is_shown_late: ClassVar[bool] = False
    """Whether the API may show a run only some time after it was started."""
    has_iterations: ClassVar[bool] = False
    """Whether a run tests in iterations, with repairs between them."""
    cures: ClassVar[Mapping[str, str]] = {}
    """What to do first about a run that missed its gate (`missed`), that contradicts itself (`contradictory`), or that
    is in a doubt of which the kind knows (`doubt`)."""
    place_noun: ClassVar[str]
    """What messages call the place that a run holds alone while it runs."""
    resource_type: ClassVar[str]
    """Pulumi's type of the resource."""
    id_output: ClassVar[str]
    """The output of the resource that has the run's id."""
    place_outputs: ClassVar[tuple[str, ...]]
    """The outputs of the resource, as inputs of the request, that say which place the run holds."""
    intents: ClassVar[str]
    """The folder of the intents, below the user's state folder."""
    version_field: ClassVar[str] = ""
    """The field of the start request that names the version to test, if there is one."""
    fields: ClassVar[tuple[str, ...]]
    """The fields of the start request. A change of one of these is another run."""
    statuses: ClassVar[Mapping[str, Meaning]]
    """The final statuses, and what each means."""
    default_limit_ms: ClassVar[int]
    """How long a run may take if its declaration and the API's response do not say, in milliseconds."""
    grace_ms: ClassVar[int] = GRACE_MS
    """How much longer than that the gate waits for a run to report its end, in milliseconds."""

    @abstractmethod
    def place_id(self, request: Mapping[str, Any]) -> str:
        """Return the id of the place that a run holds alone while it runs."""

    def place(self, request: Mapping[str, Any]) -> str:
        """Return that place for people: `pathway pw-1`."""
        return f"{self.place_noun} {self.place_id(request)}"

    def limit_ms(self, request: Mapping[str, Any]) -> int:
        """Return how long a run may take, in milliseconds: as declared, else as is usual."""
        return int(request.get("timeout_ms", self.default_limit_ms))

    @abstractmethod
    def request_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared request fields of a resource's inputs, with whole numbers as integers."""

    @abstractmethod
    def problems(self, name: str | None, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what is invalid in the inputs of a resource, by key (`name` for its name)."""

    def is_sound(self, declared: Mapping[str, Any]) -> bool:
        """Return whether what a state has recorded as declared can be a request. A damaged one is left alone."""
        return all(isinstance(declared.get(name), str) for name in self.place_outputs)

    def is_resolved(self, version: Any) -> bool:
        """Return whether a declared version can be sent as it is, unlike `latest`, which the API must resolve."""
        del version
        return True

    def is_moving(self, version: Any) -> bool:
        """Return whether a declared version that is not resolved may stand for another one later."""
        return not self.is_resolved(version)

    def known_version(self, request: Mapping[str, Any], outputs: Mapping[str, Any]) -> Any:
        """Return what the declared version of a request stands for, as far as the last run shows it; else None.

        Args:
            request: the declared fields.
            outputs: those of the resource, as the last run is recorded.

        """
        del request, outputs

    def version_source(self, request: Mapping[str, Any]) -> tuple[str, Any]:
        """Return what decides which version the declared one of a request stands for: by default its place and that."""
        return self.place_id(request), request[self.version_field]

    async def find_version(self, client: Client, request: Mapping[str, Any]) -> FoundVersion:
        """Return what the declared version of a request stands for now.

        Raises:
            TornadoError: it cannot be read, or there is none.

        """
        del client
        return FoundVersion(request.get(self.version_field))

    def version_of(self, verdict: RunVerdict) -> Any:
        """Return the version that a verdict is for, as the version field names it; None if it is unknown."""
        del verdict

    @abstractmethod
    async def start(self, client: Client, request: Mapping[str, Any]) -> StartedRun:
        """Send the start request."""

    @abstractmethod
    async def look(self, client: Client, order: Order) -> Sequence[Found]:
        """Return the runs in the place of an order, the newest first: also those that have ended, where it can."""

    async def traces(self, client: Client, order: Order) -> AsyncIterator[Trace]:
        """Yield what the API shows of the work of runs in the place of an order that `look` does not find any more.

        By default there is none, since `look` finds those that have ended. Retries by itself.
        """
        del client, order
        return
        yield  # pragma: no cover - it makes this an iterator

    @abstractmethod
    async def read(self, client: Client, run: Run) -> Status:
        """Return the status of a run."""

    @abstractmethod
    async def responds(self, client: Client, run: Run, not_found: NotFound) -> bool:
        """Return whether a 404 for a run comes from the API, since it responds in its own form to something else."""

    @abstractmethod
    async def cancel(self, client: Client, run: Run) -> None:
        """Send the cancel request."""

    async def cancel_otherwise(self, client: Client, run: Run) -> None:
        """Send the cancel request in the other known form; by default, in the same one again."""
        await self.cancel(client, run)

    @abstractmethod
    async def is_holding(self, client: Client, run: Run) -> bool:
        """Return whether a run still holds its place."""

    def status_differences(self, order: Order, status: Status) -> list[str]:
        """Return how the status of a run shows that it is not the one of *order*."""
        del order, status
        return []

    @abstractmethod
    def outputs(self, request: Mapping[str, Any], started: StartedRun) -> dict[str, Any]:
        """Return the outputs of the resource that only this kind has."""

    async def basis(self, client: Client, props: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outputs that say what a run was started on, as far as it can be read. Never raises `ApiError`."""
        del client, props
        return {}

    @abstractmethod
    def progress(self, status: Status) -> str:
        """Return how far a run is, to be shown between its id and its time: ` iteration 2/5 · 38 passed`."""

    @abstractmethod
    def judge(self, gated: GatedRun, status: Status, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
        """Return the outcome of a run that completed, and its reason in a short sentence. Pure.

        Only certainty is `passed`, and what is unknown is `incomplete`. *scenarios* are those that `result` has read.
        """

    @abstractmethod
    def facts(self, gated: GatedRun, status: Status | None, outcome: Outcome) -> RunFacts:
        """Return what a verdict says of a run beside its outcome. Pure."""

    def held(self, verdict: RunVerdict, status: Status | None) -> int | None:
        """Return how many conversations a run has held, as far as its verdict or its last status shows it. Pure."""
        del verdict, status
        return None

    @abstractmethod
    def agrees(self, verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
        """Return whether the numbers of a recorded verdict give its outcome again. Pure."""

    def doubt(self, verdict: RunVerdict) -> str | None:
        """Return what is in doubt of an incomplete run, as reports advise by it; None if the kind knows of nothing."""
        del verdict
        return None

    @abstractmethod
    async def result(self, client: Client, gated: GatedRun, ending: Ending, retry: Retry) -> Result:
        """Return the result of a run that is not waited for any longer. Never raises for what the API does."""

    @abstractmethod
    async def last_run(self, client: Client, gated: GatedRun) -> tuple[LastRun, GatedRun]:
        """Return what the gate says of a recorded run, by its final `known.status`, and the run with what was read.

        Unlike `result`, it raises: what is unknown must not start another run.
        """

    async def with_drift(self, client: Client, result: Result) -> Result:
        """Return the result with what has changed since. Never raises for what the API does."""
        del client
        return result

    async def with_details(self, client: Client, result: Result) -> Result:
        """Return the result with what reports show of every run. Never raises for what the API does."""
        del client
        return result

    async def with_changes(self, client: Client, result: Result) -> Result:
        """Return the result with what the run changed at the API, for reports. Never raises for what the API does."""
        del client
        return result

    async def with_transcripts(self, client: Client, result: Result) -> Result:
        """Return the result with transcripts of what failed, for reports. Never raises for what the API does."""
        del client
        return result

    async def find_obstacle(self, client: Client, request: Mapping[str, Any]) -> str | None:
        """Return why a run that is about to start would be of no use; None if that is not certain.

        Never raises for what the API does.
        """
        del client, request
        return None

    async def find_faults(
        self, client: Client, request: Mapping[str, Any], *, has_checks: bool = False
    ) -> Sequence[tuple[str, str]]:
        """Return why a run cannot start as it is declared, as far as the API shows it, each with what to do.

        Unlike the other requests, these are sent again after a failure that may pass.

        Args:
            client: sends the requests.
            request: what the run is declared with.
            has_checks: whether its checks are declared too, so that the update creates them.

        """
        del client, request, has_checks
        return ()

    async def read_content(self, client: Client, request: Mapping[str, Any], which: str) -> tuple[str, Content]:
        """Return what people call a version, and its content: for `diff`.

        Args:
            client: sends the requests, with retries.
            request: what the run is started with.
            which: the version, as a verdict or a declaration names it, or `live`.

        Raises:
            TornadoError: it cannot be read, or is not shown.

        """
        del client, request
        message = f"the API shows no content of {which}"
        raise ConfigurationError(message)

    async def find_drift(self, reader: Reader, tested: RunBasis) -> str | None:
        """Return how what a run was tested on has changed since; None if it has not."""
        del reader, tested
        return None


@cache
def kind_of(name: str) -> Kind:
    """Return a kind by its name.

    Raises:
        KeyError: there is none.

    """
    _, module = KINDS[name]
    kind: Kind = import_module(module).KIND
    return kind


def kinds() -> list[Kind]:
    """Return every kind."""
    return [kind_of(name) for name in KINDS]


def kind_of_type(resource_type: str) -> Kind | None:
    """Return the kind whose runs are resources of a type; None if there is none."""
    return next((kind_of(name) for name, (own_type, _) in KINDS.items() if own_type == resource_type), None)


def count_runs(runs: Iterable[GatedRun | Declaration]) -> str:
    """Return `3 sessions and 2 check runs`."""
    numbers = Counter(run.kind for run in runs)
    return " and ".join(count(number, kind_of(name).noun) for name, number in numbers.items()) or "0 runs"
