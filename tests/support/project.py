"""A Pulumi project in a folder, run through `pulumi` as a user runs it, against a sandbox over HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import yaml

from tests.support.preloading import STAND_INS
from tornado_resource.sandbox import MIN_SPEED

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.support import http_server
    from tornado_resource.sandbox.serving import Sandbox

KEY = "sk-canary-0123456789abcdef"
PROGRAM = "from tornado_resource import deploy\n\ndeploy()\n"
PULUMI_SECONDS = 300
"""How long a command may take, on a busy machine too."""
HELD = MIN_SPEED
"""The speed of a sandbox whose sessions run until `Project.finish_sessions`."""


def name_the_pathway(folder: Path) -> None:
    """Replace the placeholder in what `init` or `pulumi new` wrote."""
    file = folder / "sessions.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("your-pathway-id", "pw-1"), encoding="utf-8")


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
            "PYTHONPATH": str(STAND_INS),
            "GOGC": "400",  # the engine ends before collecting garbage pays: a tenth of its time
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
        self._remove_bytecode()
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

    def begin_up(self, output: int = subprocess.PIPE, **environment: str) -> subprocess.Popen[str]:
        """Start `pulumi up` in a process group of its own, with nothing preloaded, to be interrupted or killed."""
        self._remove_bytecode()
        return subprocess.Popen(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", self.stack],
            cwd=self.folder,
            env={**self.environment, "PRELOADED": "", **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _remove_bytecode(self) -> None:
        """Let Python read the program again: it takes one of the same second and the same size for unchanged."""
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)

    def up_of_held_sessions(self, **environment: str) -> tuple[int, str]:
        """Run `pulumi up`, let the sessions end while it waits for them, and give its exit code and what it printed."""
        before = Counter(row["path"] for row in self.requests("/status"))
        process = self.begin_up(subprocess.PIPE, **environment)
        deadline = time.monotonic() + PULUMI_SECONDS
        # First it asks what has become of each, and then it waits.
        while min((Counter(row["path"] for row in self.requests("/status")) - before).values(), default=0) < 2:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        self.finish_sessions()
        printed, _ = process.communicate(timeout=PULUMI_SECONDS)
        return process.returncode, printed

    def finish_sessions(self) -> None:
        """Let sessions that were held end at once."""
        self.http.post("/_sandbox/speed", json={"speed": 1_000_000}).raise_for_status()

    def init(self) -> None:
        """Make the stack and select it. A file backend gets the files that `pulumi stack init` wrote once."""
        if not self._is_file_backend:
            self.pulumi("stack", "init")
            return
        name, file = self._name, self.folder / f"Pulumi.{self.stack}.yaml"
        made = self.home / "made" / f"{name}-{self.stack}"
        if not made.exists():
            (made / "state").mkdir(parents=True)
            (made / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n", encoding="utf-8")
            maker = replace(self, folder=made, backend=(made / "state").as_uri())
            maker.pulumi("stack", "init", "--secrets-provider", "hashivault://tests")
        shutil.copytree(made / "state", self.state_folder, dirs_exist_ok=True)
        with file.open("a", encoding="utf-8") as added:
            added.write((made / file.name).read_text(encoding="utf-8"))
        digest = hashlib.sha1(str(self.folder / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
        selected = self.home / "workspaces" / f"{name}-{digest}-workspace.json"
        stacks = {self.backend: f"organization/{name}/{self.stack}"}
        selected.write_text(json.dumps({"stacks": stacks}), encoding="utf-8")

    def configure(self, key: str, value: Any) -> None:
        """Set a value of the stack's configuration as `pulumi config set --path` writes it; None removes it."""
        file = self.folder / f"Pulumi.{self.stack}.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        *path, last = key.split(".")
        values = settings.setdefault("config", {})
        for part in path:
            values = values.setdefault(part, {})
        values[last] = value
        if value is None:
            del values[last]
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def deployment(self) -> dict[str, Any]:
        """The state, as `pulumi stack export` shows it; a file backend's is read from its file."""
        if self._is_file_backend:
            content: dict[str, Any] = json.loads(self._checkpoint.read_text(encoding="utf-8"))
            return dict(content["checkpoint"]["latest"])
        return dict(json.loads(self.pulumi("stack", "export"))["deployment"])

    def edit_state(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Change the state of a file backend, as somebody who can write it may."""
        content = json.loads(self._checkpoint.read_text(encoding="utf-8"))
        edit(content["checkpoint"]["latest"])
        self._checkpoint.write_text(json.dumps(content), encoding="utf-8")

    def edit_outputs(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Change the stack's outputs in the state."""
        self.edit_state(lambda state: edit(_stack_of(state)["outputs"]))

    @property
    def _is_file_backend(self) -> bool:
        return self.backend.startswith("file:")

    @property
    def _name(self) -> str:
        return str(yaml.safe_load((self.folder / "Pulumi.yaml").read_text(encoding="utf-8"))["name"])

    @property
    def _checkpoint(self) -> Path:
        return self.state_folder / ".pulumi/stacks" / self._name / f"{self.stack}.json"

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secret ones as the state has them."""
        return dict(_stack_of(self.deployment()).get("outputs", {}))

    def resources(self, kind: str = "TornadoSession") -> list[dict[str, Any]]:
        """The resources of one kind in the state."""
        resources = self.deployment().get("resources", [])
        return [entry for entry in resources if entry["type"].endswith(f"bland:{kind}")]

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
        until(lambda: all(row["status"] != "RUNNING" for row in self.sessions()))

    def fail(self, **fault: Any) -> None:
        """Let a request fail."""
        self.http.post("/_sandbox/faults", json=fault).raise_for_status()


def answer_as_vault(_method: str, path: str, body: bytes) -> http_server.Response:
    """Respond as the one route of Vault that the engine uses, with a cipher that changes nothing."""
    given = json.loads(body)
    data = {"ciphertext": given["plaintext"]} if "/encrypt/" in path else {"plaintext": given["ciphertext"]}
    return 200, json.dumps({"data": data}).encode(), {}


def until(is_reached: Callable[[], object]) -> None:
    """Wait until a point is reached that others bring about."""
    deadline = time.monotonic() + PULUMI_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _stack_of(deployment: dict[str, Any]) -> dict[str, Any]:
    """The stack among its resources; empty before the first update."""
    resources = deployment.get("resources", [])
    return next((dict(each) for each in resources if each["type"] == "pulumi:pulumi:Stack"), {})
