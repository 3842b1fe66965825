"""Orders and runs: what to start, and what was started. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from tornado_resource.core.urns import make_urn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from tornado_resource.bland.sessions import Status
    from tornado_resource.declarations.model import OnConflict


@dataclass(frozen=True, slots=True)
class Address:
    """A resource of a stack. *stack* is `organization/stack` or `stack`; *backend* is a digest of the backend's URL.

    *parents* are the types of the components that it is in, as in its URN: names are unique only together with them.
    *older_backend* is the digest by which older releases knew the backend, if that is another one.
    """

    backend: str
    project: str
    stack: str
    resource: str
    parents: str = ""
    older_backend: str = field(default="", compare=False)

    def urn(self, resource_type: str) -> str:
        """Return Pulumi's name of the resource, which has a type."""
        return make_urn(self.stack.rpartition("/")[2], self.project, resource_type, self.resource, self.parents)


@dataclass(frozen=True, slots=True)
class Order:
    """A run to start, and the resource that it is for. *request* is the body of the start request.

    *is_checked*: whether the program has found that nothing that the run needs is missing (`Kind.find_obstacle`).
    *is_recorded* tells whether a resource of the stack holds the run with an id already; None: that is unknown.
    """

    address: Address
    request: Mapping[str, Any]
    on_conflict: OnConflict = "fail"
    kind: str = "tornado"
    is_checked: bool = False
    is_recorded: Callable[[str], Awaitable[bool]] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The resource's name, for messages."""
        return self.address.resource

    def run(self, run_id: str) -> Run:
        """Return the run with an id that this order may be for."""
        return Run(run_id, self.request, self.kind)


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """What a declared version stands for, and the names of the variables that it refers to; None if unknown."""

    version: Any
    variables: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run at the API: its id, and the request that it was started by, as far as that is known."""

    run_id: str
    request: Mapping[str, Any]
    kind: str = "tornado"


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A started or adopted run, as it is recorded in the state. *shown*: what else the API's response shows of it."""

    run_id: str
    created_at: str | None
    status: str
    adopted: bool = False
    shown: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_status(cls, run_id: str, created_at: str | None, status: Status, *, adopted: bool = False) -> Self:
        """Return the run with an id, by its status."""
        return cls(run_id, created_at, status.status, adopted, status.shown)

    def completed_from(self, request: Mapping[str, Any]) -> Self:
        """Return the run with the values of its request where the response has none."""
        completed = {key: value if value is not None else request.get(key) for key, value in self.shown.items()}
        return replace(self, shown=completed)


@dataclass(frozen=True, slots=True)
class Found:
    """A run that the API shows in the place of an order.

    *responded_at* is the API's time (Date header) if present. *is_holding*: whether it has not ended. *existed_at*: a
    later time than that of its creation, such as that of its end; None if none is shown.
    *contradictions* show that it was not started for the order, *doubts* only that it differs: the API may store and
    count otherwise.
    """

    run: StartedRun
    responded_at: datetime | None = None
    is_holding: bool = True
    contradictions: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    existed_at: str | None = None

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.run_id

    @property
    def differences(self) -> tuple[str, ...]:
        """All of them, as far as the API shows them."""
        return (*self.contradictions, *self.doubts)


@dataclass(frozen=True, slots=True)
class Trace:
    """What the API shows of the work of a run without naming the run: when it was created, if that is shown.

    *responded_at* is the API's time (Date header) if present. *is_named*: whether the API says that it is the work of
    such a run; else it may be.
    """

    created_at: str | None
    responded_at: datetime | None = None
    is_named: bool = True

    @property
    def is_certain(self) -> bool:
        """Whether it shows that there was a run, and when."""
        return self.is_named and self.created_at is not None


def holder(runs: Sequence[Found]) -> Found | None:
    """Return the run that holds its place; None if all of them have ended."""
    return next((run for run in runs if run.is_holding), None)
