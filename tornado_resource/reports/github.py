"""GitHub Actions: annotations at lines of `sessions.yaml`, and the job summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean, count, short_list
from tornado_resource.reports.ci import bounded, command, is_github_actions
from tornado_resource.reports.outcomes import advice, quarantine_views
from tornado_resource.reports.summary import summary
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import Result

LEVELS: Final = {"failed": "error", "incomplete": "warning"}
MAX_ANNOTATED_SCENARIOS: Final = 8
REST: Final = "see the message of the gate at the end of this log, and the summary of the job"


def announce(report: Report, environ: Mapping[str, str], echo: Callable[[str], None]) -> None:
    """Write annotations by *echo* and append the job summary to its file, inside GitHub Actions only. Never raises."""
    if not is_github_actions(environ):
        return
    for line in annotation_lines(report):
        echo(line)
    path = environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        append_summary(Path(path), report)
    except (OSError, ValueError) as error:
        # ValueError: a path with a null byte.
        cause = clean((error.strerror if isinstance(error, OSError) else None) or str(error))
        echo(f"cannot write the job summary to {clean(path)}: {cause}")


def append_summary(path: Path, report: Report) -> None:
    """Append the summary to the file that `GITHUB_STEP_SUMMARY` names.

    Raises:
        OSError: the file cannot be written.

    """
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{summary(report)}\n")


def annotation_lines(report: Report) -> list[str]:
    """Return an error for each failed session and a warning for each incomplete one, at its position.

    Then come the failed scenarios that are declared as code, at their own positions, as far as GitHub shows them.
    """
    by_level: dict[str, list[str]] = {"error": [], "warning": []}
    for result in report.results:
        if result.verdict.outcome in LEVELS:
            by_level[LEVELS[result.verdict.outcome]].append(_annotation(result, report))
    for result in report.results:
        if result.verdict.outcome in LEVELS:
            by_level["error"] += _scenario_annotations(result, report)
        by_level["warning"] += _quarantine_annotations(result, report)
    return [line for level, lines in by_level.items() for line in bounded(level, lines, REST)]


def _scenario_annotations(result: Result, report: Report) -> Iterator[str]:
    for scenario_id in result.verdict.failed_ids:
        if scenario_id in result.gated.scenarios and scenario_id not in result.verdict.quarantined:
            title = f"{result.gated.name}: scenario failed"
            text = f"{clean(result.scenario_name(scenario_id), 200)} failed in its last run"
            yield command("error", text, position=report.linked(result.scenario_position(scenario_id)), title=title)


def _quarantine_annotations(result: Result, report: Report) -> Iterator[str]:
    for view in quarantine_views(result, report.day):
        text = f"{clean(view.label, 200)} {view.state}: {clean(view.entry.reason)}"
        position, title = report.linked(result.gated.position), f"{result.gated.name}: in quarantine"
        yield command("warning", text, position=position, title=title)


def _annotation(result: Result, report: Report) -> str:
    verdict = result.verdict
    title = f"{result.gated.name}: gate {verdict.outcome}"
    noun = kind_of(result.gated.kind).noun
    run = f" ({noun} {clean(verdict.session_id)})" if verdict.session_id else ""
    text = f"{clean(verdict.reason, 1000)}{run}{_failed_scenarios(result)}\n{advice(result, report.stack)}"
    return command(LEVELS[verdict.outcome], text, position=report.linked(result.gated.position), title=title)


def _failed_scenarios(result: Result) -> str:
    failed = [scenario_id for scenario_id in result.verdict.failed_ids if scenario_id not in result.verdict.quarantined]
    names = [clean(result.scenario_name(scenario_id), 60) for scenario_id in failed]
    if not names:
        return ""
    return f"\n{count(len(names), 'scenario')} failed: {short_list(names, MAX_ANNOTATED_SCENARIOS)}"
