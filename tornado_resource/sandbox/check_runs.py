"""Check runs, what their judges said, and their endpoints. All follows from the stored run and its age."""

from __future__ import annotations

import math
import uuid
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.sandbox import agents_described as described
from tornado_resource.sandbox.agent_scripts import NEVER, RunScript
from tornado_resource.sandbox.agents import AGENT_PATH
from tornado_resource.sandbox.operations import OBJECT, TEXT, Operation, Refusal, limit_of, list_of, read_body
from tornado_resource.sandbox.playing import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.agents import Agents
    from tornado_resource.sandbox.operations import Answers, Json
    from tornado_resource.sandbox.store import Source, Store

IN_FLIGHT: Final = ("PENDING", "RUNNING")
PENDING_MS: Final = 5_000
LONGEST_MS: Final = 45 * 60_000
"""After this time in flight, a run ends with ERROR."""
PASSING_RATE: Final = 0.5
COST_USD: Final = 0.02
"""What a judge costs for each conversation."""
RUNS_PATH = f"{AGENT_PATH}/check-runs"
EVAL_RUN_PATH = "/v1/evals/runs/{eval_run_id}"


class CheckRuns:
    """Starts, shows and cancels check runs.

    Args:
        store: where they are kept.
        agents: the agents that they test.
        speed_of: returns how many times faster than real time they run.
        source: the time and new ids.

    """

    def __init__(self, store: Store, agents: Agents, speed_of: Callable[[], float], source: Source) -> None:
        self._store = store
        self._agents = agents
        self._speed_of = speed_of
        self._now_ms = source.now_ms
        self._new_id = source.new_id
        self._opened_ms = source.now_ms()

    def reopen(self) -> None:
        """Let the runs of somebody else begin now."""
        self._opened_ms = self._now_ms()

    def start(self, config: Json, version: Json, triggered_by: str | None = None, at_ms: int | None = None) -> Json:
        """Store a run of a check config as it is now, and return it."""
        agent_id, env = config["agent_id"], config["env_type"]
        entries = self._agents.script(agent_id).runs
        number = sum(earlier["env_type"] == env for earlier in self._store.documents("run", agent_id))
        run = {
            "id": self._new_id("run"),
            "agent_id": agent_id,
            "env_type": env,
            "agent_version_id": version["id"],
            "semver": version["semver"],
            "version_name": version["name"],
            "config": config,
            "names": self._agents.judge_names(config),
            "tested": self._agents.tested(config),
            "entry": min(number, len(entries) - 1),
            "triggered_by": triggered_by,
            "created_ms": self._now_ms() if at_ms is None else at_ms,
            "cancelled_ms": None,
        }
        self._store.put("run", run["id"], run, agent_id)
        return self._shown(run)

    def listed(self, agent_id: str, env: str | None = None) -> list[Json]:
        """Return the runs of an agent, the newest first."""
        self._start_foreign(agent_id)
        stored = self._store.documents("run", agent_id)[::-1]
        return [self._shown(run) for run in stored if env in {None, run["env_type"]}]

    def all(self) -> list[Json]:
        """Return the runs of all agents, the newest first."""
        return [self._shown(run) for run in self._store.all_documents("run")[::-1]]

    def active(self, agent_id: str, env: str) -> Json | None:
        """Return the run of an environment that is in flight; None if there is none."""
        return next((run for run in self.listed(agent_id, env) if run["status"] in IN_FLIGHT), None)

    def get(self, agent_id: str, run_id: str) -> Json | None:
        """Return a run; None if the agent has none with this id."""
        return next((run for run in self.listed(agent_id) if run["id"] == run_id), None)

    def cancel(self, run_id: str) -> None:
        """Store that a run was cancelled now."""
        stored = self._store.document("run", run_id)
        if stored is not None:
            self._store.put("run", run_id, {**stored, "cancelled_ms": self._now_ms()})

    def has_passed(self, agent_id: str, version_id: str) -> bool:
        """Return whether the newest staging run of a version passed, on the checks that staging has now."""
        runs = (run for run in self._store.documents("run", agent_id)[::-1] if run["env_type"] == "staging")
        newest = next((run for run in runs if run["agent_version_id"] == version_id), None)
        config = self._agents.checks(agent_id, "staging")
        if newest is None or config is None or newest["tested"] != self._agents.tested(config):
            return False
        return self._shown(newest)["overall_passed"] is True

    def scored(self, eval_run_id: str) -> tuple[Json, Json] | None:
        """Return the run that was scored by an eval run, as it is stored and as it is shown; None if there is none."""
        stored = self._store.document("run", eval_run_id.removeprefix("eval-"))
        run = self._shown(stored) if stored is not None else None
        if stored is None or run is None or run["eval_run_id"] != eval_run_id:
            return None
        return stored, run

    def _start_foreign(self, agent_id: str) -> None:
        """Store the runs that have been going on since the sandbox was started."""
        agent = self._agents.get(agent_id)
        if "has_foreign" in agent:
            return
        self._store.put("agent", agent_id, {**agent, "has_foreign": True})
        for env in self._agents.script(agent_id).foreign:
            config = self._agents.checks(agent_id, env)
            if config is not None:
                version = self._agents.versions(agent_id)[0]
                self.start(config, version, triggered_by="user-sandbox", at_ms=self._opened_ms)

    def _shown(self, run: Json) -> Json:
        script = self._agents.script(run["agent_id"]).runs[run["entry"]]
        return shown(run, script, self._now_ms(), self._speed_of())


