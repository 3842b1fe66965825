"""The endpoints of the API's pages about agents: versions, environments, publish, promote, roll back, and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.sandbox import agents_described as described
from tornado_resource.sandbox.agents import AGENT_PATH, AGENTS_PATH, is_semver
from tornado_resource.sandbox.operations import FLAG, TEXT, Operation, Refusal, limit_of, list_of, read_body, record

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.agents import Agents
    from tornado_resource.sandbox.check_runs import CheckRuns
    from tornado_resource.sandbox.operations import Answers, Json

CHECKS_PATH = f"{AGENT_PATH}/environments/{{env}}/checks"
VARIABLES_PATH = f"{AGENT_PATH}/environments/{{env}}/variables"
MASK: Final = "********"
"""What is shown of the value of a secret variable."""


class AgentEndpoints:
    """Shows agents, moves what their environments pin, and keeps their check configs.

    Args:
        agents: all agents.
        runs: their check runs.
        answers: makes the responses.

    """

    def __init__(self, agents: Agents, runs: CheckRuns, answers: Answers) -> None:
        self._agents = agents
        self._runs = runs
        self._answers = answers

    def operations(self) -> list[Operation]:
        """Return the endpoints, with their descriptions."""
        return [*self._reads(), *self._releases(), *self._checks(), *self._variables(), self._own()]

    def _reads(self) -> list[Operation]:
        branch = {"branch": TEXT}
        versions, listed = f"{AGENT_PATH}/versions", list_of(described.LISTED_VERSION)
        env = {"env": TEXT, **described.LIMIT}
        calls: list[tuple[str, Any, str, Json, Json]] = [
            (AGENTS_PATH, self._list_agents, "List agents", described.LIMIT, list_of(described.LISTED_AGENT)),
            (AGENT_PATH, self._get_agent, "Get an agent", {}, described.AGENT),
            (
                f"{AGENT_PATH}/environments",
                self._get_environments,
                "List environments",
                {},
                described.ENVIRONMENTS_SHOWN,
            ),
            (versions, self._list_versions, "List versions", {**described.LIMIT, **branch}, listed),
            (f"{versions}/latest", self._get_latest, "Get the newest version", branch, described.VERSION),
            (f"{versions}/{{semver}}", self._get_version, "Get a version by its semver", {}, described.VERSION),
            (
                f"{AGENT_PATH}/deployments",
                self._list_deployments,
                "List deployments",
                env,
                list_of(described.DEPLOYMENT),
            ),
        ]
        return [
            Operation("GET", path, endpoint, summary, query=query, response=response, refusals=(404,), is_coded=True)
            for path, endpoint, summary, query, response in calls
        ]

    def _releases(self) -> list[Operation]:
        calls: list[tuple[str, Any, str, Json, Json, tuple[int, ...]]] = [
            ("publish", self._publish_agent, "Publish to staging", described.PUBLISH, described.PUBLISHED, (200, 201)),
            ("promote", self._promote_agent, "Promote to production", described.PROMOTE, described.PROMOTED, (200,)),
            ("rollback", self._roll_back, "Roll production back", described.ROLLBACK, described.ROLLED_BACK, (200,)),
        ]
        return [
            Operation(
                "POST",
                f"{AGENT_PATH}/{name}",
                endpoint,
                summary,
                body=body,
                response=response,
                done=done,
                refusals=(404, 409),
                is_coded=True,
            )
            for name, endpoint, summary, body, response, done in calls
        ]

    def _checks(self) -> list[Operation]:
        checks_shown, deleted = described.CHECKS_SHOWN, record(deleted=FLAG)
        calls: list[tuple[str, Any, str, Json | None, Json]] = [
            ("GET", self._get_checks, "Get the check config of an environment", None, checks_shown),
            ("PUT", self._set_checks, "Replace the check config of an environment", described.CHECKS, checks_shown),
            ("DELETE", self._delete_checks, "Delete the check config of an environment", None, deleted),
        ]
        return [
            Operation(
                method,
                CHECKS_PATH,
                endpoint,
                summary,
                parameters=described.ENV,
                body=body,
                response=response,
                refusals=(404,),
                is_coded=True,
            )
            for method, endpoint, summary, body, response in calls
        ]

    def _variables(self) -> list[Operation]:
        listed = Operation(
            "GET",
            VARIABLES_PATH,
            self._list_variables,
            "List the variables of an environment",
            parameters=described.ANY_ENV,
            response=list_of(described.VARIABLE),
            refusals=(404,),
            is_coded=True,
        )
        changed = Operation(
            "PUT",
            f"{VARIABLES_PATH}/{{key}}",
            self._set_variable,
            "Set a variable of an environment",
            parameters=described.ANY_ENV | described.KEY,
            body=described.NEW_VALUE,
            response=described.VARIABLE,
            refusals=(404,),
            is_coded=True,
        )
        return [listed, changed]

    def _own(self) -> Operation:
        return Operation(
            "POST",
            "/_sandbox/agents/{agent_id}/versions",
            self._save_version,
            "Save a version, as the editor does",
            body=described.SAVE,
            response=described.VERSION,
            refusals=(404,),
            needs_key=False,
            is_coded=True,
        )

    async def _list_agents(self, request: Request) -> Response:
        listed = [_listed(agent) for agent in self._agents.all()]
        return self._answers.of(listed[: limit_of(request, 100, 500)])

    async def _get_agent(self, request: Request) -> Response:
        agent = self._agents.get(_id(request))
        more = {"org_id": agent["org_id"], "created_by": agent["created_by"]}
        return self._answers.of(_listed(agent) | more | {"environments": self._agents.environments(agent["id"])})

    async def _get_environments(self, request: Request) -> Response:
        return self._answers.of(self._agents.environments(_id(request)))

    async def _list_versions(self, request: Request) -> Response:
        versions = self._of_main_line(request)
        return self._answers.of([_row(version) for version in versions[: limit_of(request, 50, 200)]])

    async def _get_latest(self, request: Request) -> Response:
        versions = self._of_main_line(request)
        if not versions:
            raise Refusal(404, "The agent has no versions", "NO_VERSIONS")
        return self._answers.of(versions[0])

    async def _get_version(self, request: Request) -> Response:
        semver = request.path_params["semver"]
        if not is_semver(semver):
            raise Refusal(400, "The version must be X.Y.Z", "INVALID_VERSION")
        version = next((listed for listed in self._agents.versions(_id(request)) if listed["semver"] == semver), None)
        if version is None:
            raise Refusal(404, f"Version {semver} not found", "VERSION_NOT_FOUND")
        return self._answers.of(version)

    async def _list_deployments(self, request: Request) -> Response:
        agent_id, env = _id(request), _env(request)
        current = self._agents.get(agent_id)["pins"].get(env)
        runs = {run["agent_version_id"]: run for run in reversed(self._runs.listed(agent_id, env))}
        rows = []
        for deployment in self._agents.deployments(agent_id, env)[: limit_of(request, 50, 200)]:
            version_id = deployment["agent_version_id"]
            version = self._agents.version(agent_id, version_id) or {}
            named = {"version_name": version.get("name"), "semver": version.get("semver"), "deployed_by": None}
            more = {"check_run": runs.get(version_id), "is_rollback_eligible": version_id != current}
            rows.append({**deployment, **named, **more})
        return self._answers.of(rows)

    async def _publish_agent(self, request: Request) -> Response:
        body, agent_id = await read_body(request, described.PUBLISH, {"bump": "INVALID_BUMP"}), _id(request)
        version = self._wanted(agent_id, body)
        is_pinned = self._agents.get(agent_id)["pins"].get("staging") == version["id"]
        if not is_pinned:
            version = self._agents.pin(agent_id, version, ("staging",), body.get("bump", "minor"))
        response = {"version": _row(version), "semver": version["semver"], "warnings": []}
        response["environments"] = self._agents.environments(agent_id)
        return self._answers.of(response, 200 if is_pinned else 201)

    async def _promote_agent(self, request: Request) -> Response:
        body, agent_id = await read_body(request, described.PROMOTE), _id(request)
        pins = self._agents.get(agent_id)["pins"]
        if "version_id" not in body and "branch_id" not in body and pins.get("staging") is None:
            raise Refusal(400, "Nothing is published to staging", "STAGING_UNPINNED")
        version = self._wanted(agent_id, {"version_id": pins.get("staging"), **body})
        if pins.get("production") == version["id"]:
            raise Refusal(400, "Production has this version already", "ALREADY_IN_PRODUCTION")
        if not body.get("force", False):
            self._refuse_unchecked(agent_id, version["id"])
        moved = tuple(env for env in ("staging", "production") if pins.get(env) != version["id"])
        version = self._agents.pin(agent_id, version, moved)
        response = {"semver": version["semver"], "environments": self._agents.environments(agent_id)}
        return self._answers.of({**response, "production_moved": True})

    def _refuse_unchecked(self, agent_id: str, version_id: str) -> None:
        checks = self._agents.checks(agent_id, "staging")
        is_gated = checks is not None and checks["enabled"]
        if is_gated and not self._runs.has_passed(agent_id, version_id):
            raise Refusal(409, "The checks of staging have not passed for this version", "CHECKS_BLOCKED")

    async def _roll_back(self, request: Request) -> Response:
        body, agent_id = await read_body(request, described.ROLLBACK), _id(request)
        version = self._wanted(agent_id, body)
        deployed = {deployment["agent_version_id"] for deployment in self._agents.deployments(agent_id, "production")}
        if version["id"] not in deployed or self._agents.get(agent_id)["pins"].get("production") == version["id"]:
            raise Refusal(400, "Production has not had this version, or has it now")
        self._agents.pin(agent_id, version, ("production",))
        environments = self._agents.environments(agent_id)
        return self._answers.of({"semver": version["semver"], "environments": environments})

    async def _get_checks(self, request: Request) -> Response:
        config = self._agents.checks(_id(request), request.path_params["env"])
        return self._answers.of(self._shown_checks(config) if config is not None else None)

    async def _set_checks(self, request: Request) -> Response:
        agent_id = self._agents.get(_id(request))["id"]
        body = await read_body(request, described.CHECKS)
        config = self._agents.set_checks(agent_id, request.path_params["env"], body)
        return self._answers.of(self._shown_checks(config))

    async def _delete_checks(self, request: Request) -> Response:
        return self._answers.of({"deleted": self._agents.delete_checks(_id(request), request.path_params["env"])})

    async def _list_variables(self, request: Request) -> Response:
        return self._answers.of(list(map(_masked, self._agents.variables(_id(request), request.path_params["env"]))))

    async def _set_variable(self, request: Request) -> Response:
        agent_id, names = self._agents.get(_id(request))["id"], request.path_params
        body = await read_body(request, described.NEW_VALUE)
        return self._answers.of(_masked(self._agents.set_variable(agent_id, names["env"], names["key"], body)))

    async def _save_version(self, request: Request) -> Response:
        body = await read_body(request, described.SAVE)
        return self._answers.of(self._agents.save(_id(request), body.get("name"), body.get("snapshot")))

    def _shown_checks(self, config: Json) -> Json:
        named = zip(config["evals"], self._agents.judge_names(config), strict=True)
        evals = [{**entry, "name": name} for entry, name in named]
        return {**config, "scenario_names": self._agents.scenario_names(config), "evals": evals}

    def _of_main_line(self, request: Request) -> list[Json]:
        versions = self._agents.versions(_id(request))
        if request.query_params.get("branch"):
            raise Refusal(404, "Branch not found", "BRANCH_NOT_FOUND")
        return versions

    def _wanted(self, agent_id: str, body: Json) -> Json:
        """Return the version that a body names, else the newest one."""
        versions = self._agents.versions(agent_id)
        if body.get("branch_id") is not None:
            raise Refusal(404, "Branch not found", "BRANCH_NOT_FOUND")
        if not versions:
            raise Refusal(400, "The agent has no versions", "NO_VERSIONS")
        version_id = body.get("version_id", versions[0]["id"])
        version = next((listed for listed in versions if listed["id"] == version_id), None)
        if version is None:
            raise Refusal(404, "Version not found", "VERSION_NOT_FOUND")
        return version


def _id(request: Request) -> str:
    return str(request.path_params["agent_id"])


def _env(request: Request) -> str:
    """Return the environment that a query names: any but staging means production, as documented."""
    return "staging" if request.query_params.get("env") == "staging" else "production"


def _masked(variable: Json) -> Json:
    return {**variable, "value": MASK} if variable["is_secret"] else variable


def _listed(agent: Json) -> Json:
    return {key: agent[key] for key in described.LISTED_AGENT["properties"]}


def _row(version: Json) -> Json:
    return {key: version[key] for key in described.LISTED_VERSION["properties"]}
