"""Ending the program on SIGTERM or SIGINT without Python's traceback."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

EXIT_MESSAGE_SHOWN: Final = 32
"""The exit code that tells Pulumi's language host that the user has seen a message already."""


def exit_on_signals(before_exit: Callable[[], object] | None = None) -> None:
    """Exit on SIGTERM or SIGINT (Ctrl-C, or the engine after a failed resource), after calling *before_exit*.

    Sessions that were started are in the state and keep running; the next `pulumi up` resumes the wait. That was said
    when the wait began: by now the engine may be unable to print anything.
    """

    def leave(_signal: int, _frame: FrameType | None) -> None:
        if before_exit is not None:
            before_exit()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(EXIT_MESSAGE_SHOWN)

    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, leave)
