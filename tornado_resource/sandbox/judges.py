"""Judges: the eval agents of the API, their drafts, their published versions, and their endpoints."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response as EmptyResponse

from tornado_resource.sandbox import agents_described as described
from tornado_resource.sandbox.operations import NO_CONTENT, OBJECT, Operation, Refusal, read_body
from tornado_resource.sandbox.playing import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.agent_scripts import JudgeScript
    from tornado_resource.sandbox.operations import Answers, Json
    from tornado_resource.sandbox.store import Source, Store

MIN_LEVELS: Final = 2
HIDDEN_FIELD: Final = "judge_config"
"""What is stored and never read back: the model and its temperature."""
JUDGES_PATH = "/v1/evals/agents"
JUDGE_PATH = f"{JUDGES_PATH}/{{eval_agent_id}}"
JUDGE_VERSION_PATH = f"{JUDGE_PATH}/versions/{{version_id}}"
PUBLISH_SUMMARY = "Make the draft of a judge its active version"


class Judges:
    """The judges of the scenario file, and those that were created.

    Args:
        store: where they are kept.
        scripts: the judges of the scenario file, by id.
        source: the time and new ids.

    """

    def __init__(self, store: Store, scripts: Mapping[str, JudgeScript], source: Source) -> None:
        self._store = store
        self._scripts = scripts
        self._now_ms = source.now_ms
        self._new_id = source.new_id

    def all(self) -> list[Json]:
        """Return all judges but those that were deleted: those of the scenario file first."""
        for judge_id in self._scripts:
            self.get(judge_id)
        return [judge for judge in self._store.documents("judge") if judge["deleted_at"] is None]

    def delete(self, judge_id: str) -> None:
        """Delete a judge. It is kept and can still be read, but no longer be listed, edited, published or used.

        Raises:
            Refusal: there is no such judge.

        """
        self._store_judge({**self._usable(judge_id), "deleted_at": iso(self._now_ms())})

    def _usable(self, judge_id: str) -> Json:
        judge = self.get(judge_id)
        if judge["deleted_at"] is not None:
            raise Refusal(404, "Eval agent not found", "EVAL_AGENT_NOT_FOUND")
        return judge

    def get(self, judge_id: str) -> Json:
        """Return a judge as it is stored, with its `versions` by id; one that was deleted, too.

        Raises:
            Refusal: there is no such judge.

        """
        judge = self._store.document("judge", judge_id)
        script = self._scripts.get(judge_id)
        if judge is None and script is not None:
            judge = self._publish(self._make(judge_id, script), iso(0))
        if judge is None:
            raise Refusal(404, "Eval agent not found", "EVAL_AGENT_NOT_FOUND")
        return judge

    def create(self, body: Json) -> Json:
        """Create a judge with an empty draft."""
        now = iso(self._now_ms())
        return self._store_judge(_judge(self._new_id("judge"), body["name"], now) | body)

    def version(self, judge_id: str, version_id: str) -> Json:
        """Return a version of a judge.

        Raises:
            Refusal: there is no such version.

        """
        stored = self.get(judge_id)["versions"].get(version_id)
        if stored is None:
            raise Refusal(404, "Eval agent version not found", "EVAL_AGENT_VERSION_NOT_FOUND")
        version: Json = stored
        return version

    def edit(self, judge_id: str, version_id: str, changes: Json) -> Json:
        """Change a draft.

        Raises:
            Refusal: the version is published.

        """
        judge, version = self._usable(judge_id), self.version(judge_id, version_id)
        if version["state"] != "editable":
            raise Refusal(409, "A published version cannot be edited", "EVAL_AGENT_VERSION_NOT_EDITABLE")
        changed = {**version, **changes, "updated_at": iso(self._now_ms())}
        self._store_judge({**judge, "versions": {**judge["versions"], version_id: changed}})
        return changed

    def publish(self, judge_id: str) -> Json:
        """Make the draft of a judge its active version.

        Raises:
            Refusal: the draft could not score anything.

        """
        judge = self._usable(judge_id)
        draft = judge["versions"][judge["current_version_id"]]
        keys = {level["level_key"] for level in draft["levels"]}
        is_sound = len(keys) >= MIN_LEVELS and draft["target_level_keys"] if keys else not draft["target_level_keys"]
        if not is_sound or not keys.issuperset(draft["target_level_keys"]):
            raise Refusal(400, "target_level_keys must name levels of a graded judge, which has 2 to 5")
        return self._publish(judge, iso(self._now_ms()))

    def entry(self, judge_id: str, *, is_required: bool) -> Json:
        """Return a judge's entry in a check config."""
        judge = self.get(judge_id)
        targets = judge["versions"][judge["active_version_id"]]["target_level_keys"]
        return {
            "eval_agent_id": judge_id,
            "eval_agent_version_id": judge["active_version_id"],
            **({"target_level_keys": targets} if targets else {}),
            "required": is_required,
        }

    def refuse_unusable(self, entry: Json) -> None:
        """Refuse an entry of a check config that cannot score.

        Raises:
            Refusal: the judge or version is unknown, is a draft, or the target levels are none of it.

        """
        judge_id, version_id = entry["eval_agent_id"], entry["eval_agent_version_id"]
        try:
            self._usable(judge_id)
            version = self.version(judge_id, version_id)
        except Refusal as refusal:
            raise Refusal(400, f"{refusal}: {judge_id}") from None
        keys, targets = {level["level_key"] for level in version["levels"]}, entry.get("target_level_keys", [])
        if version["state"] == "editable":
            raise Refusal(400, f"The version of {judge_id} is not published")
        if bool(keys) != bool(targets) or not keys.issuperset(targets):
            raise Refusal(400, f"target_level_keys: {judge_id} has {', '.join(sorted(keys)) or 'no levels'}")

    def _publish(self, judge: Json, now: str) -> Json:
        draft = judge["versions"][judge["current_version_id"]]
        number = draft["version_number"]
        following = {**draft, "id": _version_id(judge["id"], number + 1), "version_number": number + 1}
        following |= {"created_at": now, "updated_at": now, "created_from_version_id": draft["id"]}
        versions = {draft["id"]: {**draft, "state": "archived"}, following["id"]: following}
        published = {"active_version_id": draft["id"], "active_version_number": number, "updated_at": now}
        current = {"current_version_id": following["id"], "versions": {**judge["versions"], **versions}}
        return self._store_judge({**judge, **published, **current})

    def _store_judge(self, judge: Json) -> Json:
        self._store.put("judge", judge["id"], judge)
        return judge

    def _make(self, judge_id: str, script: JudgeScript) -> Json:
        judge = _judge(judge_id, script.name, iso(0))
        levels = [{"level_key": key, "label": key.capitalize(), "prompt_md": key} for key in script.levels]
        draft = judge["versions"][judge["current_version_id"]]
        draft |= {
            "prompt_md": f"Decide: {script.name}.",
            "levels": levels,
            "target_level_keys": list(script.targets),
        }
        return judge


