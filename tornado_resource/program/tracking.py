"""Fewer outputs that Pulumi's SDK waits for.

Before a program ends, the SDK waits for every output. With each one that completes, it asks asyncio to wait for all the
others anew (`wait_for_rpcs` in `pulumi/runtime/stack.py`), so the time grows with the square of their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pulumi


def untrack(resource: pulumi.Resource, names: Iterable[str]) -> None:
    """Let the SDK not wait for properties of a resource: they complete with its registration, which it waits for too.

    Outputs that are made of them are waited for as before, and fail if they fail.
    """
    for name in names:
        # A method of the SDK's own. Without it nothing changes but the time.
        let_go = getattr(vars(resource).get(name), "_untrack", None)
        if let_go is not None:
            let_go()