def shown(run: Json, script: RunScript, now_ms: int, speed: float) -> Json:
    """Return a run as the API shows it."""
    end_ms, final = _end(run, script, speed)
    start_ms, age_ms = min(PENDING_MS, end_ms), int((now_ms - run["created_ms"]) * speed)
    has_started, has_ended = age_ms >= start_ms, age_ms >= end_ms
    status = final if has_ended else IN_FLIGHT[has_started]
    return {
        **{key: run[key] for key in ("id", "agent_id", "env_type", "agent_version_id", "semver", "version_name")},
        "status": status,
        "judge_names": run["names"],
        "scenario_count": len(run["config"]["scenario_ids"]),
        "simulations_count": run["config"]["simulations_count"],
        **_results(run, script, status),
        "simulation_set_id": f"set-{run['id']}" if has_started and end_ms else None,
        "triggered_by": run["triggered_by"],
        "created_at": iso(run["created_ms"]),
        "started_at": iso(run["created_ms"] + start_ms / speed) if has_started else None,
        "completed_at": iso(run["created_ms"] + end_ms / speed) if has_ended else None,
        **(script.answer if has_ended else {}),
    }


def _results(run: Json, script: RunScript, status: str) -> Json:
    is_scored = status in {"PASSED", "FAILED"}
    error = "The checks ran longer than 45 minutes" if script.run_ms > LONGEST_MS else "It failed"
    return {
        "overall_passed": status == "PASSED" if is_scored else None,
        "verdicts": verdicts_of(run, script) if is_scored else [],
        "eval_run_id": f"eval-{run['id']}" if is_scored else None,
        "error_message": script.error_message or error if status == "ERROR" else None,
    }


def verdicts_of(run: Json, script: RunScript) -> list[Json]:
    """Return the verdicts of a run's judges."""
    total = _conversations(run["config"])
    verdicts = []
    for name, entry in zip(run["names"], run["config"]["evals"], strict=True):
        matched = _matched(script, entry["eval_agent_id"], total)
        rate = matched / total if matched is not None else None
        verdicts.append(
            {
                "eval_agent_id": entry["eval_agent_id"],
                "eval_agent_version_id": entry["eval_agent_version_id"],
                "name": name,
                "required": entry["required"],
                "target_level_keys": entry.get("target_level_keys", []),
                "match_rate": rate,
                "score": rate * 100 if rate is not None else None,
                "passed": rate is not None and rate >= PASSING_RATE,
            }
        )
    return verdicts


def eval_run_of(run: Json) -> Json:
    """Return the eval run of a scored run, which is given as the API shows it."""
    conversations = run["scenario_count"] * run["simulations_count"]
    rates = [verdict["match_rate"] for verdict in run["verdicts"]]
    results = conversations * len(rates)
    return {
        "id": run["eval_run_id"],
        "org_id": "org-sandbox",
        "status": "COMPLETE",
        "triggered_by": "auto",
        "run_mode": "text",
        "resolved_call_count": conversations,
        "resolved_agent_count": len(rates),
        "resolved_atom_count": results,
        "completed_atom_count": results,
        "summary": {
            "successful_call_count": conversations,
            "failed_call_count": 0,
            "insufficient_evidence_count": conversations * rates.count(None),
            "target_match_count": sum(round((rate or 0) * conversations) for rate in rates),
        },
        "billable_cost_usd": round(COST_USD * results, 2),
        "error_code": None,
        "error_message": None,
        "metadata": {},
        "created_at": run["started_at"],
        "started_at": run["started_at"],
        "completed_at": run["completed_at"],
    }


