"""What a command prints and writes, where, and in which colours; and the exit codes, which pipelines depend on."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Self

import click

from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import Outcome


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
    INVALID = 2, "invalid declarations, configuration or usage, or a file that cannot be written"
    INCOMPLETE = 3, "incomplete: network, timeout, standard output that cannot be written"
    UNEXPECTED = 70, "an unexpected error, which is a bug in tornado-resource"
    INTERRUPTED = 130, "Ctrl-C, or SIGTERM while waiting"

    @classmethod
    def of(cls, outcome: Outcome) -> ExitCode:
        """Return the code of a verdict's outcome."""
        return cls[outcome.upper()]


HELP: Final = "\b\nExit codes:\n" + "".join(f"  {code.value:<4} {code.meaning}\n" for code in ExitCode)
COLORS: Final[dict[Outcome, str]] = {"passed": "green", "failed": "red", "incomplete": "yellow"}
"""Names that both click and Rich know."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command prints what people read on the way: nowhere if it is quiet, on stderr beside JSON on stdout."""

    is_quiet: bool = False
    is_json: bool = False

    def say(self, text: str) -> None:
        """Print a text that only informs. What is wrong is printed in any case, and not with this."""
        if not self.is_quiet:
            self.tell(text)

    def tell(self, text: str) -> None:
        """Print a text whether or not the command is quiet."""
        click.echo(text, err=self.is_json)

    def verdicts(self, report: Report) -> None:
        """Print the report as JSON, if that is wanted."""
        if self.is_json:
            from tornado_resource.reports.verdicts_json import verdicts_json

            click.echo(verdicts_json(report), nl=False)


def quiet_option(command: Any) -> Any:
    """Add the option `--quiet` to a command, which receives it as *quiet*."""
    return click.option("--quiet", "-q", is_flag=True, help="Print only problems.")(command)


def format_option(*formats: str) -> Callable[[Any], Any]:
    """Return a decorator that adds the option `--format` to a command, which receives it as *output*."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How to print the result.",
    )


def painted(text: str, outcome: Outcome) -> str:
    """Return *text* in the colour of an outcome, which `click.echo` leaves out where none is wanted."""
    return click.style(text, fg=COLORS[outcome])


def fill_closed_streams() -> None:
    """Open each standard stream that is closed: no input, and output that cannot be written.

    Otherwise Python has None in its place, and the next file that is opened gets its number.
    """
    for name, mode, flags in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))


def wants_color(environ: Mapping[str, str]) -> bool | None:
    """Return whether to print colours; None to print them in a terminal only."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return environ["FORCE_COLOR"] != "0"
    return False if environ.get("TERM") == "dumb" else None


@contextmanager
def writing(path: str, kind: str = "file") -> Iterator[None]:
    """Name the file or folder *path* in what the system says in this block.

    Raises:
        ConfigurationError: it cannot be looked at or written.

    """
    try:
        yield
    except (OSError, ValueError) as error:
        cause = clean(getattr(error, "strerror", None) or str(error)).lower()
        message = f"{clean(path)}: {cause}; name a {kind} that can be written to"
        raise ConfigurationError(message) from None
