"""Exit on SIGTERM or SIGINT without Python's traceback."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

EXIT_MESSAGE_SHOWN: Final = 32
"""The exit code by which Pulumi's language host knows that the user has already seen a message."""

_DEFAULT_HANDLERS: Final = (signal.default_int_handler, signal.SIG_DFL)


def exit_on_signals(before_exit: Callable[[], object] | None = None) -> None:
    """Call *before_exit* and exit on SIGTERM or SIGINT (Ctrl-C, or the engine after a failed resource).

    Sessions that were started are in the state and keep running; the next `pulumi up` resumes the wait. The log said so
    when the wait began: after a signal the engine may print nothing any more.

    A handler that the program has installed itself stays, and so does an earlier one of ours unless there is something
    to call. Outside of the main thread nothing happens: Python allows no handlers there, and inline programs of the
    Automation API, which run there, do not own their process.
    """
    if threading.current_thread() is not threading.main_thread():
        return

    def leave(_signal: int, _frame: FrameType | None) -> None:
        if before_exit is not None:
            before_exit()
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit(), which would unwind through the event loop and its waiting tasks.
        os._exit(EXIT_MESSAGE_SHOWN)

    for stop in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(stop)
        is_ours = getattr(handler, "__module__", None) == __name__
        if handler in _DEFAULT_HANDLERS or (is_ours and before_exit is not None):
            signal.signal(stop, leave)
