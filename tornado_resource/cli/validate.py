"""`tornado-resource validate`: are the declarations right?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tornado_resource.cli import problems
from tornado_resource.core.text import count
from tornado_resource.declarations.resolver import check_document, environment_names, resolve
from tornado_resource.errors import ConfigurationError, DeclarationError

if TYPE_CHECKING:
    from tornado_resource.core.positions import Problem
    from tornado_resource.declarations.document import Document


@click.command("validate")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--environment", "-e", metavar="E", help="Resolve this environment only.")
@click.option("--all-environments", is_flag=True, help="Resolve every environment of the file (the default).")
@click.option("--format", "output", type=click.Choice(problems.FORMATS), default="text", show_default=True)
def command(files: tuple[str, ...], environment: str | None, all_environments: bool, output: str) -> int:  # noqa: FBT001
    """Check declarations files (default: sessions.yaml), and report all problems at once.

    Needs no network, no key and no Pulumi.
    """
    if environment is not None and all_environments:
        message = "give --environment or --all-environments, not both"
        raise click.UsageError(message)
    found: list[Problem] = []
    unreadable: list[ConfigurationError] = []
    summaries = []
    for file in files or ("sessions.yaml",):
        try:
            document = check_document(file)
            found += _resolve_all(document, environment)
            summaries.append(_summary(document))
        except DeclarationError as error:
            found += error.problems
        except ConfigurationError as error:
            unreadable.append(error)
    if found:
        click.echo(problems.write(found, output), err=output == "text")
    for fault in unreadable:
        click.echo(str(fault), err=True)
    if found or unreadable:
        return 2
    if output == "json":
        click.echo(json.dumps({"valid": True, "problems": []}, indent=2))
    else:
        click.echo("\n".join(summaries))
    return 0


def _resolve_all(document: Document, environment: str | None) -> list[Problem]:
    """Every problem that resolving brings to light, each once though several environments may have it."""
    everyone: list[str | None] = [*environment_names(document)]
    chosen = [environment] if environment is not None else everyone or [None]
    found = (problem for name in chosen for problem in resolve(document, name)[1])
    return sorted(set(found))


def _summary(document: Document) -> str:
    sessions, environments = len(document.data["sessions"]), len(environment_names(document))
    scope = f" in {count(environments, 'environment')}" if environments else ""
    return f"{document.file}: {count(sessions, 'session')}{scope}, no problems"
