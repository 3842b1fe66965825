"""Orders and sessions: what to start, and what was started. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from tornado_resource.core.urns import SESSION_TYPE, make_urn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.responses import Active, Started
    from tornado_resource.declarations.model import OnConflict


@dataclass(frozen=True, slots=True)
class Address:
    """A resource of a stack. *stack* is `organization/stack` or `stack`; *backend* is a digest of the backend's URL.

    *parents* are the types of the components that it is in, as in its URN: names are unique only together with them.
    """

    backend: str
    project: str
    stack: str
    resource: str
    parents: str = ""

    @property
    def urn(self) -> str:
        """Pulumi's name of the resource, which is a session."""
        return make_urn(self.stack.rpartition("/")[2], self.project, SESSION_TYPE, self.resource, self.parents)


@dataclass(frozen=True, slots=True)
class Order:
    """A session to start, and the resource that it is for. *request* is the body of the start request."""

    address: Address
    request: Mapping[str, Any]
    on_conflict: OnConflict = "fail"

    @property
    def name(self) -> str:
        """The resource's name, for messages."""
        return self.address.resource

    @property
    def pathway_id(self) -> str:
        """The pathway that the session runs on."""
        return str(self.request["pathway_id"])


@dataclass(frozen=True, slots=True)
class Session:
    """A started or adopted session, as it is recorded in the state."""

    session_id: str
    created_at: str | None
    status: str
    max_iterations: int | None
    timeout_ms: int | None
    adopted: bool = False

    @classmethod
    def started(cls, started: Started) -> Self:
        """Return the session of a start response."""
        return cls(
            session_id=started.session_id,
            created_at=started.created_at,
            status=started.status,
            max_iterations=started.max_iterations,
            timeout_ms=started.timeout_ms,
        )

    @classmethod
    def active(cls, active: Active, *, adopted: bool) -> Self:
        """Return the session of an *active* response."""
        return cls(
            session_id=active.session_id,
            created_at=active.created_at,
            status=active.status,
            max_iterations=active.max_iterations,
            timeout_ms=active.timeout_ms,
            adopted=adopted,
        )

    def completed_from(self, request: Mapping[str, Any]) -> Self:
        """Return the session with the values of its request where the response has none."""
        return replace(
            self,
            max_iterations=self.max_iterations if self.max_iterations is not None else request.get("max_iterations"),
            timeout_ms=self.timeout_ms if self.timeout_ms is not None else request.get("timeout_ms"),
        )
