"""The reports of one program: one for all that `deploy()` and `wait_for()` judge, whatever way the program ends."""

from __future__ import annotations

import asyncio
import os
import traceback
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import pulumi

from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.positions import Checkout
from tornado_resource.core.text import clean_lines
from tornado_resource.core.urns import unique_names
from tornado_resource.errors import ConfigurationError
from tornado_resource.program.purpose import is_update
from tornado_resource.program.sdk import exit_on_signals, show_error_once, when_program_ends
from tornado_resource.reports.ci import is_github_actions, run_url
from tornado_resource.reports.model import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tornado_resource.declarations.budget import Cost
    from tornado_resource.reports.baseline import Baseline
    from tornado_resource.runs.model import Result
    from tornado_resource.stacks.recorded_promotion import Promotion
    from tornado_resource.stacks.rollback import Rollback

STOPPED: Final = "the update stopped before any run was judged"
INTERRUPTED: Final = "the update was interrupted, or a resource failed: see its log"
NOTHING_JUDGED: Final = "nothing was judged: the program waited for no session or check run with a gate"
PACKAGE: Final = __name__.partition(".")[0]
MAX_UPDATE_PROBLEM_CHARACTERS: Final = 10_000


class UpdateReport:
    """The results of one program, replaced as they come in, and the reports written from them.

    Args:
        folder: the folder of the reports; None to write none.

    """

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._stack, self._project = pulumi.get_stack(), pulumi.get_project()
        self._environment: str | None = None
        self._promotion: Promotion | None = None
        self.rollbacks: Mapping[str, Rollback] = {}
        """By the names of sessions and agents, the rollbacks that hold."""
        self._cost: Cost | None = None
        self._results: dict[str, Result] = {}
        self._problem: str | None = None
        self._baseline: Baseline | None = None
        self._has_gate = False
        self._unwritable: ConfigurationError | None = None
        self._says_why = False
        self._has_warned = False

    @property
    def results(self) -> dict[str, Result]:
        """The results as of now, by URN, each with a name that no other one has."""
        names = unique_names(self._results)
        return {urn: _renamed(result, names[urn]) for urn, result in self._results.items()}

    def result(self, urn: str) -> Result:
        """Return the result of one session as of now, by the name of its resource."""
        return self._results[urn]

    @property
    def tally(self) -> tuple[int, int, int]:
        """How many sessions there are, how many of them have no verdict yet, and how many have failed."""
        results = self._results.values()
        pending = sum(result.cause == "interrupted" for result in results)
        return len(results), pending, sum(result.verdict.outcome == "failed" for result in results)

    def begin(self) -> None:
        """Replace the reports of earlier runs, and see to it that they are of this one when the program has ended.

        A preview changes them only if it fails: there `pulumi up` ends.
        """
        if self._folder is None:
            return
        exit_on_signals(self._stop)
        when_program_ends(self._end)
        if is_update():
            try:
                self.write()
            except ConfigurationError as error:
                self._unwritable = error

    def require_folder(self) -> None:
        """Check that the reports could be written when the program began.

        Raises:
            ConfigurationError: they could not.

        """
        if self._unwritable is not None:
            raise self._unwritable

    def describe(self, environment: str | None, promotion: Promotion | None = None) -> None:
        """Take note of the environment, and of the stack that its versions come from if they are promoted."""
        self._environment, self._promotion = environment, promotion

    def compare(self, baseline: Baseline) -> None:
        """Take note of the stack that the results are compared with."""
        self._baseline = baseline

    def expect_cost(self, cost: Cost) -> None:
        """Take note of what the update starts, and what that costs at worst."""
        self._cost = cost

    def note_gate(self) -> None:
        """Take note that the program declares a session with a gate."""
        self._has_gate = True

    def expect(self, result: Result) -> None:
        """Add the result of one session unless it has one already."""
        self._results.setdefault(result.gated.urn, result)

    def record(self, result: Result) -> None:
        """Add or replace the result of one session."""
        self._results[result.gated.urn] = result

    def write(self) -> None:
        """Write the reports if a folder is configured.

        Raises:
            ConfigurationError: they cannot be written.

        """
        if self._folder is None:
            return
        from tornado_resource.reports.writer import foreign_report, write_reports

        report = self._report()
        other = foreign_report(Path(self._folder), report)
        if other is not None and not self._has_warned:
            self._has_warned = True
            pulumi.log.warn(other)
        write_reports(Path(self._folder), report)

    def finish(self) -> str | None:
        """Write the final reports, log their folder, and announce them; return the error message if that fails."""
        problem: str | None = None
        try:
            self.write()
        except ConfigurationError as error:
            problem = str(error)
        else:
            if self._folder is not None:
                pulumi.log.info(f"the reports are in {self._folder}")
        if self._baseline is not None:
            from tornado_resource.reports.baseline import baseline_lines

            pulumi.log.info("\n".join(baseline_lines([*self.results.values()], self._baseline)))
        self._announce()
        return problem

    def refuse(self) -> None:
        """Write and announce the reports of an update that starts nothing.

        Raises:
            ConfigurationError: they cannot be written.

        """
        self.write()
        self._announce()

    def _announce(self) -> None:
        """In GitHub Actions, write annotations and the job summary."""
        report = self._report()
        if is_github_actions(os.environ):
            from tornado_resource.reports.github import announce

            announce(report, os.environ, pulumi.log.info)
        self._says_why = report.outcome != "passed"

    def _stop(self) -> None:
        """Write the reports from a signal handler: without an error, and without a message."""
        self._has_warned = True
        self._fail(INTERRUPTED)

    def _end(self, program: asyncio.Task[Any]) -> None:
        """Write the reports of a program that has failed otherwise than by its gate, or that has judged nothing."""
        error = asyncio.CancelledError() if program.cancelled() else program.exception()
        if error is not None:
            self._fail(_cause(error))
        elif not self._results and is_update():
            self._fail(NOTHING_JUDGED)

    def _fail(self, problem: str) -> None:
        if not self._says_why:
            self._problem = problem
        with suppress(ConfigurationError):
            self.write()

    def _report(self) -> Report:
        now = SYSTEM.now().isoformat(timespec="seconds").replace("+00:00", "Z")
        return Report(
            self._stack,
            self._environment,
            now,
            tuple(self.results.values()),
            self._promotion,
            run_url(os.environ),
            project=self._project,
            problem=self._problem or (None if self._results else STOPPED),
            checkout=Checkout.of(os.environ),
            baseline=self._baseline,
            cost=self._cost,
            is_skipped=self._problem == NOTHING_JUDGED and not self._has_gate,
            rollbacks=self.rollbacks,
        )


