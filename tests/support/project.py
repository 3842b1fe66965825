"""A Pulumi project in a folder, run through `pulumi` as a user runs it, against a sandbox over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

if TYPE_CHECKING:
    import httpx

    from tornado_resource.sandbox.serving import Sandbox

KEY = "sk-canary-0123456789abcdef"
PROGRAM = "from tornado_resource import deploy\n\ndeploy()\n"
PULUMI_SECONDS = 120


@dataclass
class Project:
    """A Pulumi project in a folder, on a machine of its own; its backend, and the sandbox that it talks to."""

    folder: Path
    home: Path
    backend: str
    sandbox: Sandbox
    http: httpx.Client
    stack: str = "dev"

    @property
    def state_folder(self) -> Path:
        """Where a file backend keeps the state."""
        return Path(url2pathname(urlsplit(self.backend).path))

    @property
    def state_home(self) -> Path:
        """Where this test's machine keeps intents."""
        return self.folder.parent / "state-home"

    def on_another_machine(self, name: str = "machine-b") -> Project:
        """The same project from another machine: a checkout, Pulumi's home and intents of its own, the same backend."""
        machine = self.folder.parent / name
        shutil.copytree(self.folder, machine / "project")
        return replace(self, folder=machine / "project", home=machine / "pulumi-home")

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": self.backend,
            "PULUMI_HOME": str(self.home),
            "XDG_STATE_HOME": str(self.state_home),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "BLAND_API_KEY": KEY,
            "BLAND_BASE_URL": self.sandbox.url,
        }

    def declare(self, text: str) -> None:
        (self.folder / "sessions.yaml").write_text(text, encoding="utf-8")

    def pulumi(self, *arguments: str, expect: int | None = 0, **environment: str) -> str:
        """Run pulumi, check its exit code (None: any but 0), and return all that it printed."""
        code, printed = self.run("pulumi", *arguments, "--stack", self.stack, "--non-interactive", **environment)
        is_expected = code == expect if expect is not None else code != 0
        assert is_expected, f"exit {code}\n{printed}"
        return printed

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run any command as a user of this machine does; give its exit code and all that it printed."""
        result = subprocess.run(
            arguments,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PULUMI_SECONDS,
            check=False,
        )
        return result.returncode, result.stdout

    def up(self, expect: int | None = 0, *options: str, **environment: str) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", *options, expect=expect, **environment)

    def begin_up(self, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start `pulumi up` in a process group of its own, to be interrupted or killed."""
        return subprocess.Popen(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", self.stack],
            cwd=self.folder,
            env=self.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def outputs(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json"))
        return result

    def resources(self, kind: str = "TornadoSession") -> list[dict[str, Any]]:
        """The resources of one kind in the state."""
        deployment = json.loads(self.pulumi("stack", "export"))["deployment"]
        return [entry for entry in deployment.get("resources", []) if entry["type"].endswith(f"bland:{kind}")]

    def requests(self, part: str = "") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.http.get("/_sandbox/requests").json()
        return [row for row in rows if part in f"{row['method']} {row['path']}"]

    def bodies(self) -> list[dict[str, Any]]:
        """What the start calls sent."""
        return [json.loads(row["body"]) for row in self.requests("/start")]

    def sessions(self) -> list[dict[str, Any]]:
        """The sandbox's sessions, oldest first."""
        rows: list[dict[str, Any]] = self.http.get("/_sandbox/sessions").json()
        return rows[::-1]

    def wait_for_ends(self) -> None:
        """Wait until no session of the sandbox runs."""
        deadline = time.monotonic() + 20
        while any(row["status"] == "RUNNING" for row in self.sessions()):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def fail(self, **fault: Any) -> None:
        """Let a request fail."""
        self.http.post("/_sandbox/faults", json=fault).raise_for_status()
