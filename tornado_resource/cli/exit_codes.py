"""The exit codes of every command. Pipelines depend on them."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from tornado_resource.gate.model import Outcome


class ExitCode(IntEnum):
    """An exit code, with its *meaning* in a few words."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a code that is a plain number wherever one is expected."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    PASSED = 0, "passed, or nothing wrong"
    FAILED = 1, "a gate was not met, or a check found a problem"
    INVALID = 2, "invalid declarations, configuration or usage"
    INCOMPLETE = 3, "incomplete: network, timeout, output that cannot be written"
    UNEXPECTED = 70, "an unexpected error, which is a bug in tornado-resource"
    INTERRUPTED = 130, "Ctrl-C, or SIGTERM while waiting"

    @classmethod
    def of(cls, outcome: Outcome) -> ExitCode:
        """Return the code of a verdict's outcome."""
        return cls[outcome.upper()]


HELP: Final = "\b\nExit codes:\n" + "".join(f"  {code.value:<4} {code.meaning}\n" for code in ExitCode)
