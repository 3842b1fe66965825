"""The endpoints of the API's pages about check runs, and about the eval runs that scored them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado_resource.sandbox import agents_described as described
from tornado_resource.sandbox.agent_endpoints import AGENT
from tornado_resource.sandbox.answers import limit_of
from tornado_resource.sandbox.check_runs import IN_FLIGHT, eval_run_of, results_of
from tornado_resource.sandbox.operations import OBJECT, TEXT, Operation, Refusal, list_of, read_body

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.agents import Agents
    from tornado_resource.sandbox.answers import Answers
    from tornado_resource.sandbox.check_runs import CheckRuns

Json = dict[str, Any]
RUNS = f"{AGENT}/check-runs"
EVAL_RUN = "/v1/evals/runs/{eval_run_id}"


class CheckRunEndpoints:
    """Starts, lists, shows and cancels check runs, and shows what their judges said.

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
        run = described.CHECK_RUN
        return [
            Operation(
                "POST",
                f"{AGENT}/environments/{{env}}/check-runs",
                self._start_check_run,
                "Start a check run",
                parameters=described.ENV,
                body=described.START_CHECK_RUN,
                response=run,
                done=(202,),
                refusals=(404, 409),
                is_coded=True,
            ),
            Operation(
                "GET",
                RUNS,
                self._list_check_runs,
                "List check runs, the newest first",
                query={"env": TEXT, **described.LIMIT},
                response=list_of(run),
                refusals=(404,),
                is_coded=True,
            ),
            *self._of_one(),
        ]

    def _of_one(self) -> list[Operation]:
        one = f"{RUNS}/{{run_id}}"
        calls: list[tuple[str, str, Any, str, Json]] = [
            ("GET", one, self._get_check_run, "Get a check run", {"response": described.CHECK_RUN}),
            (
                "POST",
                f"{one}/cancel",
                self._cancel_check_run,
                "Cancel a check run",
                {"response": described.CHECK_RUN, "refusals": (404, 409)},
            ),
            ("GET", EVAL_RUN, self._get_eval_run, "Get the eval run of a check run", {}),
            (
                "GET",
                f"{EVAL_RUN}/agent-results",
                self._list_agent_results,
                "List what each judge said of each conversation",
                {"query": described.PAGE, "response": described.page_of(OBJECT)},
            ),
        ]
        return [
            Operation(method, path, endpoint, summary, is_coded=True, **{"refusals": (404,), **more})
            for method, path, endpoint, summary, more in calls
        ]

    async def _start_check_run(self, request: Request) -> Response:
        agent_id, env = request.path_params["agent_id"], request.path_params["env"]
        body = await read_body(request, described.START_CHECK_RUN)
        config = self._agents.checks(agent_id, env)
        if config is None or not config["enabled"]:
            raise Refusal(400, f"{env} has no check config, or a disabled one")
        self._agents.refuse_unrunnable(config)
        version = self._candidate(agent_id, env, body.get("version_id"))
        active = self._runs.active(agent_id, env)
        if active is not None:
            raise Refusal(409, f"Check run {active['id']} of {env} is in flight")
        return self._answers.of(self._runs.start(config, version), 202)

    async def _list_check_runs(self, request: Request) -> Response:
        env = "staging" if request.query_params.get("env") == "staging" else "production"
        listed = self._runs.listed(request.path_params["agent_id"], env)
        return self._answers.of(listed[: limit_of(request, 25, 100)])

    async def _get_check_run(self, request: Request) -> Response:
        return self._answers.of(self._known(request))

    async def _cancel_check_run(self, request: Request) -> Response:
        run = self._known(request)
        if run["status"] not in IN_FLIGHT:
            raise Refusal(409, f"The check run has ended: {run['status']}")
        self._runs.cancel(run["id"])
        return self._answers.of(self._known(request))

    async def _get_eval_run(self, request: Request) -> Response:
        return self._answers.of(eval_run_of(self._scored(request)[1]))

    async def _list_agent_results(self, request: Request) -> Response:
        stored, shown = self._scored(request)
        return self._answers.page(request, results_of(stored, shown["verdicts"], shown["completed_at"]))

    def _candidate(self, agent_id: str, env: str, version_id: str | None) -> Json:
        """Return the version to test: that of the request, else what staging pins, or the newest one for staging."""
        if version_id is None and env == "staging":
            version_id = next((each["id"] for each in self._agents.versions(agent_id)), None)
        elif version_id is None:
            version_id = self._agents.get(agent_id)["pins"].get("staging")
        version = self._agents.version(agent_id, version_id) if version_id is not None else None
        if version is None:
            raise Refusal(400, "There is no candidate, or the version is not one of this agent")
        return version

    def _known(self, request: Request) -> Json:
        run = self._runs.get(request.path_params["agent_id"], request.path_params["run_id"])
        if run is None:
            raise Refusal(404, "Check run not found")
        return run

    def _scored(self, request: Request) -> tuple[Json, Json]:
        found = self._runs.scored(request.path_params["eval_run_id"])
        if found is None:
            raise Refusal(404, "Eval run not found")
        return found
