"""What CI systems need: the address of the run, and workflow commands of GitHub Actions.

On its own, since `validate` must start quickly and needs nothing else of the reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean, plain_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.core.positions import Position

MAX_COMMAND_CHARACTERS: Final = 4000
MAX_COMMANDS: Final = 10
"""GitHub shows so many errors, warnings and notices of a step, and drops the others without a word."""
TITLE: Final = "tornado-resource"


def command(level: str, text: str, *, position: Position | None, title: str) -> str:
    """Return a workflow command: one line that GitHub shows as *text*, at *position* if there is one.

    The syntax and what must be escaped are on GitHub's page *Workflow commands for GitHub Actions*.
    """
    where = ""
    if position is not None:
        where = f"file={_property(position.file)},line={position.line},col={position.column},"
    return f"::{level} {where}title={_property(title)}::{_data(text)}"


def bounded(level: str, commands: Sequence[str], place: str) -> list[str]:
    """Return as many commands of one level as GitHub shows. The last one says how many more are at *place*."""
    if len(commands) <= MAX_COMMANDS:
        return [*commands]
    first = commands[: MAX_COMMANDS - 1]
    text = f"and {len(commands) - len(first):,} more: {place}"
    return [*first, command(level, text, position=None, title=TITLE)]


def _data(text: str) -> str:
    lines = (clean(line, MAX_COMMAND_CHARACTERS) for line in text.replace("\r\n", "\n").split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return clean(text, MAX_COMMAND_CHARACTERS).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")


def is_github_actions(environ: Mapping[str, str]) -> bool:
    """Return whether this is a job of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def run_url(environ: Mapping[str, str]) -> str | None:
    """Return the address of this run in GitHub Actions or GitLab CI; None elsewhere, or if it is no plain https URL."""
    url = environ.get("CI_JOB_URL", "")
    if is_github_actions(environ):
        parts = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
        server, repository, run_id = parts
        url = f"{server}/{repository}/actions/runs/{run_id}"
    return plain_url(url)
