"""`tornado-resource plan`: show what would run, offline."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from tornado_resource.cli import options
from tornado_resource.cli.declarations import FORMATS, as_annotations, read_declarations, write_problems
from tornado_resource.cli.output import ExitCode, format_option, quiet_option
from tornado_resource.core.positions import Problem
from tornado_resource.core.text import clean, clean_json, count, counts
from tornado_resource.declarations.merging import SECTIONS
from tornado_resource.declarations.model import SUBJECT_FIELDS, SUBJECTS
from tornado_resource.declarations.resolver import environment_names, resolve
from tornado_resource.declarations.schedule import MAX_PLAN_VALUES, make_plan, one_at_a_time
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tornado_resource.declarations.budget import Cost
    from tornado_resource.declarations.model import ChecksDeclaration, Declaration, ScenarioDeclaration
    from tornado_resource.declarations.releases import Release
    from tornado_resource.declarations.schedule import Plan, Planned


CARRIES: Final = {
    "version": "runs on the version that passed in {source}",
    "pass": "must have passed in {source}, where it runs on another {subject}: no version is carried",
    "unknown": "must have passed in {source}; on the same {subject}, runs on the version that passed there",
    "never": "has no gate in {source}: its promotion will be refused",
}
MAX_LISTED_ENVIRONMENTS: Final = 20
"""How many environments a message lists."""
MAX_VALUE_SHOWN: Final = 100
"""How many characters of a value are shown."""
MAX_ALIGNED: Final = 44
"""Longer values do not push the column of origins to the right."""


@click.command("plan", cls=options.Command)
@click.argument("file", default="sessions.yaml", shell_complete=options.files)
@click.option(
    "--environment",
    "-e",
    metavar="E",
    shell_complete=options.environments,
    help="The environment (needed if the file lists any).",
)
@click.option(
    "--since",
    metavar="REF",
    help="Show what would run because of the changes since this revision of git, such as origin/main. Prompt files are "
    "read there, too. Without --environment: in all environments.",
)
@click.option("--against", metavar="OLD", help="The same, since the declarations in this file.")
@format_option(*FORMATS, "markdown")
@quiet_option
def command(  # noqa: PLR0913 - one for each option
    file: str, environment: str | None, since: str | None, against: str | None, output: str, *, quiet: bool
) -> ExitCode:
    """Show what an environment of FILE (default: sessions.yaml; `-`: standard input) would run.

    For each session and agent: what its start request says, where each value comes from, and what it waits for; of
    scenarios, what they declare. With --since or --against: what an update would start, why, and what has
    changed, prompts line by line. Sends no request, and needs no key.
    """
    if since is not None and against is not None:
        message = "--since excludes --against"
        raise click.UsageError(message)
    try:
        if since is None and against is None:
            plan = _plan(file, environment, "warnings" if quiet and output != "json" else output)
        else:
            from tornado_resource.cli.since import show_changes

            plan = show_changes(file, environment, output, since=since, against=against)
            plan = "" if quiet and output != "json" else plan
    except DeclarationError as error:
        click.echo(write_problems(error.problems, error.more, output), err=output in {"text", "markdown"})
        return ExitCode.INVALID
    click.echo(plan, nl=bool(plan))
    return ExitCode.PASSED


def _plan(file: str, environment: str | None, output: str) -> str:
    document = read_declarations(file)
    listed = environment_names(document)
    if listed and environment is None:
        more = "|…" if len(listed) > MAX_LISTED_ENVIRONMENTS else ""
        message = f"name the environment: --environment {'|'.join(listed[:MAX_LISTED_ENVIRONMENTS])}{more}"
        raise click.UsageError(message)
    writers = {
        "text": _as_text,
        "json": _as_json,
        "github": _as_github,
        "markdown": _as_markdown,
        "warnings": _as_warnings,
    }
    return writers[output](make_plan(document, resolve(document, environment)))


def _as_text(plan: Plan) -> str:
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    yield from _summary(plan)
    for planned in plan.runs:
        yield ""
        yield from _run_lines(planned)
        if planned.carries is not None:
            yield f"  {_carried(planned, plan.environment.promotes_from)}"
    if plan.scenarios:
        yield ""
        yield "scenarios"
    for scenario in plan.scenarios:
        yield from _scenario_lines(scenario)
    if plan.more:
        yield ""
        yield _more(plan)


def _summary(plan: Plan) -> Iterator[str]:
    environment = plan.environment
    title = f"environment {environment.name}" if environment.name is not None else "no environments"
    cost = plan.cost
    declared = counts({"session": len(environment.sessions), "agent": len(environment.agents)})
    yield f"{title}: {declared}, at worst {cost}"
    yield from _budget_line(cost)
    if environment.omission is not None:
        yield environment.omission
    if environment.promotes_from is not None:
        age = f", no older than {environment.max_age}" if environment.max_age else ""
        yield f"promotes what passed in {environment.promotes_from}{age}"
    for release in plan.releases:
        version = f"version {release.version} of " if release.version is not None else ""
        subject = SUBJECTS[release.section]
        yield f"publishes {version}{subject} {release.subject_id} to {release.environment} once every gate has passed"
    yield from _remarks(plan)


def _remarks(plan: Plan) -> Iterator[str]:
    if plan.note is not None:
        yield f"note: {plan.note}"
    yield from _warnings(plan)


def _warnings(plan: Plan) -> Iterator[str]:
    return (f"warning: {warning}" for warning in plan.environment.warnings)


def _as_warnings(plan: Plan) -> str:
    return "\n".join(_warnings(plan))


def _budget_line(cost: Cost) -> Iterator[str]:
    if cost.budget is not None:
        over = f"; over it if everything starts: {'; '.join(cost.excesses)}" if cost.excesses else ""
        yield f"budget of an update: {cost.budget}{over}"


def _scenario_lines(scenario: ScenarioDeclaration) -> Iterator[str]:
    manager = f"compared, {scenario.managed_by or 'another stack'} manages it"
    how = "created and changed here" if scenario.manage else manager
    name = clean(scenario.name, 80)
    yield f"  {scenario.key} {scenario.owner.place}: {name} ({how})  {scenario.position}"
    for key, value in scenario.fields.items():
        if key != "name":
            yield f"    {clean(key)}: {clean(json.dumps(value, ensure_ascii=False), MAX_VALUE_SHOWN)}"


def _more(plan: Plan) -> str:
    hidden = Counter(run.section for run in plan.more)
    more = counts({"more session": hidden["sessions"], "more agent": hidden["agents"]})
    return f"… and {more}: a plan shows at most {MAX_PLAN_VALUES:,} values"


def _carried(planned: Planned, source: str | None) -> str:
    if not planned.declaration.retest:
        return f"starts nothing (retest: false): must have passed in {source}, and that counts here"
    return CARRIES[planned.carries or "unknown"].format(source=source, subject=SUBJECTS[planned.declaration.section])


def _run_lines(planned: Planned) -> Iterator[str]:
    yield planned.declaration.name
    rows = [
        (
            clean(key),
            clean(json.dumps(value, ensure_ascii=False), MAX_VALUE_SHOWN),
            planned.origins.get(key.partition("[")[0], "default"),
        )
        for key, value in _rows(planned)
    ]
    width = max(len(key) for key, _, _ in rows)
    indent = max(len(value) for _, value, _ in rows if len(value) <= MAX_ALIGNED)
    for key, value, origin in rows:
        yield f"  {key:<{width}}  {value:<{indent}}  {origin!s}"
    yield from _cost_lines(planned)
    if planned.after is not None:
        yield f"  starts when {planned.after} has ended ({one_at_a_time(planned.declaration.section)})"


def _cost_lines(planned: Planned) -> Iterator[str]:
    """Yield what a run holds at worst, and the checks that it gets from elsewhere; nothing if none is started."""
    declaration, checks = planned.declaration, planned.declaration.checks
    if checks is not None and not _has_own_checks(planned):
        yield f"  runs the checks that {checks.name} declares"
    if checks is not None and not checks.manage:
        yield f"  compares the checks: {checks.managed_by or 'another stack'} manages them"
    minutes, number = declaration.limit_ms // 60_000, declaration.conversations
    if number:
        yield f"  at most {count(number, 'conversation')} and {count(minutes, 'minute')}"
    confirm = declaration.gate.confirm if declaration.gate is not None and declaration.retest else None
    if confirm is not None:
        runs = f"{confirm.runs} simulations of each scenario, and {confirm.needed} must pass"
        yield f"  confirms its pass: {runs}"


def _has_own_checks(planned: Planned) -> bool:
    return "checks.judges" in planned.origins


def _checks(checks: ChecksDeclaration) -> dict[str, Any]:
    return {
        **({"scenarios": [scenario.key for scenario in checks.scenarios]} if checks.scenarios else {}),
        **({"scenario_ids": [*checks.scenario_ids]} if checks.scenario_ids else {}),
        "judges": [*checks.judges],
        "simulations_count": checks.simulations_count,
    }


def _rows(planned: Planned) -> list[tuple[str, Any]]:
    """Return the keys and values to show: of the options, those that are declared."""
    declaration = planned.declaration
    keys = ("on_conflict", "on_destroy", "rerun", "tags")
    options = {key: getattr(declaration, key) for key in keys if key in planned.origins}
    if declaration.publish is not None:
        options["publish"] = declaration.publish
    scenarios = {"scenarios": [scenario.key for scenario in declaration.scenarios]} if declaration.scenarios else {}
    rows = {
        **_request(declaration),
        **scenarios,
        "gate": _gate(declaration),
        **{f"quarantine[{index}]": _quarantined(entry) for index, entry in enumerate(declaration.quarantine)},
        "triggers": dict(declaration.triggers),
        **options,
    }
    return _flat({**rows, **_check_rows(planned)})


def _check_rows(planned: Planned) -> dict[str, Any]:
    """Return the checks that an agent declares, with a row for each key of a judge."""
    checks = planned.declaration.checks
    if checks is None or not _has_own_checks(planned):
        return {}
    values = _checks(checks)
    judges = {f"judges[{number}]": judge for number, judge in enumerate(values.pop("judges"))}
    return {"checks": {**values, **judges}}


def _request(declaration: Declaration) -> dict[str, Any]:
    """Return the fields of the request, by the keys of the file."""
    if declaration.section == "sessions":
        return dict(declaration.request)
    request = declaration.request
    return {"agent_id": request["agent_id"], "env": request["env"], "version": request["version_id"]}


def _gate(declaration: Declaration) -> Any:
    gate = declaration.gate
    if gate is None:
        return "none"
    if declaration.section == "agents":
        return {"passed": gate.passed, **({"judges": dict(gate.judges)} if gate.judges else {})}
    full_run = {} if gate.full_run == "required" else {"full_run": gate.full_run}
    confirm = {"confirm": asdict(gate.confirm)} if gate.confirm is not None else {}
    return {"passed": gate.passed, "repaired": gate.repaired, **full_run, **confirm}


def _quarantined(entry: Mapping[str, str]) -> str:
    [part] = [value for key, value in entry.items() if key not in {"reason", "until"}]
    return f"{part} until {entry['until']}: {entry['reason']}"


def _flat(values: Any, above: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in values.items():
        rows += _flat(value, f"{above}{key}.") if isinstance(value, dict) else [(f"{above}{key}", value)]
    return rows


def _run_as_json(planned: Planned) -> dict[str, Any]:
    declaration = planned.declaration
    return {
        "name": declaration.name,
        "declared_at": str(declaration.position),
        "payload": _request(declaration),
        "scenarios": [scenario.key for scenario in declaration.scenarios],
        "gate": _gate(declaration),
        **({"quarantine": [*declaration.quarantine]} if declaration.quarantine else {}),
        "on_conflict": declaration.on_conflict,
        "on_destroy": declaration.on_destroy,
        "rerun": declaration.rerun,
        "tags": [*declaration.tags],
        "triggers": declaration.triggers,
        "publish": declaration.publish,
        "conversations": declaration.conversations,
        **({"checks": _checks_as_json(declaration.checks)} if declaration.checks is not None else {}),
        "after": planned.after,
        "carries": planned.carries,
        "origins": {key: str(position) for key, position in planned.origins.items()},
    }


def _checks_as_json(checks: ChecksDeclaration) -> dict[str, Any]:
    return {**_checks(checks), "manage": checks.manage, "declared_at": str(checks.position)}


def _release_as_json(release: Release) -> dict[str, Any]:
    return {
        SUBJECT_FIELDS[release.section]: release.subject_id,
        "environment": release.environment,
        "version": release.version,
    }


def _as_json(plan: Plan) -> str:
    environment, budget = plan.environment, plan.environment.budget
    runs = {section: [run for run in plan.runs if run.declaration.section == section] for section in SECTIONS}
    more = Counter(run.section for run in plan.more)
    whole = {
        "environment": environment.name,
        "promotes_from": environment.promotes_from,
        "max_age": environment.max_age,
        "only": environment.only,
        "left_out": environment.left_out,
        "note": plan.note,
        "worst_case_minutes": plan.cost.minutes,
        "worst_case_conversations": plan.cost.total,
        "budget": {"minutes": budget.minutes, "runs": budget.runs} if budget is not None else None,
        "publishes": [*map(_release_as_json, plan.releases)],
        "scenarios": [
            {
                "key": scenario.key,
                scenario.owner.field: scenario.owner.owner_id,
                "fields": scenario.fields,
                "manage": scenario.manage,
                "declared_at": str(scenario.position),
            }
            for scenario in plan.scenarios
        ],
        "sessions": [*map(_run_as_json, runs["sessions"])],
        **({"agents": [*map(_run_as_json, runs["agents"])]} if environment.agents else {}),
        **{f"more_{section}": number for section, number in more.items()},
    }
    return clean_json(json.dumps(whole, indent=2, ensure_ascii=not _is_utf8()))


def _is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _as_markdown(plan: Plan) -> str:
    block = _as_text(plan)
    fence = "`" * (1 + max([2, *map(len, re.findall("`+", block))]))
    return f"## Tornado plan\n\n{fence}text\n{block}\n{fence}"


def _as_github(plan: Plan) -> str:
    source = plan.environment.promotes_from
    remarks = [plan.environment.omission, plan.note, _more(plan) if plan.more else None]
    notices = [_notice(planned, source) for planned in plan.runs]
    return as_annotations("notice", [*notices, *(text for text in remarks if text is not None)])


def _notice(planned: Planned, source: str | None) -> Problem:
    declaration = planned.declaration
    after = f" when {planned.after} has ended" if planned.after else ""
    promoted = f"; {_carried(planned, source)}" if planned.carries is not None else ""
    keys = ", ".join(scenario.key for scenario in declaration.tested_scenarios)
    declared = f" and the scenarios {keys}" if keys else ""
    text = f"starts{after} with {json.dumps(_request(declaration))}{declared}{promoted}"
    if not declaration.retest:
        text = _carried(planned, source)
    return Problem(declaration.position, f"{declaration.section}.{declaration.name}", text)
