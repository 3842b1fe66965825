"""`tornado-resource comment`: write a report as one comment on the pull or merge request."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import click

from tornado_resource.cli import completion
from tornado_resource.cli.output import ExitCode
from tornado_resource.cli.reading import STANDARD_INPUT
from tornado_resource.cli.unexpected import hide
from tornado_resource.core.files import read_file
from tornado_resource.core.text import clean, clean_lines
from tornado_resource.declarations.reader import parse, project_folder
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.reports.workflow_commands import TITLE
from tornado_resource.reports.workflow_commands import command as workflow_command

MAX_BYTES: Final = 16 * 1024**2


@click.command("comment")
@click.argument("file", default="summary.md", shell_complete=completion.files)
@click.option(
    "--stack",
    "-s",
    "stack",
    metavar="S",
    required=True,
    shell_complete=completion.stacks,
    help="Which comment to write: one for each stack, or for a word of your own such as plan.",
)
def command(file: str, stack: str) -> ExitCode:
    """Write FILE (default: summary.md; `-`: standard input) as a comment on the pull or merge request of this run.

    The next time, the same comment is updated. It needs GITHUB_TOKEN in GitHub Actions, GITLAB_TOKEN in GitLab CI, and
    no stack. If it does not work, a warning says why, and the exit code is 0: a comment decides about nothing.
    """
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN"):
        hide(os.environ.get(name, ""))
    try:
        click.echo(_comment(file, stack))
    except TornadoError as error:
        _warn(f"no comment was written: {error}")
    return ExitCode.PASSED


def _comment(file: str, stack: str) -> str:
    from tornado_resource.cli.forges import forge_of
    from tornado_resource.reports.comment import comment_body, mark

    first_line, text = mark(_project(), stack), _read(file)
    with closing(forge_of(os.environ)) as forge:
        request = forge.find_request()
        if request is None:
            return f"no {forge.noun} has this commit: nothing to comment on"
        is_update = forge.write(request, first_line, comment_body(first_line, text, forge.limit))
        return f"{'updated the' if is_update else 'wrote a'} comment on {forge.noun} {request}"


def _read(file: str) -> str:
    """Return the text of the report.

    Raises:
        ConfigurationError: it cannot be read.

    """
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_BYTES).decode(errors="replace")
    return _content(Path(file)).decode(errors="replace")


def _content(file: Path) -> bytes:
    try:
        return read_file(file, MAX_BYTES)
    except OSError as error:
        message = f"{clean(str(file))}: {(error.strerror or 'it cannot be read').lower()}"
        raise ConfigurationError(message) from None


def _project() -> str:
    """Return the name of the Pulumi project in this folder.

    Raises:
        TornadoError: there is none.

    """
    data = parse(_content(project_folder() / "Pulumi.yaml"), "Pulumi.yaml").data
    name = data.get("name") if isinstance(data, dict) else None
    if not isinstance(name, str):
        message = "Pulumi.yaml has no name"
        raise ConfigurationError(message)
    return name


def _warn(text: str) -> None:
    """Say what went wrong: in GitHub Actions as an annotation, which people see."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        click.echo(workflow_command("warning", text, position=None, title=TITLE))
    else:
        click.echo(clean_lines(text, len(text)), err=True)
