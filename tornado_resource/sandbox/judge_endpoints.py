"""The endpoints of the API's pages about judges, which it calls eval agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response as EmptyResponse

from tornado_resource.sandbox import agents_described as described
from tornado_resource.sandbox.judges import HIDDEN
from tornado_resource.sandbox.operations import NO_CONTENT, OBJECT, Operation, read_body

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.answers import Answers
    from tornado_resource.sandbox.judges import Judges

Json = dict[str, Any]
JUDGES = "/v1/evals/agents"
JUDGE = f"{JUDGES}/{{eval_agent_id}}"
VERSION = f"{JUDGE}/versions/{{version_id}}"
PUBLISH = "Make the draft of a judge its active version"


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
            ("GET", JUDGES, self._list_judges, "List judges", listed),
            ("POST", JUDGES, self._create_judge, "Create a judge with an empty draft", created),
            ("GET", JUDGE, self._get_judge, "Get a judge with its draft", {"response": described.JUDGE}),
            ("GET", VERSION, self._get_judge_version, "Get a version of a judge", version),
            ("PATCH", VERSION, self._edit_judge_version, "Edit the draft of a judge", changed),
            ("POST", f"{JUDGE}/publications", self._publish_judge, PUBLISH, published),
            ("DELETE", JUDGE, self._delete_judge, "Delete a judge", {"done": (NO_CONTENT,)}),
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
        shown = {key: version[key] for key in described.PUBLISHED_VERSION}
        ids = {key: judge[key] for key in ("current_version_id", "active_version_id")}
        return self._answers.of(
            {"eval_agent_id": judge["id"], **ids, "published_version": shown | {"latest_run": None}}
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
    return {key: value for key, value in version.items() if key != HIDDEN}
