"""Exit on SIGTERM or SIGINT without Python's traceback."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

EXIT_MESSAGE_SHOWN: Final = 32
"""The exit code by which Pulumi's language host knows that the user has already seen a message."""


def exit_on_signals(before_exit: Callable[[], object] | None = None) -> None:
    """Call *before_exit* and exit on SIGTERM or SIGINT (Ctrl-C, or the engine after a failed resource).

    Sessions that were started are in the state and keep running; the next `pulumi up` resumes the wait. The log said so
    when the wait began: after a signal the engine may print nothing any more.
    """

    def leave(_signal: int, _frame: FrameType | None) -> None:
        if before_exit is not None:
            before_exit()
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit(), which would unwind through the event loop and its waiting tasks.
        os._exit(EXIT_MESSAGE_SHOWN)

    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, leave)
