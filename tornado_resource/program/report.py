"""The reports of one update."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.ci_run import run_url
from tornado_resource.reports.model import Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.gate.model import Result
    from tornado_resource.promotion.record import Promotion


class UpdateReport:
    """The results of one update, replaced as they come in, and the reports written from them.

    Args:
        folder: the folder of the reports; None to write none.
        environment: the environment's name.
        promotion: which stack the versions come from; None if they are not promoted.
        results: one result for each session, as known at the start.

    """

    def __init__(
        self, folder: str | None, environment: str | None, promotion: Promotion | None, results: Iterable[Result]
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._promotion = promotion
        self._results = {result.gated.name: result for result in results}

    @property
    def results(self) -> dict[str, Result]:
        """The results as of now, by session, in the order of the declarations."""
        return dict(self._results)

    def record(self, result: Result) -> None:
        """Replace the result of one session."""
        self._results[result.gated.name] = result

    def write(self) -> None:
        """Write the reports if a folder is configured.

        Raises:
            ConfigurationError: they cannot be written.

        """
        if self._folder is not None and self._results:
            from tornado_resource.reports.writer import write_reports

            write_reports(Path(self._folder), self._report())

    def write_if_possible(self) -> None:
        """Write the reports from a signal handler: without an error if they cannot be written."""
        with suppress(ConfigurationError):
            self.write()

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
        self.announce()
        return problem

    def announce(self) -> None:
        """In GitHub Actions, write annotations and the job summary."""
        from tornado_resource.reports.github import announce

        announce(self._report(), os.environ, pulumi.log.info)

    def _report(self) -> Report:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Report(
            pulumi.get_stack(),
            self._environment,
            now,
            tuple(self._results.values()),
            self._promotion,
            run_url(os.environ),
        )
