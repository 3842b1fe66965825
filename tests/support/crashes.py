"""Killing `pulumi up` at a chosen point of a start, with the real engine.

The sandbox delays the start call, before or after its effect, so that there is time to kill; the intents on disk and
the sandbox's log tell which point has been reached.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.soak import IS_SOAK, TURNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark.structures import ParameterSet

    from tests.support.project import Project

REACH_SECONDS: Final = 120.0
END_SECONDS: Final = 120.0
"""How long what is left may take to end, on a busy machine too."""


@dataclass(frozen=True)
class Victim:
    """Which processes are killed: the CLI, the provider's, or both."""

    name: str

    def __str__(self) -> str:
        return self.name

    def kill(self, process: subprocess.Popen[str]) -> None:
        family = descendants(process.pid)
        providers = [pid for pid, command in family.items() if "pulumi.dynamic" in command and "python" in command]
        chosen = {"provider": providers, "cli": [process.pid], "both": [process.pid, *providers]}[self.name]
        for pid in chosen:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


VICTIMS: Final = [Victim("provider"), Victim("cli"), Victim("both")]
WRITE_FAULTS: Final[dict[str, dict[str, Any]]] = {
    "on its way, no effect yet": {"kind": "delay", "seconds": 1.0},
    "done, response on its way": {"kind": "delay_after", "seconds": 1.0},
    "done, response lost": {"kind": "reset_after"},
}
"""By where a request is, what holds it there. A test kills in three requests, which create, change and delete."""


def kills() -> list[ParameterSet]:
    """For each of three requests its fault and its victim: all of them once; in `make soak`, every combination."""
    if not IS_SOAK:
        return [pytest.param([*zip(WRITE_FAULTS, VICTIMS, strict=True)], id="one each")]
    every = itertools.product(WRITE_FAULTS, VICTIMS, range(TURNS))
    return [pytest.param([(fault, victim)] * 3, id=f"{fault}-{victim}-{turn}") for fault, victim, turn in every]


def descendants(root: int) -> dict[int, str]:
    """All processes below *root*, with their command lines."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found, parents = {}, {root}
    while parents:
        children = {int(row[0]): row[2] for row in rows if int(row[1]) in parents and len(row) == 3}
        found.update(children)
        parents = set(children)
    return found


def crash(project: Project, victim: Victim, is_reached: Callable[[], bool], after_seconds: float = 0.0) -> None:
    """Run `pulumi up`, wait until a point is reached, and kill; then let what is left end."""
    printed = project.folder.with_name("killed.txt")
    with printed.open("w", encoding="utf-8") as file:
        process = project.begin_up(file.fileno())
    deadline = time.monotonic() + REACH_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline, "the point was never reached"
        assert process.poll() is None, (
            f"pulumi ended before the point was reached: {printed.read_text(encoding='utf-8')}"
        )
        time.sleep(0.02)
    time.sleep(after_seconds)
    stop(process, victim)


def stop(process: subprocess.Popen[str], victim: Victim) -> None:
    """Kill a running `pulumi up`, and let what is left end."""
    family = descendants(process.pid)
    victim.kill(process)
    process.wait(60)
    deadline = time.monotonic() + END_SECONDS
    # Pulumi's language host has a health check of its own, every five minutes: it is not ours to end.
    ours = {pid: command for pid, command in family.items() if "pulumi-language-python 127" not in command}
    while alive := [pid for pid in ours if not is_zombie(pid)]:
        assert time.monotonic() < deadline, f"outlived the engine: {[family[pid] for pid in alive]}"
        time.sleep(0.1)


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return True


def recover(project: Project) -> None:
    """What a person does after a crash (docs/lifecycle.md): remove an empty sidecar, lift the lock, and go on."""
    lift_lock(project)
    project.up()


def lift_lock(project: Project) -> None:
    """Remove an empty sidecar, and lift the lock."""
    for sidecar in project.state_folder.rglob("*.attrs"):
        if sidecar.stat().st_size == 0:
            sidecar.unlink()
    if any((project.state_folder / ".pulumi/locks").rglob("*.json")):
        project.pulumi("cancel", "--yes")
