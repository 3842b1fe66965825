"""Fewer outputs that Pulumi's SDK waits for.

Before a program ends, the SDK waits for every output. With each one that completes, it asks asyncio to wait for all the
others anew (`wait_for_rpcs` in `pulumi/runtime/stack.py`), so the time grows with the square of their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from collections.abc import Iterable


def untrack(outputs: Iterable[pulumi.Output[Any]]) -> None:
    """Let the SDK not wait for outputs of which others are made, or which complete with their resource's registration.

    The SDK waits for those others, and for registrations, and they fail if these outputs fail.
    """
    # A method of the SDK's own. Without it nothing changes but the time.
    let_go = getattr(pulumi.Output, "_untrack", None)
    if let_go is not None:
        for output in outputs:
            let_go(output)


def untrack_properties(resource: pulumi.Resource, names: Iterable[str]) -> None:
    """Let the SDK not wait for the properties of a resource: it waits for the resource's registration."""
    values = (vars(resource).get(name) for name in names)
    untrack(value for value in values if isinstance(value, pulumi.Output))
