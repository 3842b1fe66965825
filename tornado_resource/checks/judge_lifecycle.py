"""Finding, creating and publishing a judge, whatever happens to requests and responses.

The API has no idempotency keys, and does not refuse a second judge of a name. So a creation is sent once, and what a
lost response or a crash leaves behind is found by the name. An edit replaces the whole draft, and a publication that is
repeated only makes another version of the same content: both are safe to repeat.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, get_args

from tornado_resource.bland.agents import list_agents
from tornado_resource.bland.check_runs import read_checks
from tornado_resource.bland.judge_versions import (
    NOT_EDITABLE,
    create_judge,
    delete_judge,
    edit_draft,
    publish_judge,
    read_draft,
    read_judge,
    read_shown,
    read_version,
)
from tornado_resource.bland.judges import list_judges
from tornado_resource.bland.responses import is_other
from tornado_resource.bland.retrying import is_transient, retried
from tornado_resource.checks.check_config import fields_of
from tornado_resource.checks.judges import (
    HIDDEN_FIELD,
    JudgeAmbiguous,
    JudgeUnlisted,
    JudgeUnseen,
    SeenJudge,
    StoredJudge,
    differences,
    draft_edits,
    refusal,
)
from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.text import clean
from tornado_resource.declarations.model import Publish
from tornado_resource.errors import ApiError, Conflict, NotFound, NotSent, OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.judge_versions import DraftedJudge, JudgeVersion
    from tornado_resource.bland.judges import Judge, Judges
    from tornado_resource.checks.judges import JudgeOrder
    from tornado_resource.core.clock import Clock

    Read = Callable[[Judge], Awaitable[JudgeVersion]]

LOOKS_SECONDS: Final = (0.0, 1.0, 2.0, 4.0)
"""Pauses before the looks for a judge whose creation had no usable response: the API may still be processing it."""
IN_USE: Final = frozenset({400, 409, 422})
"""The statuses by which the API may refuse to delete a judge that is used: its page names none."""


@dataclass(frozen=True, slots=True)
class JudgeClaim:
    """What a new resource may take: *is_interrupted* as in `refusal`. *note* is called before a judge is created."""

    is_interrupted: bool = False
    note: Callable[[], object] = lambda: None


async def look(
    order: JudgeOrder, judges: Judges, read: Read, read_draft: Read, *, is_hidden_sent: bool = False
) -> SeenJudge | None:
    """Return the judge of a name, compared with its definition; None if there certainly is none.

    Args:
        order: the judge as it must be.
        judges: the judges of the organization.
        read: returns the version that is compared, as `read_shown` does.
        read_draft: returns its draft. It is asked for if that would be replaced.
        is_hidden_sent: whether that is so for the field that the API never shows, too.

    Raises:
        JudgeAmbiguous: several have the name.
        JudgeUnlisted: none has it, and there may be others.
        ApiError: its version could not be read.

    """
    judges_named = judges.named(order.name)
    if len(judges_named) > 1:
        raise JudgeAmbiguous(order, judges_named)
    if not judges_named:
        if not judges.is_whole:
            raise JudgeUnlisted(order)
        return None
    judge, published = judges_named[0], await read(judges_named[0])
    seen = _compared(order, judge, published)
    is_due = order.manage and (seen.differences or (is_hidden_sent and HIDDEN_FIELD in order.fields))
    return _with_draft(order, seen, published, await read_draft(judge)) if is_due and seen.version_id else seen


async def create(
    client: Client, order: JudgeOrder, claim: JudgeClaim | None = None, clock: Clock = SYSTEM
) -> StoredJudge:
    """Create and publish the judge of *order*, or take over the one of its name.

    Args:
        client: sends the requests.
        order: the judge as it must be.
        claim: what may be taken over. Default: only what is as declared, or was never published and has no prompt.
        clock: time.

    Raises:
        JudgeExists: there is another one of its name.
        JudgeDrafted: it is as declared, but for a field that the API never shows, and somebody has edited its draft.
        JudgeMissing, JudgeDiffers: another stack manages it, and it is not there or differs.
        JudgeUnseen: it may have been created.
        TornadoError: it was not stored, or that could not be determined.

    """
    claim = claim or JudgeClaim()
    seen = await look(
        order,
        await list_judges(client),
        partial(read_shown, client),
        partial(read_draft, client),
        is_hidden_sent=True,
    )
    error = refusal(order, seen, is_new=True, is_interrupted=claim.is_interrupted)
    if error is not None:
        raise error
    if seen is None:
        claim.note()
        created = await _publish(client, await _create(client, order, clock), order)
        return replace(created, is_created=True)
    if seen.version_id is not None and (not order.manage or _is_stored(order, seen)):
        return StoredJudge(seen.judge_id, seen.version_id)
    stored = await _publish(client, seen.judge_id, order)
    return replace(stored, is_created=claim.is_interrupted and seen.version_id is None)


async def update(client: Client, judge_id: str, order: JudgeOrder, *, is_hidden_changed: bool) -> StoredJudge:
    """Let a judge have its definition, and return it. Nothing but reads are sent if its published version has it.

    Args:
        client: sends the requests.
        judge_id: the judge.
        order: the judge as it must be.
        is_hidden_changed: whether the field that the API never shows was declared otherwise before.

    Raises:
        JudgeMissing, JudgeDiffers: another stack manages it, and it is not published or differs.
        JudgeDrafted: somebody has edited its draft, which would be replaced.
        ApiError: it was not stored, or that could not be determined.

    """
    judge = await retried(lambda: read_judge(client, judge_id))
    published = await read_shown(client, judge.judge)
    seen = _compared(order, judge.judge, published)
    is_due = order.manage and not (seen.is_published and not is_hidden_changed)
    if is_due and seen.version_id is not None:
        seen = _with_draft(order, seen, published, judge.draft)
    error = refusal(order, seen, is_new=False)
    if error is not None:
        raise error
    if seen.version_id is not None and not is_due:
        return StoredJudge(judge_id, seen.version_id)
    return await _publish(client, judge_id, order)


async def read(client: Client, judge_id: str, order: JudgeOrder) -> StoredJudge | None:
    """Return a judge as the API shows it; None if it is certainly gone.

    Raises:
        ApiError: it could not be read, so nothing is known.

    """
    judge = await _find_by_id(client, judge_id)
    if judge is None:
        return None
    seen = _compared(order, judge, await read_shown(client, judge))
    renamed = ("name",) if judge.name is not None and judge.name != order.name else ()
    return StoredJudge(judge_id, seen.version_id or "", (*renamed, *fields_of(seen.differences)))


async def remove(client: Client, judge_id: str, version_id: str) -> str | None:
    """Delete a judge, and return None; or why it stays, in words.

    It is deleted if its published version is still the recorded one, and if no agent's checks name it: where the API
    does not refuse that, these checks could not run any more.

    Raises:
        ApiError: a request failed, or the API still shows it.

    """
    judge = await _find_by_id(client, judge_id)
    if judge is None:
        return None
    if is_other(judge.active_version_id or "", version_id):
        return "another version was published since this stack has published it"
    use = await _find_use(client, judge_id)
    if use is not None:
        return use
    try:
        await retried(lambda: delete_judge(client, judge_id))
    except NotFound:
        pass  # somebody else, or a request whose response was lost
    except Rejected as error:
        if error.status_code not in IN_USE:
            raise
        return f"Bland refuses to delete it: {error}"
    if await _find_by_id(client, judge_id) is not None:
        label = f"removal of judge {clean(judge_id)}"
        raise OutcomeUnknown(label, "the API still shows it")
    return None


async def _find_by_id(client: Client, judge_id: str) -> Judge | None:
    """Return a judge; None if it certainly is gone."""
    try:
        judge = (await retried(lambda: read_judge(client, judge_id))).judge
    except NotFound:
        # A wrong base URL says 404 as well: only the list of all judges is certain.
        judges = await list_judges(client)
        if judges.is_whole and judges.get(judge_id) is None:
            return None
        raise
    return judge if not judge.is_deleted else None


async def _find_use(client: Client, judge_id: str) -> str | None:
    """Return which checks name a judge, or why that is not known, in words; None if none do."""
    agents = await retried(lambda: list_agents(client))
    places = [(agent.agent_id, env) for agent in agents.agents for env in get_args(Publish)]
    users = await asyncio.gather(*(_is_used(client, *place, judge_id) for place in places))
    for (agent_id, env), is_used in zip(places, users, strict=True):
        if is_used:
            return f"the checks of agent {clean(agent_id)} in {env} use it"
    return None if agents.is_whole else "checks may use it: the API does not list all agents"


async def _is_used(client: Client, agent_id: str, env: str, judge_id: str) -> bool:
    try:
        checks = await retried(lambda: read_checks(client, agent_id, env))
    except NotFound:
        return False  # the agent was deleted meanwhile
    return checks is not None and any(not is_other(judge.judge_id, judge_id) for judge in checks.judges)


def _is_stored(order: JudgeOrder, seen: SeenJudge) -> bool:
    """Return whether nothing has to be sent. What the API never shows is sent once, since it cannot be compared."""
    return seen.is_published and HIDDEN_FIELD not in order.fields


def _compared(order: JudgeOrder, judge: Judge, published: JudgeVersion) -> SeenJudge:
    is_blank = judge.active_version_id is None and not str(published.fields.get("prompt", "")).strip()
    return SeenJudge(judge.judge_id, judge.active_version_id, differences(order.fields, published.fields), is_blank)


def _with_draft(order: JudgeOrder, seen: SeenJudge, published: JudgeVersion, draft: JudgeVersion) -> SeenJudge:
    return replace(seen, draft=draft_edits(order.fields, published.fields, draft.fields))


async def _create(client: Client, order: JudgeOrder, clock: Clock) -> str:
    """Create a judge and return its id. A response that is lost is settled by looking for the name."""

    async def create_once() -> str:
        try:
            created = await create_judge(client, order.name, str(order.sent["modality"]))
        except ApiError as fault:
            if _had_no_effect(fault):
                raise
            judge = await _find(client, order, clock)
            if judge is None:
                raise JudgeUnseen(order, fault.cause) from None
            return judge
        return created.judge.judge_id

    return await retried(create_once)


def _had_no_effect(fault: ApiError) -> bool:
    """Return whether a request certainly had no effect: then it may be sent again, if that can help."""
    is_rate_limited = isinstance(fault, Rejected) and fault.status_code == HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(fault, NotSent) or is_rate_limited or not is_transient(fault)


async def _find(client: Client, order: JudgeOrder, clock: Clock) -> str | None:
    for pause in LOOKS_SECONDS:
        await clock.sleep(pause)
        judges = (await list_judges(client)).named(order.name)
        if len(judges) > 1:
            raise JudgeAmbiguous(order, judges)
        if judges:
            return judges[0].judge_id
    return None


async def _publish(client: Client, judge_id: str, order: JudgeOrder) -> StoredJudge:
    """Give the draft of a judge its definition, publish it, and return what is published then.

    If the API refuses to publish it, the draft gets what it had before: it would look like somebody's edit.
    """
    before = await _edit(client, judge_id, order)
    try:
        version_id = await retried(lambda: _publish_once(client, judge_id, before.judge.active_version_id))
    except Rejected:
        if before.judge.active_version_id is not None:
            with suppress(ApiError):
                await edit_draft(client, judge_id, before.draft.version_id, before.draft.fields)
        raise
    version = await retried(lambda: read_version(client, judge_id, version_id))
    return StoredJudge(judge_id, version_id, tuple(fields_of(differences(order.fields, version.fields))))


async def _edit(client: Client, judge_id: str, order: JudgeOrder) -> DraftedJudge:
    """Edit the draft, and return the judge as it was before."""

    async def edit() -> DraftedJudge:
        judge = await retried(lambda: read_judge(client, judge_id))
        await retried(lambda: edit_draft(client, judge_id, judge.draft.version_id, order.sent))
        return judge

    try:
        return await edit()
    except Conflict as error:
        if error.code != NOT_EDITABLE:
            raise
        return await edit()  # somebody has published the draft meanwhile: there is another one


async def _publish_once(client: Client, judge_id: str, before: str | None) -> str:
    """Publish the draft. A response that is lost is settled by what is active: then nothing is sent again."""
    try:
        return await publish_judge(client, judge_id)
    except ApiError as fault:
        if isinstance(fault, NotSent) or not is_transient(fault):
            raise
        active = (await read_judge(client, judge_id)).judge.active_version_id
        if active is None or active == before:
            raise
        return active
