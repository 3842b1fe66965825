"""The outputs of a session's resource as one value."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pulumi

from tornado_resource.declarations.model import REQUEST_FIELDS
from tornado_resource.program.tracking import untrack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SessionOutputs:
    """The outputs of a `TornadoSession`, as the engine returned them: some may be unknown or None."""

    session_id: Any
    created_at: Any
    status: Any
    pathway_id: Any
    max_iterations: Any
    timeout_ms: Any
    adopted: Any
    started_content: Any
    declared: Any
    secrets: Any

    @property
    def is_created(self) -> bool:
        """Whether the session exists, and all that a verdict needs is known."""
        needed = [self.session_id, self.created_at, self.timeout_ms, self.declared, self.adopted]
        return self.session_id is not None and not pulumi.contains_unknowns(needed)

    @property
    def has_secret_pathway(self) -> bool:
        """Whether the pathway's id is known to be secret."""
        return isinstance(self.secrets, list) and "pathway_id" in self.secrets

    @property
    def has_public_request(self) -> bool:
        """Whether it is known that only other inputs than those of the request are secret, such as triggers.

        What is said of the session holds none of these.
        """
        return isinstance(self.secrets, list) and not set(self.secrets).intersection(REQUEST_FIELDS)

    def exported(self, verdict: Any) -> dict[str, Any]:
        """Return the outputs as `deploy()` exports them.

        Args:
            verdict: the session's verdict, which knows the status later than the resource does; None or unknown if
                there is none.

        """
        status = verdict.get("status") if isinstance(verdict, dict) else None
        outputs = {name: getattr(self, name) for name in OUTPUTS if name not in INTERNAL}
        return outputs if status is None else {**outputs, "status": status}


INTERNAL: Final = frozenset({"started_content", "declared", "secrets"})
"""Outputs that `deploy()` does not export."""

OUTPUTS: Final = tuple(field.name for field in fields(SessionOutputs))
"""The names of the outputs of a session's resource."""


def session_outputs(session: pulumi.Resource) -> pulumi.Output[SessionOutputs]:
    """Return the outputs of a session, once they have resolved, known or not."""
    outputs = [getattr(session, name) for name in OUTPUTS]
    return together(outputs, lambda values: SessionOutputs(*values), lambda found: found.has_public_request)


def together(
    outputs: Iterable[pulumi.Output[Any]],
    func: Callable[[list[Any]], T],
    is_public: Callable[[T], bool] = lambda _: False,
) -> pulumi.Output[T]:
    """Apply *func* to the values of all *outputs*, known or not. What it returns counts as known.

    It is secret if one of *outputs* is, unless *is_public* says that it may be shown.

    `Output.all` does the same, but makes an output of every value inside of the values too, which for a hundred
    sessions takes more time than all the rest of a program.
    """
    awaited = tuple(outputs)
    gathered = asyncio.ensure_future(_gather(awaited, func, is_public))
    untrack(awaited)
    resources, value, is_known, is_secret = (_Member(gathered, index) for index in range(4))
    return pulumi.Output(resources, value, is_known, is_secret)


async def _gather(
    outputs: Iterable[pulumi.Output[Any]], func: Callable[[list[Any]], T], is_public: Callable[[T], bool]
) -> tuple[set[pulumi.Resource], T, bool, bool]:
    """Return the resources that *outputs* depend on, the result, and whether it is known and secret."""
    values: list[Any] = []
    resources: set[pulumi.Resource] = set()
    is_secret = False
    for output in outputs:
        value = await output.future(with_unknowns=True)
        is_known = await output.is_known() or pulumi.contains_unknowns(value)
        values.append(value if is_known else pulumi.UNKNOWN)
        resources |= await output.resources()
        is_secret = await output.is_secret() or is_secret
    result = func(values)
    return resources, result, True, is_secret and not is_public(result)


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of a tuple that is not there yet, to be awaited by an output."""

    gathered: Awaitable[tuple[Any, ...]]
    index: int

    def __await__(self) -> Generator[Any, None, Any]:
        gathered = yield from self.gathered.__await__()
        return gathered[self.index]
