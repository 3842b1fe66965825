"""`tornado-resource validate`: check declarations files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from tornado_resource.cli import options
from tornado_resource.cli.declarations import FORMATS, as_annotations, as_rows, read_declarations, write_problems
from tornado_resource.cli.output import ExitCode, Output, format_option, quiet_option
from tornado_resource.core.text import clean, count, counts
from tornado_resource.declarations.document import MAX_PROBLEMS
from tornado_resource.declarations.merging import SECTIONS
from tornado_resource.declarations.resolver import check_environments, environment_names
from tornado_resource.errors import ConfigurationError, DeclarationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.core.positions import Problem
    from tornado_resource.declarations.document import Document


@dataclass(frozen=True, slots=True)
class _Result:
    """The result for one file: its problems and the number of *more*, or why it cannot be opened, or a summary.

    A file without problems may have *warnings* and a *note*.
    """

    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    note: Problem | None = None
    more: int = 0
    fault: str = ""
    summary: str = ""


@click.command("validate", cls=options.Command)
@click.argument("files", nargs=-1, metavar="[FILE]...", shell_complete=options.files)
@click.option(
    "--environment", "-e", metavar="E", shell_complete=options.environments, help="Resolve this environment only."
)
@click.option("--all-environments", is_flag=True, help="Resolve every environment of the file (the default).")
@format_option(*FORMATS)
@quiet_option
def command(
    files: tuple[str, ...], environment: str | None, output: str, *, all_environments: bool, quiet: bool
) -> ExitCode:
    """Check declarations files (default: sessions.yaml) and report all problems at once.

    FILE `-` is standard input. Needs no network, no key and no Pulumi.
    """
    if environment is not None and all_environments:
        message = "give --environment or --all-environments, not both"
        raise click.UsageError(message)
    results = [_check(file, environment) for file in files or ("sessions.yaml",)]
    if any(result.problems or result.fault for result in results):
        _print_problems(results, output)
        return ExitCode.INVALID
    _print_success(results, output, Output(quiet))
    return ExitCode.PASSED


def _print_success(results: Sequence[_Result], output: str, said: Output) -> None:
    warnings = [warning for result in results for warning in result.warnings]
    notes = [result.note for result in results if result.note is not None]
    if output == "json":
        remarks = {"warnings": as_rows(warnings), "notes": as_rows(notes)}
        click.echo(json.dumps({"valid": True, "problems": [], **remarks}, indent=2))
        return
    summary = [result.summary for result in results]
    if output == "github":
        click.echo(as_annotations("warning", warnings), nl=bool(warnings))
        said.say("\n".join([*filter(None, [as_annotations("notice", notes)]), *summary]))
        return
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    said.say("\n".join([*(f"note: {note}" for note in notes), *summary]))


def _print_problems(results: Sequence[_Result], output: str) -> None:
    problems = [problem for result in results for problem in result.problems]
    listed, faults = problems[:MAX_PROBLEMS], [result.fault for result in results if result.fault]
    more = sum(result.more for result in results) + len(problems) - len(listed)
    click.echo(write_problems(listed, more, output, faults), err=output == "text")


def _check(file: str, environment: str | None) -> _Result:
    try:
        document = read_declarations(file)
        listed: list[str | None] = [*environment_names(document)]
        note = check_environments(document, [environment] if environment is not None else listed or [None])
    except DeclarationError as error:
        return _Result(error.problems, more=error.more)
    except ConfigurationError as error:
        return _Result(fault=str(error))
    return _Result(warnings=document.findings.warnings, note=note, summary=_summary(document))


def _summary(document: Document) -> str:
    declared = counts({section.removesuffix("s"): len(document.data.get(section) or ()) for section in SECTIONS})
    environments = len(environment_names(document))
    scope = f" in {count(environments, 'environment')}" if environments else ""
    return f"{clean(document.file)}: {declared}{scope}, no problems"
