"""Record the states of this folder with the code that PYTHONPATH names. See README.md."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tornado_resource.sandbox.serving import Sandbox

FOLDER: Final = Path(__file__).parent
STACKS: Final = {
    "passed": {"dev": "passed.json"},
    "failed": {"dev": "failed.json"},
    "running": {"dev": "running.json"},
    "promoted": {"staging": "promoted.staging.json", "production": "promoted.json"},
}
"""By state, the stacks to update, in this order, and the file for the export of each."""
INTERRUPTED: Final = "running"
SPEED: Final = 1000
POLLS_BEFORE_INTERRUPT: Final = 4
MAX_WAIT_SECONDS: Final = 60
PROVIDER_ID: Final = "00000000-0000-0000-0000-000000000000"
TIME: Final = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Project:
    """A Pulumi project in *folder*, with its backend there, and the URL of its sandbox."""

    folder: Path
    sandbox: str

    @classmethod
    def create(cls, folder: Path, sandbox: str, declarations: str) -> Project:
        """Write the project's files."""
        (folder / "state").mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text("name: agents\nruntime: python\n", encoding="utf-8")
        (folder / "__main__.py").write_text("from tornado_resource import deploy\n\ndeploy()\n", encoding="utf-8")
        (folder / "sessions.yaml").write_text(declarations, encoding="utf-8")
        return cls(folder, sandbox)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of a command."""
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(self.folder / "pulumi-home"),
            "XDG_STATE_HOME": str(self.folder / "state-home"),
            "BLAND_API_KEY": "sk-recording-0123456789",
            "BLAND_BASE_URL": self.sandbox,
        }

    def pulumi(self, *arguments: str) -> str:
        """Run pulumi and return its standard output. Raises CalledProcessError."""
        command = ["pulumi", *arguments, "--non-interactive"]
        result = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return result.stdout

    def up(self, stack: str, *, is_interrupted: bool) -> None:
        """Run `pulumi up`, whatever its exit code. To interrupt is to press Ctrl-C once the sessions are polled."""
        command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack]
        process = subprocess.Popen(command, cwd=self.folder, env=self.environment, start_new_session=True)
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while is_interrupted and self.polls() < POLLS_BEFORE_INTERRUPT:
            if time.monotonic() > deadline:
                message = "the sessions were not polled"
                raise TimeoutError(message)
            time.sleep(0.05)
        if is_interrupted:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(MAX_WAIT_SECONDS)

    def polls(self) -> int:
        """The number of status requests so far."""
        with urllib.request.urlopen(f"{self.sandbox}/_sandbox/requests") as response:  # noqa: S310 - our own sandbox
            return sum(row["path"].endswith("/status") for row in json.load(response))


def record(name: str, folder: Path) -> None:
    """Update the stacks of one state in *folder*, and write their exports."""
    is_interrupted = name == INTERRUPTED
    declarations = (FOLDER / f"{name}.sessions.yaml").read_text(encoding="utf-8")
    exports: dict[str, str] = {}
    placeholders: dict[str, str] = {}
    with Sandbox(speed=1 if is_interrupted else SPEED, script=FOLDER / f"{name}.sandbox.yaml") as sandbox:
        project = Project.create(folder, sandbox.url, declarations)
        for stack, file in STACKS[name].items():
            project.pulumi("stack", "init", stack)
            project.up(stack, is_interrupted=is_interrupted)
            exports[file] = project.pulumi("stack", "export", "--stack", stack)
            placeholders |= random_values(stack, exports[file])
    for file, export in exports.items():
        (FOLDER / file).write_text(anonymous(export, placeholders), encoding="utf-8")


def random_values(stack: str, export: str) -> dict[str, str]:
    """The ids in an export, and the placeholder of each: `@STACK/SESSION/session_id@` for a session."""
    found = {}
    for resource in json.loads(export)["deployment"]["resources"]:
        if resource["type"].endswith(":TornadoSession"):
            found[resource["id"]] = f"@{stack}/{resource['urn'].rpartition('::')[2]}/session_id@"
        elif resource["type"].startswith("pulumi:providers:"):
            found[resource["id"]] = PROVIDER_ID
    return found


def anonymous(export: str, placeholders: dict[str, str]) -> str:
    """Fill in placeholders, and leave out what depends on the machine, the time and the run."""
    for value, placeholder in placeholders.items():
        export = export.replace(value, placeholder)
    written = json.loads(export, object_hook=_anonymous)
    written["deployment"].pop("secrets_providers", None)  # its salt is random, and the state has no secret
    written["deployment"]["manifest"]["time"] = TIME
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def _anonymous(values: dict[str, Any]) -> dict[str, Any]:
    """One mapping of an export, with placeholders for a session's times and without the paths of Python's files."""
    session_id = values.get("session_id")
    for key in ("created_at", "finished_at"):
        if session_id and values.get(key):
            values[key] = session_id.replace("session_id", key)
    values |= {key: TIME for key in ("created", "modified") if key in values}
    return {key: value for key, value in values.items() if key not in {"sourcePosition", "stackTrace"}}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as root:
        for each in sys.argv[1:] or STACKS:
            record(each, Path(root) / each)
