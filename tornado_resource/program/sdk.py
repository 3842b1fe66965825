"""Pulumi's SDK: what it needs from a program beyond its documentation.

- Errors that are shown once: of an error that ends a program, Pulumi adds that the program has ended with an exit code.
- Exit on signals: after a failed resource the engine interrupts the program, and Python would print a traceback.
- End of the process: Python looks for garbage once more, among all that a program has imported.
- Registered outputs: the SDK ends a program at the first error, registered or not.
- Tracking: before a program ends, the SDK waits for every output. With each one that completes, it asks asyncio to wait
  for all the others anew (`wait_for_rpcs` in `pulumi/runtime/stack.py`): time grows with the square of their number.

Tried with SDK 3.259.0 and 3.272.0.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.resource import all_aliases
from pulumi.runtime.settings import get_monitor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
    from types import FrameType

T = TypeVar("T")
EXIT_MESSAGE_SHOWN: Final = 32
"""The exit code by which Pulumi's language host knows that the user has already seen a message."""
_DEFAULT_HANDLERS: Final = (signal.default_int_handler, signal.SIG_DFL)


NO_ORGANIZATION: Final = "organization"
"""What `pulumi.get_organization()` returns for a backend without organizations."""


def organization() -> str:
    """Return the stack's organization. In a test with mocks the SDK may have none."""
    return pulumi.get_organization() or NO_ORGANIZATION


def full_stack_name(stack: str) -> str:
    """Return `organization/project/stack`, as the engine needs it; a bare name is a stack of this project."""
    return stack if "/" in stack else f"{organization()}/{pulumi.get_project()}/{stack}"


def inherited_aliases(
    own_type: str, name: str, own: Sequence[Any], parent: pulumi.Resource | None
) -> list[pulumi.Output[str]]:
    """Return the URNs that a resource may have been recorded under before, as those of its parent have changed.

    The SDK does not pass on what a parent has from its own parent, and neither does this.
    """
    if parent is None:
        return []
    return [pulumi.Output.from_input(alias) for alias in all_aliases(own, name, own_type, parent)[len(own) :]]


def is_mocked() -> bool:
    """Return whether the program runs in a test, with `pulumi.runtime.set_mocks`."""
    return isinstance(get_monitor(), MockMonitor)


def exit_on_signals(before_exit: Callable[[], object] | None = None) -> None:
    """Call *before_exit* and exit on SIGTERM or SIGINT (Ctrl-C, or the engine after a failed resource).

    Sessions that were started are in the state and keep running; the next `pulumi up` resumes the wait. The log said so
    when the wait began: after a signal the engine may print nothing any more.

    A handler that the program has installed itself stays, and so does an earlier one of ours unless there is something
    to call. Outside of the main thread nothing happens: Python allows no handlers there, and inline programs of the
    Automation API, which run there, do not own their process. Neither does a test with mocks.
    """
    if threading.current_thread() is not threading.main_thread() or is_mocked():
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


_HOST: Final = "pulumi-language-python-exec"
"""The file by which Pulumi's language host runs a program in a process of its own."""
_PROGRAM: Final = "run_in_stack"
"""The SDK gives no handle on a program but its task, which has been named like this since its first releases."""


def when_program_ends(call: Callable[[asyncio.Task[Any]], object]) -> None:
    """Let *call* be called with the task of the program that runs, once it has ended."""
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__qualname__", "") == _PROGRAM:
            task.add_done_callback(call)


def owns_process() -> bool:
    """Return whether Pulumi's language host has started this process for the program; not so with inline programs."""
    # While the program runs, it has taken the place of the language host's `__main__` and `sys.argv`.
    return any(Path(argument).name == _HOST for argument in sys.orig_argv)


def end_without_collecting() -> None:
    """Let the process of a program end without Python's last garbage collection, a sixth of its time (0.05 s).

    A program that does not own its process is left alone.
    """
    if owns_process():
        atexit.register(gc.freeze)


