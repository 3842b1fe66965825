"""What `wait`, `status` and `report` share: a stack's recorded sessions, and what follows from their verdicts."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tornado_resource.bland.endpoint import find_endpoint
from tornado_resource.cli.exit_codes import BY_OUTCOME, INVALID
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.model import Report
from tornado_resource.stacks.reader import read_stack, selected_stack
from tornado_resource.stacks.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.bland.endpoint import Endpoint
    from tornado_resource.gate.model import GatedSession, Result
    from tornado_resource.promotion.record import Promotion
    from tornado_resource.stacks.settings import Settings


def stack_option(command: Any) -> Any:
    """Give a command its `--stack`."""
    help_text = "The stack (default: the one that is selected)."
    return click.option("--stack", "-s", "name", metavar="S", help=help_text)(command)


UNKNOWN_POSITION: Final = Position("", 0, 0)


@dataclass(frozen=True)
class GatedStack:
    """A stack's gated sessions in the order of their declaration, and how to ask the API about them.

    *unstarted* are those whose creation was cut off, or whose predecessor was deleted and not replaced: incomplete.
    All of it comes from Pulumi's state and config.
    """

    stack: str
    environment: str | None
    promotion: Promotion | None
    gated_sessions: tuple[GatedSession, ...]
    unstarted: tuple[GatedSession, ...]
    settings: Settings
    access: Endpoint

    def report(self, results: Iterable[Result]) -> Report:
        """Put results together with those of the unstarted sessions, stamped with the time."""
        from tornado_resource.gate.verdicts import unknown_result

        unstarted = [unknown_result(gated, "it was not started: run `pulumi up` again") for gated in self.unstarted]
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Report(self.stack, self.environment, now, (*results, *unstarted), self.promotion)


def read_gated_stack(name: str | None) -> GatedStack:
    """Read a stack of the project in this folder.

    Raises:
        ConfigurationError: Pulumi cannot tell, the config is wrong, or the key is missing.

    """
    from tornado_resource.gate.model import GatedSession

    stack = read_stack(name or selected_stack())
    if not stack.sessions and not stack.pending:
        message = f"stack {stack.name} has recorded no session: run `pulumi up` first"
        raise ConfigurationError(message)
    settings = read_settings(stack.config)
    gated = [
        (_promoted(session.gated, stack.promotion), session.is_replaced)
        for session in stack.sessions
        if session.gated is not None
    ]
    gated.sort(key=lambda entry: entry[0].position or UNKNOWN_POSITION)
    cut_off = [GatedSession(name, "", Gate(), {}) for name in stack.pending]
    return GatedStack(
        stack=stack.name,
        environment=stack.environment,
        promotion=stack.promotion,
        gated_sessions=tuple(gated for gated, is_replaced in gated if not is_replaced),
        unstarted=(*(replace(gated, session_id="") for gated, is_replaced in gated if is_replaced), *cut_off),
        settings=settings,
        access=find_endpoint(stack.config, os.environ),
    )


def _promoted(gated: GatedSession, promotion: Promotion | None) -> GatedSession:
    carried = promotion.sessions.get(gated.name) if promotion is not None else None
    return replace(gated, promoted=carried.version) if carried is not None else gated


def finish(report: Report, folder: str | None) -> int:
    """Write the reports if a folder is given, tell what failed, and return the exit code."""
    from tornado_resource.reports.console import failure_message
    from tornado_resource.reports.github import announce

    code = BY_OUTCOME[report.outcome]
    try:
        if folder is not None:
            write(folder, report)
            click.echo(f"the reports are in {folder}")
    except ConfigurationError as error:
        click.echo(str(error), err=True)
        code = code or INVALID
    announce(report, os.environ, click.echo)
    message = failure_message(report.results, f"tornado-resource status --stack {report.stack}")
    if message is not None:
        click.echo(message, err=True)
    return code


def write(folder: str, report: Report) -> None:
    """Write the reports. Raises ConfigurationError where that cannot be done."""
    from tornado_resource.reports.writer import write_reports

    write_reports(Path(folder), report)
