"""Errors that no command expects, and output that cannot be written: one line and an exit code, no traceback."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Final

import click

from tornado_resource.cli.output import ExitCode
from tornado_resource.core.text import clean

MAX_LINE: Final = 2000
"""How many characters of a line of a traceback are shown."""

SHORTAGES: Final = frozenset(
    {errno.EAGAIN, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC}
)
"""Errors of the operating system that no other input or setting of a command would avoid."""


class Secrets:
    """What must not be shown, whatever goes wrong. The API key of the environment is known from the start."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self.add(os.environ.get("BLAND_API_KEY", ""))

    def add(self, value: str) -> None:
        """Hide a value from now on."""
        if value.strip():
            self._values.add(value.strip())

    def redact(self, text: str) -> str:
        """Return *text* without the values, also where they are encoded."""
        from tornado_resource.core.redaction import encodings, redact

        for value in sorted(self._values, key=len, reverse=True):
            text = redact(text, encodings(value))
        return text


def hide(value: str) -> None:
    """Keep a value out of the message of an unexpected error of the command that runs."""
    context = click.get_current_context(silent=True)
    secrets = context.find_object(Secrets) if context is not None else None
    if secrets is not None:
        secrets.add(value)


def end_unexpectedly(error: Exception, secrets: Secrets) -> ExitCode:
    """Say on one line what happened, and where to report it if it is a bug, and return the exit code.

    With `TORNADO_DEBUG=1` the traceback comes first.
    """
    if isinstance(error, OSError) and _is_of_echo(error):
        _drop_output()
        if error.errno != errno.EPIPE:  # whoever closed a pipe, such as `| head -1`, wants no more output
            _say(f"cannot write the output: {error.strerror}")
        return ExitCode.INCOMPLETE
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in SHORTAGES):
        what = str(getattr(error, "strerror", None) or "no memory is left").lower()
        _say(f"this machine lacks what the command needs: {what}; free some of it, then try again")
        return ExitCode.INCOMPLETE
    # Imported here, as in the functions below: a command that ends as expected does not need it.
    from traceback import format_exception

    is_debug = os.environ.get("TORNADO_DEBUG") == "1"
    lines = "".join(format_exception(error)).splitlines() if is_debug else []
    # Redact first: a key that is cut in the middle would not be recognised.
    for line in (*lines, _summary(error, is_debug=is_debug)):
        _say(secrets.redact(line))
    return ExitCode.UNEXPECTED


def _is_of_echo(error: Exception) -> bool:
    """Return whether an error was raised inside `click.echo`, with which all output is written."""
    from traceback import walk_tb

    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    return frames[-1].f_globals.get("__name__") == "click.utils"


def _drop_output() -> None:
    """Drop what cannot be written: Python would try again when it ends, and print a message of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _say(line: str) -> None:
    with suppress(OSError):
        print(clean(line, MAX_LINE), file=sys.stderr)


def _summary(error: Exception, *, is_debug: bool) -> str:
    from traceback import extract_tb, format_exception_only

    what = " ".join("".join(format_exception_only(error)).split())
    frames = extract_tb(error.__traceback__)
    where = f" ({_short_path(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    traceback = "the traceback above" if is_debug else "the traceback that TORNADO_DEBUG=1 shows"
    limited = what if len(what) <= MAX_LINE // 2 else what[: MAX_LINE // 2] + "…"
    return f"unexpected error: {limited}{where}. This is a bug: report it {_address()}, with {traceback}"


def _address() -> str:
    """Return where to report a bug, as the installed package says."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        urls = metadata("tornado-resource").get_all("Project-URL") or []
    except PackageNotFoundError:
        urls = []
    address = dict(url.split(", ", 1) for url in urls).get("Issues")
    return f"at {address}" if address is not None else "to the maintainers of tornado-resource"


def _short_path(filename: str) -> str:
    return "/".join(filename.replace("\\", "/").split("/")[-3:])