def show_error_once(program: asyncio.Task[Any]) -> None:
    """Show the `pulumi.RunError` of a program that has ended, and exit so that Pulumi adds nothing to it.

    Otherwise "an unhandled error occurred: program exited with non-zero exit code: 1" follows the message. A program
    that does not own its process is left alone.
    """
    error = None if program.cancelled() else program.exception()
    if owns_process() and isinstance(error, pulumi.RunError):
        pulumi.log.error(str(error))
        raise SystemExit(EXIT_MESSAGE_SHOWN)


def untrack(outputs: Iterable[pulumi.Output[Any]]) -> None:
    """Let the SDK not wait for outputs of which others are made, or which complete with their resource's registration.

    The SDK waits for those others, and for registrations, and they fail if these outputs fail.
    """
    # A method of the SDK's own. Without it nothing changes but the time.
    let_go = getattr(pulumi.Output, "_untrack", None)
    if let_go is not None:
        for output in outputs:
            let_go(output)


def untrack_properties(resource: pulumi.Resource, names: Iterable[str]) -> None:
    """Let the SDK not wait for the properties of a resource: it waits for the resource's registration."""
    values = (vars(resource).get(name) for name in names)
    untrack(value for value in values if isinstance(value, pulumi.Output))


REGISTRATION_SECONDS: Final = 5.0
"""An output of the stack may depend on what is about to fail: then its registration never ends."""
_REGISTRATION: Final = "do_register_resource_outputs"


async def outputs_registered(max_seconds: float = REGISTRATION_SECONDS) -> None:
    """Return when the registrations of outputs that have begun have ended, or after *max_seconds*.

    The SDK ends a program at the first error, registrations or not. In a Pulumi program of its own process they usually
    still arrive; in an inline program of the Automation API they may not.
    """
    # The SDK gives no handle on them but their tasks, which have been named like this since its first releases.
    tasks = [task for task in asyncio.all_tasks() if _REGISTRATION in getattr(task.get_coro(), "__qualname__", "")]
    if tasks:
        await asyncio.wait(tasks, timeout=max_seconds)


def independent(output: pulumi.Output[T]) -> pulumi.Output[T]:
    """Return an output of the same value that depends on no resource."""
    future: Awaitable[Any] = asyncio.ensure_future(output.future(with_unknowns=True))
    return pulumi.Output(set(), future, output.is_known(), output.is_secret())


def together(
    outputs: Iterable[pulumi.Output[Any]],
    func: Callable[[list[Any]], T],
    is_public: Callable[[T], bool] = lambda _: False,
) -> pulumi.Output[T]:
    """Apply *func* to the values of all *outputs*, known or not. What it returns counts as known.

    It is secret if one of *outputs* is, unless *is_public* says that it may be shown.

    `Output.all` does the same, but makes an output of every value inside of the values too, which for a hundred
    sessions takes more time than all the rest of a program.
    """
    awaited = tuple(outputs)
    gathered = asyncio.ensure_future(_gather(awaited, func, is_public))
    untrack(awaited)
    resources, value, is_known, is_secret = (_Member(gathered, index) for index in range(4))
    return pulumi.Output(resources, value, is_known, is_secret)


async def _gather(
    outputs: Iterable[pulumi.Output[Any]], func: Callable[[list[Any]], T], is_public: Callable[[T], bool]
) -> tuple[set[pulumi.Resource], T, bool, bool]:
    """Return the resources that *outputs* depend on, the result, and whether it is known and secret."""
    values: list[Any] = []
    resources: set[pulumi.Resource] = set()
    is_secret = False
    for output in outputs:
        value = await output.future(with_unknowns=True)
        is_known = await output.is_known() or pulumi.contains_unknowns(value)
        values.append(value if is_known else pulumi.UNKNOWN)
        resources |= await output.resources()
        is_secret = await output.is_secret() or is_secret
    result = func(values)
    return resources, result, True, is_secret and not is_public(result)


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of a tuple that is not there yet, to be awaited by an output."""

    gathered: Awaitable[tuple[Any, ...]]
    index: int

    def __await__(self) -> Generator[Any, None, Any]:
        gathered = yield from self.gathered.__await__()
        return gathered[self.index]
