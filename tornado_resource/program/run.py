"""What all parts of one program share: its config, one API client, and what is known of its sessions."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import pulumi

from tornado_resource.program.config import read_config
from tornado_resource.program.last_runs import LastRuns
from tornado_resource.program.shared_client import SharedClient
from tornado_resource.program.versions import Versions
from tornado_resource.program.waiter import Waiter


class ProgramRun:
    """One run of a Pulumi program: a preview or an update of one stack.

    Raises:
        ConfigurationError: a config value is missing or invalid, or a key is unknown.

    """

    def __init__(self) -> None:
        self.settings, endpoint = read_config()
        client = self.client = SharedClient(endpoint)
        self.versions = Versions(client)
        self.last_runs = LastRuns(client, self.versions)
        self.waiter = Waiter(client, self.settings, self.last_runs)


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
    return _RUNS[stack]


_RUNS: Final[WeakKeyDictionary[pulumi.Resource, ProgramRun]] = WeakKeyDictionary()
"""By stack: the Automation API may run several programs in one process."""
