"""What all parts of one program share: its config, one API client, what is known of its sessions, and one gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import pulumi

from tornado_resource.errors import TornadoError
from tornado_resource.program.config import read_config
from tornado_resource.program.judges import KnownJudges
from tornado_resource.program.last_runs import LastRuns
from tornado_resource.program.last_scenarios import Scenarios
from tornado_resource.program.progress import WaitProgress
from tornado_resource.program.sdk import end_without_collecting
from tornado_resource.program.shared_client import SharedClient, Versions
from tornado_resource.program.shared_gate import ProgramGate
from tornado_resource.program.shared_report import program_report
from tornado_resource.program.spending import Spending
from tornado_resource.program.variables import KnownVariables
from tornado_resource.program.waiter import Waiter

if TYPE_CHECKING:
    from collections.abc import Awaitable


class ProgramRun:
    """One run of a Pulumi program: a preview or an update of one stack.

    Raises:
        ConfigurationError: a config value is missing or invalid, or a key is unknown.

    """

    def __init__(self) -> None:
        report = program_report()  # before the config, so that the reports tell of an invalid one
        self.settings, endpoint = read_config()
        report.describe(self.settings.environment)
        self.gate = ProgramGate(report, self.settings.baseline)
        self.session_urns: dict[str, list[Awaitable[str]]] = {}
        """The URNs of the sessions that the program has declared so far, by name."""
        client = self.client = SharedClient(endpoint, self.settings.ignored_content)
        self.versions = Versions(client)
        self.judges = KnownJudges(client)
        self.last_runs = LastRuns(client, self.versions, self.settings.rerun)
        self.variables = KnownVariables(client, self.last_runs)
        self.scenarios = Scenarios(client, self.last_runs, self.versions)
        self.spending = Spending(self.settings.budget)
        self.waiter = Waiter(client, self.settings, self.last_runs, WaitProgress(report))


def program_run() -> ProgramRun:
    """Return the run of the program that calls this.

    Raises:
        ConfigurationError: a config value is missing or invalid, or a key is unknown.

    """
    stack = pulumi.runtime.get_root_resource()
    if stack is None:
        return ProgramRun()
    if stack not in _RUNS:
        _RUNS[stack] = ProgramRun()
        end_without_collecting()
    return _RUNS[stack]


def program_run_or_none() -> ProgramRun | None:
    """Return the run of the program that calls this; None if its config is invalid, which the provider reports."""
    try:
        return program_run()
    except TornadoError:
        return None


_RUNS: Final[WeakKeyDictionary[pulumi.Resource, ProgramRun]] = WeakKeyDictionary()
"""By stack: the Automation API may run several programs in one process."""
