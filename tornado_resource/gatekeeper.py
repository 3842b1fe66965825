"""The gate inside a Pulumi program: verdicts as outputs, progress in the update's log, reports, and the failure."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.output import contains_unknowns
from pulumi.runtime import is_dry_run

from tornado_resource.declarations.model import request_from
from tornado_resource.errors import ConfigurationError
from tornado_resource.promotion.record import as_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tornado_resource.bland.access import Access
    from tornado_resource.bland.client import Client
    from tornado_resource.declarations.model import Declaration, Gate
    from tornado_resource.gate.verifying import Result, Subject
    from tornado_resource.gate.waiting import Progress
    from tornado_resource.promotion.record import Promotion
    from tornado_resource.reports.model import Report
    from tornado_resource.resources import TornadoSession
    from tornado_resource.settings import Settings


class Gatekeeper:
    """Waits for all sessions of a program with one client, on the program's event loop.

    *verdicts* are the sessions' verdicts as outputs, by name, for those that `expect` was called for.
    """

    def __init__(self, access: Access, settings: Settings, environment: str | None = None) -> None:
        self._access = access
        self._settings = settings
        self._environment = environment
        self._shared: Client | None = None
        self._is_announced = False
        self._results: dict[str, Result] = {}
        self._promotion: Promotion | None = None
        self.verdicts: dict[str, pulumi.Output[dict[str, Any]]] = {}

    def prepare(self, declarations: Iterable[Declaration], promotion: Promotion | None = None) -> None:
        """Put verdicts that know nothing yet in the place of those of an earlier run, in reports and outputs.

        An update that is cut off would else leave an older pass behind: the engine keeps the last outputs that a stack
        has registered, writes them at the end, however that comes about, and keeps old ones where it got none.

        Raises:
            ConfigurationError: the reports cannot be written.

        """
        from tornado_resource.gate.verifying import declared_subjects, pending

        self._promotion = promotion
        if is_dry_run():
            return
        waiting = self._settings.is_waiting
        unknown = "the update did not get as far as its verdict" if waiting else "not awaited: tornado-resource wait"
        self._results = {each.name: pending(each, unknown) for each in declared_subjects(declarations)}
        self._write_reports()
        stack = pulumi.runtime.get_root_resource()
        if isinstance(stack, pulumi.ComponentResource):
            verdicts = {name: asdict(result.verdict) for name, result in self._results.items() if waiting}
            record = {"promotion": as_output(promotion)} if promotion is not None else {}
            stack.register_outputs({"environment": self._environment, "verdicts": verdicts, **record})

    def refuse(self, declarations: Iterable[Declaration], against: Mapping[str, str], promotion: Promotion) -> None:
        """Write reports that say what speaks against a promotion; the outputs stay, since nothing has changed.

        In a preview too: `pulumi up` gets no further than its preview then.

        Raises:
            ConfigurationError: the reports cannot be written.

        """
        from tornado_resource.gate.verifying import declared_subjects, pending
        from tornado_resource.reports.announcing import announce

        self._promotion = promotion
        others = "not started: other sessions may not be promoted"
        reasons = {name: f"not promoted: {fault}" for name, fault in against.items()}
        subjects = declared_subjects(declarations)
        self._results = {each.name: pending(each, reasons.get(each.name, others)) for each in subjects}
        self._write_reports()
        announce(self._report(), os.environ, pulumi.log.info)

    def expect(self, session: TornadoSession, name: str, gate: Gate, place: str) -> pulumi.Output[dict[str, Any]]:
        """Await a session, and hold the gate with its verdict."""
        verdict = self.verdicts[name] = self.verdict(session, name, gate, place)
        return verdict

    def verdict(self, session: TornadoSession, name: str, gate: Gate, place: str = "") -> pulumi.Output[dict[str, Any]]:
        """The verdict on one session as plain values, once it has ended; unknown in a preview."""

        async def judge(known: list[Any]) -> Any:
            if is_dry_run():
                return pulumi.UNKNOWN
            if contains_unknowns(known) or known[0] is None:
                return asdict(self._results[name].verdict) if name in self._results else None
            subject = replace(_subject(name, gate, place, *known), promoted=self._promoted(name))
            return asdict((await self._await(session, subject)).verdict)

        parts = (session.session_id, session.created_at, session.timeout_ms, session.declared, session.adopted)
        return pulumi.Output.all(*parts).apply(judge, run_with_unknowns=True)

    def hold(self, verdicts: pulumi.Output[Any], then: Callable[[Mapping[str, Result]], None]) -> None:
        """Write the reports, and fail the update when a verdict is not `passed`; else go on with *then*.

        This is no output itself: it comes after all outputs are registered, the failing verdicts among them.
        """

        def close(_verdicts: Any) -> None:
            if self.verdicts:
                self._close()
                then({name: self._results[name] for name in self.verdicts})

        if not is_dry_run():
            verdicts.apply(close)

    def leave(self) -> None:
        """Write the reports with what is known: the update is being interrupted."""
        with suppress(ConfigurationError):
            self._write_reports()

    def _write_reports(self) -> None:
        if self._settings.reports is not None and self._results:
            from tornado_resource.reports.writing import write_reports

            write_reports(Path(self._settings.reports), self._report())

    def _close(self) -> None:
        from tornado_resource.gate.summing import failure_message
        from tornado_resource.reports.announcing import announce

        problems = [failure_message([self._results[name] for name in self.verdicts])]
        try:
            self._write_reports()
        except ConfigurationError as error:
            problems.append(str(error))
        else:
            if self._settings.reports is not None:
                pulumi.log.info(f"the reports are in {self._settings.reports}")
        announce(self._report(), os.environ, pulumi.log.info)
        if any(problems):
            raise pulumi.RunError("\n".join(problem for problem in problems if problem))

    def _report(self) -> Report:
        from tornado_resource.reports.model import Report

        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Report(pulumi.get_stack(), self._environment, now, tuple(self._results.values()), self._promotion)

    async def _await(self, session: TornadoSession, subject: Subject) -> Result:
        from tornado_resource.gate.verifying import await_result, pending

        def tell(progress: Progress) -> None:
            self._announce()
            pulumi.log.info(progress.line, resource=session, ephemeral=not progress.is_last)

        if subject.name in self.verdicts:
            self._results[subject.name] = pending(subject, "the update was interrupted while it ran")
        result = await await_result(self._client(), subject, self._settings.poll_seconds, tell)
        if subject.name in self.verdicts:
            self._results[subject.name] = result
        return result

    def _announce(self) -> None:
        """Say once, when the wait has begun, how it can be left."""
        if not self._is_announced:
            self._is_announced = True
            pulumi.log.info("waiting for verdicts; Ctrl-C leaves sessions running and recorded, `pulumi up` resumes")

    def _promoted(self, name: str) -> int | None:
        carried = self._promotion.sessions.get(name) if self._promotion is not None else None
        return carried.version if carried is not None else None

    def _client(self) -> Client:
        from tornado_resource.bland.client import Client

        if self._shared is None:
            self._shared = Client(self._access)
        return self._shared


def _subject(  # noqa: PLR0913 - what the program and the engine know of one session
    name: str,
    gate: Gate,
    place: str,
    session_id: str,
    created_at: str | None,
    timeout_ms: float | None,
    declared: Mapping[str, Any],
    adopted: bool,  # noqa: FBT001 - as the engine tells it
) -> Subject:
    from tornado_resource.gate.verifying import Subject

    limit = int(timeout_ms) if timeout_ms is not None else None
    return Subject(name, session_id, gate, request_from(declared), created_at, limit, place, adopted)
