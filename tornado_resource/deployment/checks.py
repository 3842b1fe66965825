"""The declared checks of an environment: judges are found before anything is declared, then come the resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.checks.resource import AgentChecks, AgentJudge, look_for_judge
from tornado_resource.core.text import clean, id_list
from tornado_resource.errors import TornadoError
from tornado_resource.program.arguments import aliases
from tornado_resource.program.judges import with_defaults
from tornado_resource.runs.declared_checks import checks_of, config_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.listing import Owner
    from tornado_resource.declarations.model import ChecksDeclaration, Declaration, Environment, JudgeDeclaration
    from tornado_resource.program.last_runs import LastRuns
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.scenarios.resource import TornadoScenario

NOT_FOUND: Final = "nothing was started: judges of the checks cannot be used"
UNKNOWN_JUDGE: Final = "?"
"""Stands for the digest of checks whose judges cannot be found. It is equal to none that is recorded."""


async def check_judges(environment: Environment, run: ProgramRun) -> None:
    """Find the judges that the checks of an environment name: by one list of all judges, if there is anything to find.

    Raises:
        pulumi.RunError: some cannot be used, or a gate names others; the text lists all of them.

    """
    problems: dict[str, None] = {}
    for checks in environment.checks:
        for judge, position, code in zip(checks.judges, checks.judge_positions, checks.definitions, strict=True):
            if code is not None:
                continue
            try:
                await run.judges.resolve([judge])
            except TornadoError as error:
                problems[f"{position}: {error}"] = None
    if not problems:
        problems = {problem: None for agent in environment.agents for problem in await _unknown_bars(agent, run)}
    if problems:
        raise pulumi.RunError("\n".join([NOT_FOUND, *problems]))


async def _unknown_bars(agent: Declaration, run: ProgramRun) -> list[str]:
    """Return a problem for each judge of a gate that the checks do not have: no run could meet the gate.

    The file shows most of them. What the API calls a judge that is declared by its id is known only here.
    """
    if agent.gate is None or agent.checks is None or not agent.gate.judges:
        return []
    names = [await _name(judge, run) for judge in agent.checks.judges]
    if not all(names):
        return []  # a judge with an id and a version is not looked up
    ids = [judge.get("id") for judge in agent.checks.judges]
    unknown = [bar for bar in agent.gate.judges if bar not in {*names, *ids}]
    of_checks = f"is not among those of the checks: {id_list(names)}"
    return [f"{agent.position}: {agent.name}: judge {clean(bar, 60)} of the gate {of_checks}" for bar in unknown]


async def _name(judge: Mapping[str, Any], run: ProgramRun) -> str:
    """Return what the API calls a judge of checks; an empty text if that is not known."""
    if "name" in judge:
        return str(judge["name"])
    [resolved] = await run.judges.resolve([judge])
    return str(resolved.get("name", ""))


def declare_checks(
    environment: Environment,
    scenarios: Mapping[tuple[str, Owner], TornadoScenario],
    last_runs: LastRuns,
) -> dict[tuple[str, ...], AgentChecks]:
    """Declare the judges and the checks of an environment, and return the resources of the checks by agent and env.

    Args:
        environment: the environment.
        scenarios: the resources of the declared scenarios, by key and owner.
        last_runs: knows the old names of agents that were renamed, which their checks have too.

    """
    judges = {judge.key: _declare_judge(judge) for judge in environment.judges}
    return {
        checks.place: _declare(checks, scenarios, judges, last_runs.old_name(checks.name))
        for checks in environment.checks
    }


async def expected_config(declared: ChecksDeclaration, ids: Sequence[str], run: ProgramRun) -> str:
    """Return the digest of declared checks as their resource will have it; *ids* are those of declared scenarios."""
    pairs = zip(declared.judges, declared.definitions, strict=True)
    try:
        judges = [await _expected_judge(judge, code, run) for judge, code in pairs]
    except TornadoError:
        return UNKNOWN_JUDGE  # `check_judges` says why before anything is declared, or the provider of the judge
    if None in judges:
        return UNKNOWN_JUDGE
    props = {"scenario_ids": [*declared.scenario_ids, *ids], "judges": judges}
    return config_digest(checks_of({**props, "simulations_count": declared.simulations_count}))


async def _expected_judge(
    judge: Mapping[str, Any], code: JudgeDeclaration | None, run: ProgramRun
) -> dict[str, Any] | None:
    """Return a judge of checks as it will be; None if that is not known yet, as of one that will be published."""
    if code is None:
        [resolved] = await run.judges.resolve([judge])
        return resolved
    seen = await look_for_judge(run, code.fields)
    is_kept = seen is not None and seen.is_published
    return with_defaults({**judge, "id": seen.judge_id, "version": seen.version_id}) if seen and is_kept else None


def _declare_judge(declared: JudgeDeclaration) -> AgentJudge:
    return AgentJudge(
        declared.key,
        **declared.fields,
        on_conflict=declared.on_conflict,
        on_destroy=declared.on_destroy,
        manage=declared.manage,
        managed_by=declared.managed_by,
        declared_at=str(declared.position),
    )


def _published(judge: AgentJudge) -> dict[str, Any]:
    return {"id": judge.judge_id, "version": judge.stored_version}


def _declare(
    declared: ChecksDeclaration,
    scenarios: Mapping[tuple[str, Owner], TornadoScenario],
    judges: Mapping[str, AgentJudge],
    old_name: str | None,
) -> AgentChecks:
    pairs = zip(declared.judges, declared.definitions, strict=True)
    used = [{**judge, **_published(judges[code.key])} if code is not None else judge for judge, code in pairs]
    return AgentChecks(
        declared.name,
        agent_id=declared.agent_id,
        env=declared.env,
        scenario_ids=[*declared.scenario_ids],
        scenarios=[scenarios[scenario.key, scenario.owner] for scenario in declared.scenarios],
        judges=used,
        simulations_count=declared.simulations_count,
        vacuous=declared.vacuous,
        on_conflict=declared.on_conflict,
        on_destroy=declared.on_destroy,
        manage=declared.manage,
        managed_by=declared.managed_by,
        declared_at=str(declared.position),
        opts=pulumi.ResourceOptions(aliases=aliases(old_name)),
    )