def _judge(judge_id: str, name: str, now: str) -> Json:
    """Return a judge that was never published, with an empty draft."""
    draft = {
        "id": _version_id(judge_id, 1),
        "org_id": "org-sandbox",
        "eval_agent_id": judge_id,
        "version_number": 1,
        "name": name,
        "description": None,
        "state": "editable",
        "modality": "text",
        "system_prompt_md": "",
        "prompt_md": "",
        "levels": [],
        "target_level_keys": [],
        "weight": 10,
        "created_from_version_id": None,
        "created_by": None,
        "created_at": now,
        "updated_at": now,
    }
    return {
        "id": judge_id,
        "org_id": "org-sandbox",
        "key": "-".join(re.findall(r"[a-z0-9]+", name.lower())),
        "name": name,
        "description": None,
        "current_version_id": draft["id"],
        "active_version_id": None,
        "active_version_number": None,
        "enabled": True,
        "modality": "text",
        "latest_run": None,
        "metadata": {},
        "created_at": now,
        "updated_at": now,
        "deleted_at": None,
        "versions": {draft["id"]: draft},
    }


def _version_id(judge_id: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{judge_id}/versions/{number}"))


class JudgeEndpoints:
    """Lists, creates, shows, edits, publishes and deletes judges.

    Args:
        judges: all judges.
        answers: makes the responses.

    """

    def __init__(self, judges: Judges, answers: Answers) -> None:
        self._judges = judges
        self._answers = answers

    def operations(self) -> list[Operation]:
        """Return the endpoints, with their descriptions."""
        created = {"body": described.NEW_JUDGE, "done": (201,), "response": described.JUDGE}
        changed = {"body": described.JUDGE_CHANGES, "refusals": (404, 409), "response": described.JUDGE_VERSION}
        published, version = {"response": described.JUDGE_PUBLISHED}, {"response": described.JUDGE_VERSION}
        listed = {"query": described.PAGE, "response": described.page_of(OBJECT)}
        calls: list[tuple[str, str, Any, str, Json]] = [
            ("GET", JUDGES_PATH, self._list_judges, "List judges", listed),
            ("POST", JUDGES_PATH, self._create_judge, "Create a judge with an empty draft", created),
            ("GET", JUDGE_PATH, self._get_judge, "Get a judge with its draft", {"response": described.JUDGE}),
            ("GET", JUDGE_VERSION_PATH, self._get_judge_version, "Get a version of a judge", version),
            ("PATCH", JUDGE_VERSION_PATH, self._edit_judge_version, "Edit the draft of a judge", changed),
            ("POST", f"{JUDGE_PATH}/publications", self._publish_judge, PUBLISH_SUMMARY, published),
            ("DELETE", JUDGE_PATH, self._delete_judge, "Delete a judge", {"done": (NO_CONTENT,)}),
        ]
        return [
            Operation(method, path, endpoint, summary, is_coded=True, **{"refusals": (404,), **more})
            for method, path, endpoint, summary, more in calls
        ]

    async def _list_judges(self, request: Request) -> Response:
        return self._answers.page(request, [_listed(judge) for judge in self._judges.all()])

    async def _create_judge(self, request: Request) -> Response:
        return self._answers.of(_shown(self._judges.create(await read_body(request, described.NEW_JUDGE))), 201)

    async def _get_judge(self, request: Request) -> Response:
        return self._answers.of(_shown(self._judges.get(request.path_params["eval_agent_id"])))

    async def _get_judge_version(self, request: Request) -> Response:
        return self._answers.of(_readable(self._judges.version(*_ids(request))))

    async def _edit_judge_version(self, request: Request) -> Response:
        self._judges.version(*_ids(request))
        changes = await read_body(request, described.JUDGE_CHANGES)
        return self._answers.of(_readable(self._judges.edit(*_ids(request), changes)))

    async def _delete_judge(self, request: Request) -> Response:
        self._judges.delete(request.path_params["eval_agent_id"])
        return EmptyResponse(status_code=NO_CONTENT)

    async def _publish_judge(self, request: Request) -> Response:
        judge = self._judges.publish(request.path_params["eval_agent_id"])
        version = judge["versions"][judge["active_version_id"]]
        response = {key: version[key] for key in described.PUBLISHED_VERSION}
        ids = {key: judge[key] for key in ("current_version_id", "active_version_id")}
        return self._answers.of(
            {"eval_agent_id": judge["id"], **ids, "published_version": response | {"latest_run": None}}
        )


def _ids(request: Request) -> tuple[str, str]:
    return request.path_params["eval_agent_id"], request.path_params["version_id"]


def _shown(judge: Json) -> Json:
    agent = {key: judge[key] for key in (*described.SHOWN_JUDGE, "deleted_at")}
    return {"agent": agent, "current_version": _readable(_draft(judge))}


def _draft(judge: Json) -> Json:
    draft: Json = judge["versions"][judge["current_version_id"]]
    return draft


def _listed(judge: Json) -> Json:
    return {key: value for key, value in judge.items() if key not in {"versions", "deleted_at"}}


def _readable(version: Json) -> Json:
    return {key: value for key, value in version.items() if key != HIDDEN_FIELD}