def program_report() -> UpdateReport:
    """Return the report of the program that calls this. Unlike the rest of its run, it needs no valid config."""
    stack = pulumi.runtime.get_root_resource()
    folder = pulumi.Config("tornado").get("reports") or None
    if stack is None:
        return UpdateReport(folder)
    if stack not in _REPORTS:
        _REPORTS[stack] = UpdateReport(folder)
        _REPORTS[stack].begin()
        with suppress(RuntimeError):  # no event loop: the program is tested with mocks
            when_program_ends(show_error_once)  # after the reports are written
    return _REPORTS[stack]


def _renamed(result: Result, name: str) -> Result:
    return result if result.gated.name == name else replace(result, gated=replace(result.gated, name=name))


class OwnError(pulumi.RunError):
    """A `RunError` of this package, without the traceback that shows it."""


@contextmanager
def in_own_words() -> Iterator[None]:
    """Let an error of this package be known as one by whoever awaits an output that it fails.

    Only the first who awaits a future sees the traceback of its error.
    """
    try:
        yield
    except pulumi.RunError as error:
        raise (OwnError(str(error)) if _is_own(error) else error) from None


def _is_own(error: BaseException) -> bool:
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)]
    is_ours = bool(modules) and modules[-1].startswith(f"{PACKAGE}.")
    return isinstance(error, OwnError) or (isinstance(error, pulumi.RunError) and is_ours)


def _cause(error: BaseException) -> str:
    """Return why a program failed: in our own words, since only Pulumi's log masks what is secret in another text."""
    if _is_own(error):
        return clean_lines(str(error), MAX_UPDATE_PROBLEM_CHARACTERS)
    return f"the program failed ({type(error).__name__}): see the log of the update"


_REPORTS: Final[WeakKeyDictionary[pulumi.Resource, UpdateReport]] = WeakKeyDictionary()
"""By stack: the Automation API may run several programs in one process."""
