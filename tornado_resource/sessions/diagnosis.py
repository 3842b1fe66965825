"""The sessions that run on the declared pathways, compared with those that the stacks have recorded. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tornado_resource.core.text import clean
from tornado_resource.sessions import commands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.responses import Active
    from tornado_resource.sessions.intents import Intent

Kind = Literal["free", "ours", "orphaned", "foreign"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What `doctor` found on one pathway. *cure*: the command that fixes it, if something is wrong."""

    kind: Kind
    pathway_id: str
    session_name: str
    text: str
    cure: str | None = None


def diagnose(  # noqa: PLR0913 - the API's view and three records of this machine
    pathway_id: str,
    session_name: str,
    stack: str,
    *,
    active: Active | None,
    recorded: Mapping[str, str],
    intents: Sequence[Intent],
) -> Finding:
    """Return whose session runs on a pathway.

    Args:
        pathway_id: the pathway.
        session_name: the declared session that runs there.
        stack: the stack that declares it.
        active: the active session of the pathway.
        recorded: session id to stack name, for every session in the stacks' states.
        intents: the intents on this machine. The sessions that they started may be in no state.

    """
    if active is None:
        return Finding("free", pathway_id, session_name, "no session runs")
    session_id = clean(active.session_id)
    since = f" since {clean(active.created_at)}" if active.created_at else ""
    owner = recorded.get(active.session_id)
    if owner is not None:
        return Finding("ours", pathway_id, session_name, f"session {session_id} of stack {owner} runs{since}")
    for intent in intents:
        if intent.session_id == active.session_id or (intent.session_id is None and intent.pathway_id == pathway_id):
            starter = intent.address.stack
            text = (
                f"session {session_id} runs{since}; started from this machine for stack {starter}, "
                f"but not recorded in its state"
            )
            cure = f"{commands.up(starter)} (on this machine) records it"
            return Finding("orphaned", pathway_id, session_name, text, cure)
    text = f"session {session_id} runs{since}, and no stack has recorded it"
    cure = (
        f"{commands.adopt(stack, session_name, session_id)}, to adopt it; "
        f"{commands.on_conflict(stack, session_name, 'supersede')}, to cancel it"
    )
    return Finding("foreign", pathway_id, session_name, text, cure)
