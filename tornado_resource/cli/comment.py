"""`tornado-resource comment`: write a report as one comment on the pull or merge request."""

from __future__ import annotations

import os
import re
import sys
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

import click

from tornado_resource.cli import options
from tornado_resource.cli.declarations import STANDARD_INPUT
from tornado_resource.cli.output import ExitCode
from tornado_resource.cli.unexpected import hide
from tornado_resource.core.files import project_folder, read_file
from tornado_resource.core.text import clean, clean_lines
from tornado_resource.declarations.reader import parse
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.reports.ci import TITLE
from tornado_resource.reports.ci import command as workflow_command

MAX_COMMENT_BYTES: Final = 16 * 1024**2
CUT_COMMENT: Final = "_Cut here: the whole of it is in the reports of this run._\n"
MAX_FENCE: Final = 100
"""What is left for closing a code block."""
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")


@click.command("comment", cls=options.Command)
@click.argument("file", default="summary.md", shell_complete=options.files)
@click.option(
    "--stack",
    "-s",
    "stack",
    metavar="S",
    required=True,
    shell_complete=options.stacks,
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
        return sys.stdin.buffer.read(MAX_COMMENT_BYTES).decode(errors="replace")
    return _content(Path(file)).decode(errors="replace")


def _content(file: Path) -> bytes:
    try:
        return read_file(file, MAX_COMMENT_BYTES)
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


def mark(project: str, stack: str) -> str:
    """Return the invisible first line of a comment, by which the next run finds it again."""
    return f"<!-- tornado-resource: {quote(project)}/{quote(stack)} -->"


def comment_body(first_line: str, text: str, limit: int) -> str:
    """Return a comment of at most *limit* characters, cut at the end of a line if the text is longer."""
    whole = f"{first_line}\n{text}"
    if _length(whole) <= limit:
        return whole
    left = limit - _length(f"{first_line}\n\n{CUT_COMMENT}") - MAX_FENCE
    lines, fence = [first_line], ""
    for line in text.split("\n"):
        left -= _length(line) + 1
        if left < 0:
            break
        lines.append(line)
        ticks = _FENCE.match(line)
        if ticks is not None and not fence:
            fence = ticks[1]
        elif ticks is not None and ticks[1].startswith(fence):
            fence = ""
    return "\n".join([*lines, *([fence] if fence else []), "", CUT_COMMENT])


def _length(text: str) -> int:
    """Return the length of a text for an API that may count a character beyond U+FFFF twice."""
    return len(text) + sum(character > "\uffff" for character in text)