def results_of(run: Json, verdicts: list[Json], created_at: str) -> list[Json]:
    """Return the result of each judge for each conversation of a scored run, which is given as it is stored."""
    scenario_ids, total = run["config"]["scenario_ids"], _conversations(run["config"])
    results = []
    for verdict in verdicts:
        rate = verdict["match_rate"]
        for number in range(total):
            scenario_id = scenario_ids[number % len(scenario_ids)]
            call_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run['id']}/{number}"))
            is_match = rate is not None and number < round(rate * total)
            results.append(_result(run, verdict, (number, scenario_id, call_id), is_match=is_match, at=created_at))
    return results


def _result(run: Json, verdict: Json, call: tuple[int, str, str], *, is_match: bool, at: str) -> Json:
    number, scenario_id, call_id = call
    said = "did what it asks for" if is_match else "did not do what it asks for"
    targets = verdict["target_level_keys"]
    missed = None if targets else "fail"
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call_id}/{verdict['eval_agent_id']}")),
        "org_id": "org-sandbox",
        "eval_run_id": f"eval-{run['id']}",
        "eval_agent_id": verdict["eval_agent_id"],
        "eval_agent_version_id": verdict["eval_agent_version_id"],
        "call_id": call_id,
        "selected_level_key": (targets or ["pass"])[0] if is_match else missed,
        "is_target_match": is_match,
        "is_insufficient_evidence": verdict["match_rate"] is None,
        "confidence": 0.9,
        "reasoning_md": f"{verdict['name']}: in conversation {number + 1} ({scenario_id}), the agent {said}.",
        "evidence": [{"source": "transcript", "speaker": "agent", "text": f"Conversation {number + 1}"}],
        "failed": False,
        "failure_code": None,
        "failure_message": None,
        "billable_cost_usd": COST_USD,
        "created_at": at,
    }


def _end(run: Json, script: RunScript, speed: float) -> tuple[float, str]:
    """Return the age in milliseconds at which a run ends, and its final status."""
    is_passed = all(verdict["passed"] for verdict in verdicts_of(run, script) if verdict["required"])
    end: tuple[float, str] = (script.run_ms, script.ends_as or ("PASSED" if is_passed else "FAILED"))
    if script.ends_as == NEVER:
        end = (math.inf, NEVER)
    elif script.run_ms > LONGEST_MS:
        end = (LONGEST_MS, "ERROR")
    if run["cancelled_ms"] is not None:
        # Only a run in flight is cancelled, and it stays so where the speed has changed since.
        end = (min(int((run["cancelled_ms"] - run["created_ms"]) * speed), end[0]), "CANCELLED")
    return end


def _conversations(config: Json) -> int:
    return len(config["scenario_ids"]) * int(config["simulations_count"])


def _matched(script: RunScript, judge_id: str, total: int) -> int | None:
    """Return in how many conversations a judge found what it asks for: never a larger share than the script says."""
    rate = script.rates.get(judge_id, 1.0)
    return int(rate * total + 1e-9) if rate is not None else None


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
                f"{AGENT_PATH}/environments/{{env}}/check-runs",
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
                RUNS_PATH,
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
        one = f"{RUNS_PATH}/{{run_id}}"
        calls: list[tuple[str, str, Any, str, Json]] = [
            ("GET", one, self._get_check_run, "Get a check run", {"response": described.CHECK_RUN}),
            (
                "POST",
                f"{one}/cancel",
                self._cancel_check_run,
                "Cancel a check run",
                {"response": described.CHECK_RUN, "refusals": (404, 409)},
            ),
            ("GET", EVAL_RUN_PATH, self._get_eval_run, "Get the eval run of a check run", {}),
            (
                "GET",
                f"{EVAL_RUN_PATH}/agent-results",
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
        stored, run = self._scored(request)
        return self._answers.page(request, results_of(stored, run["verdicts"], run["completed_at"]))

    def _candidate(self, agent_id: str, env: str, version_id: str | None) -> Json:
        """Return the version to test: that of the request, else what staging pins, or the newest one for staging."""
        if version_id is None and env == "staging":
            version_id = next((listed["id"] for listed in self._agents.versions(agent_id)), None)
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
        scored = self._runs.scored(request.path_params["eval_run_id"])
        if scored is None:
            raise Refusal(404, "Eval run not found")
        return scored
