"""Pulumi projects to measure: ours, and one of the same size whose provider does nothing (the floor)."""

from __future__ import annotations

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
FLOOR_MODULE = """\
from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider


class Floor(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return CreateResult(props["pathway_id"], props)

    def diff(self, _id, _olds, _news):
        return DiffResult(changes=False)
"""
FLOOR_PROGRAM = """\
from pulumi.dynamic import Resource
from floor import Floor


class Session(Resource, module="bench", name="Session"):
    pass


for number in range({number}):
    Session(Floor(), f"session-{{number}}", {{"pathway_id": f"pathway-{{number:04}}", "max_iterations": 5}})
"""
PROGRAM = "from tornado_resource import deploy\n\ndeploy()\n"


@dataclass(frozen=True)
class Usage:
    """What one command took: *seconds* on the clock, and *processor* seconds of all its processes."""

    seconds: float
    processor: float


@dataclass(frozen=True)
class Project:
    """A Pulumi project with a stack on a file backend of its own."""

    folder: Path
    environment: dict[str, str]

    def up(self) -> Usage:
        """Run `pulumi up` without a preview."""
        return self._measured("up", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive")

    def preview(self) -> Usage:
        """Run `pulumi preview`."""
        return self._measured("preview", "--suppress-outputs", "--non-interactive")

    def wait(self, *, setting: bool) -> None:
        """Set `tornado:wait`."""
        self.pulumi("config", "set", "tornado:wait", str(setting).lower())

    def state_bytes(self) -> int:
        """Return the mean size of a session in the state, without its outputs."""
        deployment = json.loads(self.pulumi("stack", "export"))["deployment"]
        entries = [each for each in deployment["resources"] if "dynamic" in each["type"] and "provider" in each]
        bare = [{key: value for key, value in each.items() if key != "outputs"} for each in entries]
        return round(statistics.mean(len(json.dumps(each)) for each in bare))

    def pulumi(self, *arguments: str) -> str:
        """Run pulumi and return its standard output; exit if it fails."""
        command = ["pulumi", *arguments]
        result = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            sys.exit(f"{' '.join(command)} failed\n{result.stdout}{result.stderr}")
        return result.stdout

    def _measured(self, *arguments: str) -> Usage:
        begun, used = time.perf_counter(), _processor_seconds()
        self.pulumi(*arguments)
        return Usage(time.perf_counter() - begun, _processor_seconds() - used)


def our_project(folder: Path, number: int, url: str, rerun: str = "on_failure") -> Project:
    """Return a project of *number* sessions that calls `deploy()`."""
    project = _project(folder, PROGRAM, url)
    text = declarations(number).replace("max_iterations: 5", f"max_iterations: 5, rerun: {rerun}")
    (folder / "sessions.yaml").write_text(text, encoding="utf-8")
    return project


def agents_project(folder: Path, number: int, url: str, version: str) -> Project:
    """Return a project of *number* agents that calls `deploy()`."""
    project = _project(folder, PROGRAM, url)
    agents = [f"  agent-{index}: {{agent_id: agent-{index:04}, version: {version}}}\n" for index in range(number)]
    text = "".join(["version: 1\ndefaults: {rerun: on_failure}\nagents:\n", *agents])
    (folder / "sessions.yaml").write_text(text, encoding="utf-8")
    return project


def floor_project(folder: Path, number: int) -> Project:
    """Return a project of *number* resources whose provider does nothing."""
    project = _project(folder, FLOOR_PROGRAM.format(number=number), "http://127.0.0.1:9")
    (folder / "floor.py").write_text(FLOOR_MODULE, encoding="utf-8")
    return project


def declarations(number: int, *, rich: bool = False) -> str:
    """Return a declarations file of *number* sessions; *rich*: with scenarios and triggers."""
    lines = ["version: 1", "defaults: {max_iterations: 5}", "sessions:"]
    for index in range(number):
        lines += [f"  session-{index}:", f"    pathway_id: pathway-{index:04}"]
        if rich:
            lines += [f"    scenario_ids: [sc-{index}-a, sc-{index}-b]", "    triggers: {prompt: 2026-04}"]
    return "\n".join(lines) + "\n"


def prepare_process() -> None:
    """Let the measured processes behave as in a user's terminal, whatever starts the measurement."""
    # Where it is set, this package is compiled at every start, and all that it is compared with is not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # In the background of a shell SIGINT is ignored, and then each `pulumi` waits 5 s for a process of its own to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def sandbox(*options: str) -> Iterator[str]:
    """Serve a sandbox in a process of its own, whose work is not counted as ours, and return its URL."""
    command = [str(BIN / "tornado-resource"), "sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - it was asked for in the line above
        try:
            yield server.stdout.readline().split()[1]
        finally:
            server.terminate()


def requests(url: str) -> list[dict[str, Any]]:
    """Return the requests that a sandbox got, oldest first."""
    rows: list[dict[str, Any]] = httpx.get(f"{url}/_sandbox/requests", trust_env=False, timeout=60).json()
    return rows


def _project(folder: Path, program: str, url: str) -> Project:
    (folder / "state").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n", encoding="utf-8")
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "XDG_STATE_HOME": str(folder / "state-home"),
        "BLAND_API_KEY": "sk-bench-0123456789",
        "BLAND_BASE_URL": url,
    }
    project = Project(folder, environment)
    project.pulumi("stack", "init", "bench")
    return project


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
