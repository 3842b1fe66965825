"""Hostile surroundings: whatever is wrong with the machine is a sentence and an exit code, and never called a bug.

`make test` runs what has gone wrong once, and each other surrounding with one command; `make soak` runs all pairs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx
import pytest

from tests.support.paths import EXAMPLES
from tests.support.soak import IS_SOAK, pairs
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DECLARATIONS: Final = """\
version: 1
scenarios:
  hello: {name: Grüße — 你好 🎉, tester_persona_prompt: Sag Grüße.}
sessions:
  line: {pathway_id: pw-1, scenarios: [hello], gate: {passed: all}}
"""
PULUMI: Final = """\
#!/bin/sh
case "$1 $2" in
config*) echo '{"bland:apiKey": {"value": "a-long-key", "secret": true}}' ;;
"stack ls") echo '[{"name": "dev", "current": true}]' ;;
*) cat ../state.json ;;
esac
"""
HIDING: Final = ("typing", "json", "secrets", "html", "logging", "asyncio", "difflib", "subprocess", "click", "yaml")
"""Names of the standard library, and of packages that the commands need."""
LONG: Final = "a" * 300
"""No file can have this name: the system refuses it with an error of its own."""

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "help": ("--help",),
    "validate": ("validate",),
    "validate, stdin": ("validate", "-"),
    "validate, JSON": ("validate", "--format", "json"),
    "plan": ("plan",),
    "plan, JSON": ("plan", "--format", "json"),
    "plan, GitHub": ("plan", "--format", "github"),
    "wait": ("wait", "--stack", "dev"),
    "status": ("status", "--stack", "dev"),
    "status, JSON": ("status", "--stack", "dev", "--format", "json"),
    "report": ("report", "--stack", "dev"),
    "comment": ("comment", "--stack", "dev"),
    "diff": ("diff", "--stack", "dev"),
    "doctor": ("doctor",),
    "check-state": ("check-state", "../state.json"),
    "import": ("import", "--pathway", "pw-1", "--output", "imported.yaml"),
    "init": ("init", "new"),
    "init, pathway": ("init", "new", "--pathway", "pw-1"),
    "schema": ("schema",),
    "schema, file": ("schema", "--output", "schema.json"),
    "sandbox": ("sandbox", "--port", "PORT"),
    "version": ("--version",),
    "unknown": ("nonsense-ü",),
}


@dataclass(frozen=True)
class Surrounding:
    """How a command runs: `"$@"` in a *shell*, with an environment, and options of Python. `-`: unset."""

    shell: str = '"$@"'
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    has_reader: bool = True
    """Whether anybody reads stdout."""
    has_errors: bool = True
    """Whether stderr can be written."""


ASCII: Final = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SURROUNDINGS: Final = {
    "nothing": Surrounding(),
    "stdin closed": Surrounding('"$@" <&-'),
    "stdin not readable": Surrounding('"$@" 0> ../x'),
    "stdout closed": Surrounding('"$@" >&-'),
    "stdout not writable": Surrounding('"$@" 1< sessions.yaml'),
    "stdout full": Surrounding('"$@" > /dev/full'),
    "stdout full, unbuffered": Surrounding('"$@" > /dev/full', {"PYTHONUNBUFFERED": "1"}),
    "stderr closed": Surrounding('"$@" 2>&-', has_errors=False),
    "stderr full": Surrounding('"$@" 2> /dev/full', has_errors=False),
    "all closed": Surrounding('"$@" <&- >&- 2>&-', has_errors=False),
    "all full": Surrounding('"$@" > /dev/full 2>&1', has_errors=False),
    "reader gone": Surrounding(has_reader=False),
    "ASCII": Surrounding(environment=ASCII),
    "strict ASCII": Surrounding(environment={"PYTHONIOENCODING": "ascii:strict"}),
    "no terminal": Surrounding(environment={"TERM": "-", "COLUMNS": "0", "LINES": "x"}),
    "no home": Surrounding(environment={"HOME": "-", "XDG_STATE_HOME": "-"}),
    "home is no folder": Surrounding(environment={"HOME": "/dev/null", "XDG_STATE_HOME": "-"}),
    "no temporary folder": Surrounding(environment={"TMPDIR": "/nonexistent"}),
    "folder deleted": Surrounding('mkdir gone && cd gone && rmdir ../gone && "$@"'),
    "docstrings removed": Surrounding(options=("-OO", "-m", "tornado_resource")),
    "warnings are errors": Surrounding(options=("-W", "error", "-m", "tornado_resource")),
    "safe path": Surrounding(environment={"PYTHONSAFEPATH": "1"}, options=("-m", "tornado_resource")),
    "modules hidden": Surrounding(options=("-m", "tornado_resource"), files=dict.fromkeys(HIDING, "raise SystemExit")),
    "no pulumi": Surrounding(environment={"PATH": "/usr/bin:/bin"}),
    "pulumi is no program": Surrounding('PATH="$PWD/../bin:/usr/bin:/bin"; "$@"', files={"../bin/pulumi": "\0"}),
    "pulumi dies": Surrounding(files={"../bin/pulumi": "#!/bin/sh\nkill -9 $$\n"}),
    "few open files": Surrounding('ulimit -n 6; "$@"'),
    "no space for files": Surrounding('ulimit -f 0; "$@"'),
    "declarations are a folder": Surrounding('rm sessions.yaml; mkdir sessions.yaml; "$@"'),
    "state folder is a file": Surrounding(environment={"XDG_STATE_HOME": "/dev/null"}),
    "GitHub without files": Surrounding(environment={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/proc/x/y"}),
    "certificates missing": Surrounding(environment={"SSL_CERT_FILE": "/nonexistent", "BLAND_BASE_URL": "-"}),
}


class Api(NamedTuple):
    """The address of an API, and a state with two of its sessions."""

    url: str
    state: str


CASES: Final = [
    ("stdin closed", ("validate", "-"), 2, "<stdin>:1:1: found nothing, expected a mapping"),
    (
        "stdin not readable",
        ("plan", "-"),
        2,
        "cannot read standard input: bad file descriptor; name a file instead of `-`",
    ),
    ("stdout closed", ("plan", "--format", "json"), 3, "cannot write the output: Bad file descriptor"),
    ("stdout closed", ("wait", "--stack", "dev"), 3, "cannot write the output: Bad file descriptor"),
    ("stdout closed", ("validate", "--quiet"), 0, ""),
    ("folder deleted", ("init",), 2, ".: no such file or directory; name a folder that can be written to"),
    ("folder deleted", ("init", "new"), 2, "new: no such file or directory; name a folder that can be written to"),
    ("folder deleted", ("validate", "DECLARATIONS"), 0, ""),
    ("folder deleted", ("init", "DECLARATIONS"), 2, "sessions.yaml: file exists; name a folder that can be written to"),
    ("nothing", ("init", LONG), 2, "file name too long; name a folder that can be written to"),
    ("nothing", ("import", "--pathway", "pw-1", "--output", LONG), 2, "file name too long; name a file that can be"),
    ("modules hidden", ("validate", "--format", "json"), 0, ""),
    ("no home", ("doctor",), 0, ""),
    ("pulumi is no program", ("status",), 2, "cannot run `pulumi`: exec format error; check it with `pulumi version`"),
    ("pulumi dies", ("status",), 2, "` failed: exit code -9"),
    (
        "few open files",
        ("import", "--pathway", "pw-1", "--scenarios"),
        3,
        "needs: too many open files; free some of it, then",
    ),
    ("stdout full", ("schema",), 3, "cannot write the output: No space left on device\n"),
    ("reader gone", ("schema",), 3, ""),
    ("all full", ("nonsense",), 3, ""),
    ("docstrings removed", ("validate", "--help"), 0, "Check declarations files and report all problems at once."),
]
CUT: Final = SURROUNDINGS if IS_SOAK else SURROUNDINGS.keys() - {surrounding for surrounding, *_ in CASES}


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    state = (EXAMPLES / "states/passed.json").read_text(encoding="utf-8")
    with Sandbox(speed=1000) as sandbox:
        for name, pathway_id in (("support-line", "pw-support"), ("billing", "pw-billing")):
            body = {"pathway_id": pathway_id}
            headers = {"authorization": "a-long-key"}
            response = httpx.post(f"{sandbox.url}/v1/agent-testing/tornado/start", json=body, headers=headers)
            state = state.replace(f"@dev/{name}/session_id@", response.json()["session_id"])
        yield Api(sandbox.url, state)


@pytest.fixture
def machine(tmp_path: Path, api: Api) -> Path:
    """A folder with a project, the state, and a `pulumi` that shows it."""
    for name in ("project", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "project/sessions.yaml").write_text(DECLARATIONS, encoding="utf-8")
    (tmp_path / "project/Pulumi.yaml").write_text("name: agents\nruntime: python\n", encoding="utf-8")
    (tmp_path / "state.json").write_text(api.state, encoding="utf-8")
    (tmp_path / "bin/pulumi").write_text(PULUMI, encoding="utf-8")
    (tmp_path / "bin/pulumi").chmod(0o755)
    return tmp_path


def run(
    machine: Path, surrounding: Surrounding, arguments: tuple[str, ...], url: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in the surrounding; *url* is that of the API."""
    project = machine / "project"
    for name, text in surrounding.files.items():
        (project / (name if "/" in name else f"{name}.py")).write_text(text, encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": f"{machine / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(machine),
        "BLAND_API_KEY": "a-long-key",
        "BLAND_BASE_URL": url,
        **surrounding.environment,
    }
    meant = {"PORT": url.rpartition(":")[2], "DECLARATIONS": str(project / "sessions.yaml")}
    arguments = tuple(meant.get(argument, argument) for argument in arguments)
    options = surrounding.options or ("-c", "import sys; from tornado_resource.cli import main; sys.exit(main())")
    reader, writer = os.pipe()
    if not surrounding.has_reader:
        os.close(reader)
    result = subprocess.run(
        ["/bin/sh", "-c", surrounding.shell, "sh", sys.executable, *options, *arguments],
        cwd=project,
        env={key: value for key, value in environment.items() if value != "-"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if surrounding.has_reader else writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(writer)
    if surrounding.has_reader:
        os.close(reader)
    return result


@pytest.mark.parametrize(("surrounding", "command"), pairs(sorted(CUT), list(COMMANDS), turns=1))
def test_no_surrounding_is_called_a_bug(surrounding: str, command: str, machine: Path, api: Api) -> None:
    result = run(machine, SURROUNDINGS[surrounding], COMMANDS[command], api.url)
    assert result.returncode in {0, 1, 2, 3}, result.stderr
    assert not re.search(r"unexpected error:|Traceback|Exception ignored|Warning:", result.stderr), result.stderr
    is_told = SURROUNDINGS[surrounding].has_errors and SURROUNDINGS[surrounding].has_reader
    assert result.stderr or result.stdout or not (result.returncode and is_told)


@pytest.mark.parametrize(("surrounding", "arguments", "code", "text"), CASES)
def test_what_is_wrong_is_said_with_its_exit_code(  # noqa: PLR0913 - a row, and where it runs
    surrounding: str, arguments: tuple[str, ...], code: int, text: str, machine: Path, api: Api
) -> None:
    result = run(machine, SURROUNDINGS[surrounding], arguments, api.url)
    said = result.stderr + (result.stdout or "")
    assert (result.returncode, text in said) == (code, True), said
    assert text or not result.stderr
