"""`make demo`: a real `pulumi up` of sessions.yaml against the sandbox, with its own state folder.

The state and the sandbox's database are kept in `.demo`, so that a second run changes nothing.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".demo"
STACK = "demo"
ENVIRONMENT = "dev"
SPEED = 40
"""How many times faster than real time the sandbox runs: a session of six minutes ends after nine seconds."""
BOLD, DIM, RESET = (
    ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("",) * 3
)


class DemoError(Exception):
    """A step of the demo failed; the text says which."""


def main() -> int:
    """Run the demo and return its exit code."""
    HOME.mkdir(exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with _sandbox() as url:
            _show(url, _environment(url))
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; sessions that were started are recorded, `make demo` resumes", file=sys.stderr)
        return 130
    return 0


def _show(url: str, environment: dict[str, str]) -> None:
    _say("1", f"The sandbox stands in for the Bland API at {url}, {SPEED} times faster than real time")
    _prepare(environment)
    _say(
        "2",
        f"`pulumi up` starts every run of sessions.yaml for the environment `{ENVIRONMENT}`, and waits",
    )
    _pulumi(["up", "--yes", "--skip-preview", "--suppress-outputs"], environment)
    _say("3", "`pulumi up` again: nothing changed, so nothing is started")
    started = _starts(url)
    _pulumi(["up", "--yes", "--skip-preview", "--suppress-outputs"], environment)
    if _starts(url) != started:
        message = "the second `pulumi up` started a run although nothing had changed"
        raise DemoError(message)
    _show_outputs(json.loads(_capture(["stack", "output", "--json"], environment)))
    _say("→", "Where to go from here")
    print(
        f"  The HTML report  {_relative(HOME / 'reports/report.html')} (open it in a browser)\n"
        f"  The state        {_relative(HOME / 'state')}\n"
        f"  Change something triggers or scenario_ids in sessions.yaml, then `make demo`: that session runs again\n"
        f"  The offline plan .venv/bin/tornado-resource plan --environment production\n"
        f"  The real API     pulumi config set --secret bland:apiKey, then `pulumi up` (README)\n"
        f"  Start over       make clean"
    )


@contextmanager
def _sandbox() -> Iterator[str]:
    """Run the sandbox in its own process, and stop it when the block ends. Yields its base URL."""
    executable, database = ROOT / ".venv/bin/tornado-resource", HOME / "sandbox.sqlite"
    command = [str(executable), "sandbox", "--speed", str(SPEED), "--db", str(database)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert server.stdout is not None  # noqa: S101 - stdout=PIPE, see above
        match = re.search(r"http://\S+", server.stdout.readline())
        if match is None:
            message = "the sandbox did not start"
            raise DemoError(message)
        threading.Thread(target=server.stdout.read, daemon=True).start()
        yield match[0]
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(5)
        server.kill()
        server.wait()


def _environment(url: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "BLAND_"))}
    (HOME / "state").mkdir(exist_ok=True)
    return {
        **kept,
        "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "PULUMI_BACKEND_URL": (HOME / "state").as_uri(),
        "PULUMI_HOME": str(HOME / "pulumi"),
        "PULUMI_CONFIG_PASSPHRASE": "demo",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "BLAND_API_KEY": f"sandbox-{secrets.token_hex(8)}",
        "BLAND_BASE_URL": url,
    }


def _prepare(environment: dict[str, str]) -> None:
    """Select the demo's stack, and remove the lock that a killed demo may have left."""
    _capture(["stack", "select", "--create", STACK], environment)
    locks = HOME / "state/.pulumi/locks"
    if any(locks.rglob("*.json")):
        _capture(["cancel", "--yes"], environment)
    for key, value in (("environment", ENVIRONMENT), ("reports", _relative(HOME / "reports"))):
        _capture(["config", "set", f"tornado:{key}", value, "--stack", STACK], environment)


def _pulumi(arguments: list[str], environment: dict[str, str]) -> None:
    """Run pulumi in the foreground, where it gets Ctrl-C itself, and wait until it has ended.

    Raises:
        DemoError: it failed.

    """
    process = subprocess.Popen(["pulumi", *arguments, "--stack", STACK], cwd=ROOT, env=environment)
    try:
        code = process.wait()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    if code != 0:
        message = f"`pulumi {arguments[0]}` exited with {code}"
        raise DemoError(message)


def _capture(arguments: list[str], environment: dict[str, str]) -> str:
    result = subprocess.run(
        ["pulumi", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        message = f"`pulumi {' '.join(arguments)}` failed\n{result.stderr.strip()}"
        raise DemoError(message)
    return result.stdout


def _starts(url: str) -> int:
    import httpx

    requests = httpx.get(f"{url}/_sandbox/requests", trust_env=False).json()
    posts = (request["path"] for request in requests if request["method"] == "POST")
    return sum(1 for path in posts if path.endswith(("/start", "/check-runs")))


def _show_outputs(outputs: dict[str, dict[str, dict[str, str]]]) -> None:
    _say("4", "The stack's outputs: pulumi stack output")
    rows = [("run", "id", "created_at", "verdict", "")]
    for name, run in {**outputs["sessions"], **outputs["agents"]}.items():
        verdict = outputs["verdicts"][name]
        rows.append((name, verdict["session_id"], run["created_at"], verdict["outcome"], verdict["reason"]))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for index, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        print(f"  {DIM if index == 0 else ''}{line}{RESET if index == 0 else ''}")


def _say(number: str, text: str) -> None:
    width = shutil.get_terminal_size().columns
    print(f"\n{BOLD}{number}  {text[: max(width, 60) + 60]}{RESET}", flush=True)


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
