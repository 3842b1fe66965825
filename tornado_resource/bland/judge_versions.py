"""The requests of the API's pages about eval agents that create, edit, publish and delete judges.

Every function but `read_shown` and `read_draft` sends one request; retries are the caller's choice. A creation must
never be repeated blindly, since the API has no idempotency keys and does not say that names are unique.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.judges import EVALS_PATH, Judge
from tornado_resource.bland.responses import MAX_ID_CHARACTERS, is_other, segment, word
from tornado_resource.bland.retrying import retried
from tornado_resource.core.canonical import whole
from tornado_resource.core.text import clean
from tornado_resource.errors import ForeignResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.client import Client, Reply
    from tornado_resource.bland.responses import Json

REQUEST_KEYS: Final[Mapping[str, str]] = {
    "prompt": "prompt_md",
    "system_prompt": "system_prompt_md",
    "modality": "modality",
    "levels": "levels",
    "target_level_keys": "target_level_keys",
    "weight": "weight",
    "judge_config": "judge_config",
}
"""What declarations call the fields of a version, and what the API calls them (page *Update Eval Agent Version*)."""
LEVEL_NAMES: Final[Mapping[str, str]] = {"level_key": "level_key", "label": "label", "prompt": "prompt_md"}
"""The same of a level. Its colour is not declared."""
NOT_EDITABLE: Final = "EVAL_AGENT_VERSION_NOT_EDITABLE"
"""The API's code for a draft that was published meanwhile."""


@dataclass(frozen=True, slots=True)
class JudgeVersion:
    """A version of a judge. *fields*: what the API shows of its definition, by the names of declarations."""

    version_id: str
    fields: Mapping[str, Any]

    @classmethod
    def parse(cls, content: Any) -> JudgeVersion | None:
        """Parse a version; None if it has no id that can be recorded."""
        version_id = word(content.get("id"), MAX_ID_CHARACTERS) if isinstance(content, dict) else None
        if version_id is None:
            return None
        fields = {name: whole(content[key]) for name, key in REQUEST_KEYS.items() if content.get(key) is not None}
        if isinstance(fields.get("levels"), list):
            fields["levels"] = [_level(level) for level in fields["levels"]]
        return cls(version_id, fields)


@dataclass(frozen=True, slots=True)
class DraftedJudge:
    """A judge and the version that can be edited."""

    judge: Judge
    draft: JudgeVersion

    @classmethod
    def parse(cls, content: Any) -> DraftedJudge | None:
        """Parse a judge: `{agent, current_version}`, or one object with both; None if an id is missing."""
        if not isinstance(content, dict):
            return None
        judge = Judge.parse(content.get("agent", content))
        draft = JudgeVersion.parse(content.get("current_version"))
        return cls(judge, draft) if judge is not None and draft is not None else None


async def read_judge(client: Client, judge_id: str) -> DraftedJudge:
    """Return a judge with its draft.

    Raises:
        NotFound: there is none, or the base URL is wrong.
        ApiError: it could not be read.

    """
    label = f"judge {clean(judge_id)}"
    reply = await client.request(label, "GET", f"{EVALS_PATH}/agents/{segment(label, judge_id)}")
    judge = client.parsed(reply, DraftedJudge.parse, "the response shows no judge with its draft")
    _refuse_other(reply, judge.judge.judge_id, judge_id)
    return judge


async def read_version(client: Client, judge_id: str, version_id: str) -> JudgeVersion:
    """Return a version of a judge."""
    label = f"version {clean(version_id)} of judge {clean(judge_id)}"
    reply = await client.request(label, "GET", _version_path(label, judge_id, version_id))
    version = client.parsed(reply, JudgeVersion.parse, "the response does not show the version")
    _refuse_other(reply, version.version_id, version_id)
    return version


async def read_shown(client: Client, judge: Judge) -> JudgeVersion:
    """Return the active version of a judge, or the draft of one that was never published. It repeats its request."""
    active = judge.active_version_id
    if active is not None:
        return await retried(lambda: read_version(client, judge.judge_id, active))
    return await read_draft(client, judge)


async def read_draft(client: Client, judge: Judge) -> JudgeVersion:
    """Return the draft of a judge. It repeats its request."""
    return (await retried(lambda: read_judge(client, judge.judge_id))).draft


async def create_judge(client: Client, name: str, modality: str) -> DraftedJudge:
    """Create a judge, which scores nothing until it is published.

    Raises:
        OutcomeUnknown: among others, a 2xx response without an id that can be recorded.

    """
    label = f"create judge {clean(name, 80)}"
    body = {"name": name, "modality": modality}
    reply = await client.request(label, "POST", f"{EVALS_PATH}/agents", body=body)
    return client.parsed(reply, DraftedJudge.parse, "the response shows no judge with its draft")


async def edit_draft(client: Client, judge_id: str, version_id: str, fields: Mapping[str, Any]) -> None:
    """Change fields of a draft, by the names of declarations. It is safe to repeat.

    Raises:
        Conflict: the version is published, with the code `NOT_EDITABLE`.

    """
    label = f"edit of judge {clean(judge_id)}"
    reply = await client.request(label, "PATCH", _version_path(label, judge_id, version_id), body=_body(fields))
    client.parsed(reply, JudgeVersion.parse, "the response does not show the version")


async def publish_judge(client: Client, judge_id: str) -> str:
    """Make the draft of a judge its active version, and return the id of that version."""
    label = f"publication of judge {clean(judge_id)}"
    reply = await client.request(label, "POST", f"{EVALS_PATH}/agents/{segment(label, judge_id)}/publications")
    return client.parsed(reply, _active_version, "the response shows no active version")


async def delete_judge(client: Client, judge_id: str) -> None:
    """Delete a judge (*Delete Eval Agent*: 204 without a body). It is safe to repeat.

    Raises:
        NotFound: there is none, or the base URL is wrong.

    """
    label = f"removal of judge {clean(judge_id)}"
    await client.request(label, "DELETE", f"{EVALS_PATH}/agents/{segment(label, judge_id)}")


def _refuse_other(reply: Reply, answered: str, asked: str) -> None:
    if is_other(answered, asked):
        raise ForeignResponse(reply.label, f"the response is about {clean(answered)}")


def _active_version(content: Any) -> str | None:
    return word(content.get("active_version_id"), MAX_ID_CHARACTERS) if isinstance(content, dict) else None


def _version_path(label: str, judge_id: str, version_id: str) -> str:
    return f"{EVALS_PATH}/agents/{segment(label, judge_id)}/versions/{segment(label, version_id)}"


def _level(level: Any) -> Any:
    if not isinstance(level, dict):
        return level
    return {name: level[key] for name, key in LEVEL_NAMES.items() if level.get(key) is not None}


def _body(fields: Mapping[str, Any]) -> Json:
    body = {REQUEST_KEYS[name]: value for name, value in fields.items()}
    if "levels" in body:
        body["levels"] = [{LEVEL_NAMES[name]: value for name, value in level.items()} for level in body["levels"]]
    return body
