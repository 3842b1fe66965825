"""Runs programs, providers and commands in forks of a process that has imported the package: in half of the time.

`sitecustomize` calls `hand_over` in each Python process. The fork that runs in the place of one of these has its
arguments, folder, environment, import path, streams and signals, and ends when it is killed.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
from typing import Final, NamedTuple

NUMBER: Final = struct.Struct("!q")
PROVIDER: Final = "pulumi.dynamic"
SCRIPTS: Final = {"pulumi-language-python-exec", "tornado-resource"}


class State(NamedTuple):
    """What a process has."""

    words: list[str]
    folder: str
    environment: dict[str, str]
    path: list[str]
    streams: list[list[str | None]]
    signals: list[int]
    """Those that it does not ignore."""
    process: int


def find_program(words: list[str]) -> int:
    """Return where in a command line the program is that can be handed over; 0 if there is none."""
    at = 1 + (words[1:2] == ["-u"])
    if words[at : at + 2] == ["-m", PROVIDER]:
        return at + 1
    return at if words[at:] and os.path.basename(words[at]) in SCRIPTS else 0  # noqa: PTH119 - `hand_over` is quick


def hand_over(address: str) -> None:
    """Let a fork run what this process was started for, and end as it does; return if that is something else."""
    words = sys.orig_argv
    if not find_program(words) or None in (sys.stdin, sys.stdout, sys.stderr):
        return
    signals = {each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        streams = [[stream.encoding, stream.errors] for stream in (sys.stdin, sys.stdout, sys.stderr)]
        state = State(words, os.getcwd(), dict(os.environ), sys.path, streams, list(signals), os.getpid())  # noqa: PTH109 - as above
        request = json.dumps(state).encode()
        socket.send_fds(connection, [NUMBER.pack(len(request))], [0, 1, 2])
        connection.sendall(request)
        fork = _receive(connection)
        for each in signals:
            signal.signal(each, lambda number, _frame: os.kill(fork, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        status = _receive(connection)
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


def _receive(connection: socket.socket) -> int:
    (number,) = NUMBER.unpack(connection.recv(NUMBER.size, socket.MSG_WAITALL))
    return int(number)


def preload() -> None:
    """Import what programs, providers and commands import."""
    import importlib
    import pkgutil

    import pulumi.dynamic  # noqa: F401 - for providers

    import tornado_resource

    for part in pkgutil.iter_modules(tornado_resource.__path__, "tornado_resource."):
        if part.name.rpartition(".")[2] not in {"sandbox", "template", "__main__"}:
            folder = importlib.import_module(part.name)
            for module in pkgutil.iter_modules(getattr(folder, "__path__", []), f"{part.name}."):
                importlib.import_module(module.name)


def serve(address: str) -> State:
    """Return in a fork for each process that hands over, what it has; end when standard input does."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(100)
        signal.signal(signal.SIGCHLD, _reap)
        print("ready", flush=True)
        while listener.fileno() in select.select([listener.fileno(), 0], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return _fork(connection)
            connection.close()
    sys.exit()


def _reap(*_signal: object) -> None:
    """Count the processor time of what has ended to this process."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _fork(connection: socket.socket) -> State:
    """Return in a fork, and kill it when the process that has handed over ends before it."""
    length, streams, _, _ = socket.recv_fds(connection, NUMBER.size, 3)
    state = State(*json.loads(connection.recv(NUMBER.unpack(length)[0], socket.MSG_WAITALL)))
    fork = os.fork()
    if fork == 0:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    if fork == 0:
        connection.close()
        return state
    os.closerange(0, 3)
    with contextlib.suppress(ConnectionError):
        connection.sendall(NUMBER.pack(fork))
    if connection.fileno() in select.select([connection.fileno(), os.pidfd_open(fork)], [], [])[0]:
        os.kill(fork, signal.SIGKILL)
    status = os.waitpid(fork, 0)[1]
    with contextlib.suppress(ConnectionError):
        connection.sendall(NUMBER.pack(status))
    os._exit(0)


def become(state: State) -> str:
    """Take over what a process has, and return the program that it was started for."""
    os.getpid = lambda: state.process  # a program looks for the `pulumi` above its process
    os.chdir(state.folder)
    os.environ.clear()
    os.environ.update(state.environment)
    size = 0 if "-u" in state.words[:2] else -1
    files = [open(0, "rb", closefd=False), *(open(number, "wb", size, closefd=False) for number in (1, 2))]  # noqa: SIM115
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(file, encoding, errors, line_buffering=file.isatty() or number == 2, write_through=size == 0)
        for number, (file, (encoding, errors)) in enumerate(zip(files, state.streams, strict=True))
    )
    for number in {signal.SIGINT, signal.SIGTERM} - {*state.signals}:
        signal.signal(number, signal.SIG_IGN)
    sys.orig_argv, sys.argv = state.words, state.words[find_program(state.words) :]
    program = sys.argv[0]
    sys.path = [state.folder if program == PROVIDER else os.path.dirname(os.path.realpath(program)), *state.path]  # noqa: PTH120
    return program


if __name__ == "__main__":
    preload()
    gc.freeze()
    program = become(serve(sys.argv[1]))
    if program == PROVIDER:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program, run_name="__main__")
