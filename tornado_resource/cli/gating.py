"""What `wait`, `status` and `report` share: a stack's recorded sessions, and what follows from their verdicts."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tornado_resource.bland.access import find_access
from tornado_resource.cli import FAILED, INCOMPLETE, PASSED, WRONG
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.annotations import position
from tornado_resource.reports.model import Report
from tornado_resource.settings import read_settings
from tornado_resource.stacks import read_stack, selected_stack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.bland.access import Access
    from tornado_resource.gate.judging import Outcome
    from tornado_resource.gate.verifying import Result, Subject
    from tornado_resource.promotion.record import Promotion
    from tornado_resource.settings import Settings

EXITS: dict[Outcome, int] = {"passed": PASSED, "failed": FAILED, "incomplete": INCOMPLETE}


def stack_option(command: Any) -> Any:
    """Give a command its `--stack`."""
    help_text = "The stack (default: the one that is selected)."
    return click.option("--stack", "-s", "name", metavar="S", help=help_text)(command)


@dataclass(frozen=True)
class Recorded:
    """A stack's gated sessions in the order of their declaration, and how to ask the API about them.

    *unstarted* are those whose creation was cut off, or whose predecessor was deleted and not replaced: incomplete.
    All of it comes from Pulumi's state and config.
    """

    stack: str
    environment: str | None
    promotion: Promotion | None
    subjects: tuple[Subject, ...]
    unstarted: tuple[Subject, ...]
    settings: Settings
    access: Access

    def report(self, results: Iterable[Result]) -> Report:
        """Put results together with those of the unstarted sessions, stamped with the time."""
        from tornado_resource.gate.verifying import pending

        unstarted = [pending(subject, "it was not started: run `pulumi up` again") for subject in self.unstarted]
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Report(self.stack, self.environment, now, (*results, *unstarted), self.promotion)


def recorded(name: str | None) -> Recorded:
    """Read a stack of the project in this folder.

    Raises:
        ConfigurationError: Pulumi cannot tell, the config is wrong, or the key is missing.

    """
    from tornado_resource.gate.verifying import Subject

    stack = read_stack(name or selected_stack())
    if not stack.sessions and not stack.pending:
        message = f"stack {stack.name} has recorded no session: run `pulumi up` first"
        raise ConfigurationError(message)
    settings = read_settings(stack.config)
    gated = [
        (_promoted(session.subject, stack.promotion), session.is_replaced)
        for session in stack.sessions
        if session.subject is not None
    ]
    gated.sort(key=lambda entry: position(entry[0].place))
    cut_off = [Subject(name, "", Gate(), {}) for name in stack.pending]
    return Recorded(
        stack=stack.name,
        environment=stack.environment,
        promotion=stack.promotion,
        subjects=tuple(subject for subject, is_replaced in gated if not is_replaced),
        unstarted=(*(replace(subject, session_id="") for subject, is_replaced in gated if is_replaced), *cut_off),
        settings=settings,
        access=find_access(stack.config, os.environ),
    )


def _promoted(subject: Subject, promotion: Promotion | None) -> Subject:
    carried = promotion.sessions.get(subject.name) if promotion is not None else None
    return replace(subject, promoted=carried.version) if carried is not None else subject


def finish(report: Report, folder: str | None) -> int:
    """Write the reports if a folder is given, tell what failed, and return the exit code."""
    from tornado_resource.gate.summing import failure_message
    from tornado_resource.reports.announcing import announce

    code = EXITS[report.outcome]
    try:
        if folder is not None:
            write(folder, report)
            click.echo(f"the reports are in {folder}")
    except ConfigurationError as error:
        click.echo(str(error), err=True)
        code = code or WRONG
    announce(report, os.environ, click.echo)
    message = failure_message(report.results, f"tornado-resource status --stack {report.stack}")
    if message is not None:
        click.echo(message, err=True)
    return code


def write(folder: str, report: Report) -> None:
    """Write the reports. Raises ConfigurationError where that cannot be done."""
    from tornado_resource.reports.writing import write_reports

    write_reports(Path(folder), report)
