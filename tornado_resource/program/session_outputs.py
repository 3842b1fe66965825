"""The outputs of a session's resource as one value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import pulumi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


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

    @property
    def is_created(self) -> bool:
        """Whether the session exists, and all that a verdict needs is known."""
        needed = [self.session_id, self.created_at, self.timeout_ms, self.declared, self.adopted]
        return self.session_id is not None and not pulumi.contains_unknowns(needed)

    def exported(self, verdict: Any) -> dict[str, Any]:
        """Return the outputs as `deploy()` exports them.

        Args:
            verdict: the session's verdict, which knows the status later than the resource does; None or unknown if
                there is none.

        """
        status = verdict.get("status") if isinstance(verdict, dict) else None
        outputs = {name: getattr(self, name) for name in OUTPUTS if name not in INTERNAL}
        return outputs if status is None else {**outputs, "status": status}


INTERNAL: Final = frozenset({"started_content", "declared"})
"""Outputs that `deploy()` does not export."""

OUTPUTS: Final = tuple(field.name for field in fields(SessionOutputs))
"""The names of the outputs of a session's resource."""


def session_outputs(session: pulumi.Resource) -> pulumi.Output[SessionOutputs]:
    """Return the outputs of a session, once they have resolved, known or not."""
    outputs = [getattr(session, name) for name in OUTPUTS]
    return together(outputs, lambda values: SessionOutputs(*values))


def together(outputs: Iterable[pulumi.Output[Any]], func: Callable[[list[Any]], Any]) -> pulumi.Output[Any]:
    """Apply *func* to the values of all *outputs*, known or not.

    `Output.all` does the same, but makes an output of every value inside of the values too, which for a hundred
    sessions takes more time than all the rest of a program.
    """
    values: list[Any] = []
    remaining = iter(outputs)

    # Passes on no value but None: the SDK looks for unknown values in whatever it passes on, at any depth.
    def collect() -> pulumi.Output[None]:
        following = next(remaining, None)
        return pulumi.Output.from_input(None) if following is None else following.apply(take, run_with_unknowns=True)

    def take(value: Any) -> pulumi.Output[None]:
        values.append(value)
        return collect()

    return collect().apply(lambda _: func(values))
