"""`make bench`: ratios, each measured in pairs in one run, as medians. See design rows in `ROWS`.

Both sides of a pair do the same work on the same machine at the same time of day; nothing is compared with a number
from another run. The results are printed and written to `bench/results.json`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rows import Row
from waiting import waiting_rows

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SESSIONS = 100
PAIRS = 3
MANY = 10_000
NOOP_MODULE = """\
from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider


class Noop(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return CreateResult(props["pathway_id"], props)

    def diff(self, _id, _olds, _news):
        return DiffResult(changes=False)
"""
NOOP_PROGRAM = f"""\
from pulumi.dynamic import Resource
from noop import Noop


class Floor(Resource, module="bench", name="Floor"):
    pass


for number in range({SESSIONS}):
    Floor(Noop(), f"session-{{number}}", {{"pathway_id": f"pathway-{{number:04}}", "max_iterations": 5}})
"""
PROGRAM = "from tornado_resource import deploy\n\ndeploy()\n"


def main() -> int:
    """Measure every row, print them, and write them down."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [*pulumi_rows(Path(folder)), *reading_rows(Path(folder)), validate_row(), *waiting_rows()]
    for row in rows:
        mark = "within" if row.value <= row.target else "BEYOND"
        print(f"{row.value:8.3f}  {mark} {row.target:<5g}  {row.what}, against {row.against} ({row.detail})")
    written = {"rows": [row.__dict__ for row in rows], "sessions": SESSIONS, "pairs": PAIRS}
    (ROOT / "bench/results.json").write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    return 0


def pulumi_rows(folder: Path) -> list[Row]:
    """First and unchanged `up` of many sessions against a provider that does nothing; calls; bytes of state."""
    firsts, seconds = [], []
    for pair in range(PAIRS):
        with _sandbox() as url:
            floor = _project(folder / f"floor-{pair}", url, NOOP_PROGRAM, module=NOOP_MODULE)
            ours = _project(folder / f"ours-{pair}", url, PROGRAM, sessions=_declarations(SESSIONS))
            _configure(ours, "false")
            firsts.append((_up(ours), _up(floor)))
            calls = _calls(url)
            _configure(ours, "true")
            seconds.append((_up(ours), _up(floor)))
            new = _calls(url)
            sizes = _state_bytes(ours), _state_bytes(floor)
    gets = (new["GET"] - calls["GET"]) / SESSIONS
    return [
        _ratio("pulumi up of 100 new sessions", "no-op provider", firsts, 1.10),
        _ratio("pulumi up, nothing changed, 100 sessions", "no-op provider", seconds, 1.10),
        Row("POST calls", "one new session", calls["POST"] / SESSIONS, 1.0, f"{calls['POST']} for {SESSIONS}"),
        Row("GET calls, with the wait, without preview", "one unchanged session", gets, 2.0, "a preview adds one"),
        Row("POST calls", "one unchanged session", (new["POST"] - calls["POST"]) / SESSIONS, 0.0, "none"),
        Row("state without outputs", "no-op provider", sizes[0] / sizes[1], 1.10, f"{sizes[0]} and {sizes[1]} bytes"),
    ]


def reading_rows(folder: Path) -> list[Row]:
    """Read, place, resolve and validate many sessions, against check-jsonschema and against PyYAML's loader."""
    file = folder / "many.yaml"
    file.write_text(_declarations(MANY), encoding="utf-8")
    ours = f"from tornado_resource.declarations.resolver import load; load({str(file)!r})"
    plain = f"import yaml; yaml.load(open({str(file)!r}), yaml.CSafeLoader)"
    against_yaml = [(_inside(ours), _inside(plain)) for _ in range(PAIRS)]
    command: list[str | Path] = [BIN / "check-jsonschema", "--schemafile", ROOT / "schemas/sessions.schema.json", file]
    against_check = [(_process([BIN / "tornado-resource", "validate", file]), _process(command))]
    return [
        _ratio(f"reading and validating {MANY:,} sessions", "yaml.load(CSafeLoader) alone", against_yaml, 0.5),
        _ratio(f"reading and validating {MANY:,} sessions, whole process", "check-jsonschema", against_check, 0.05),
    ]


def validate_row() -> Row:
    """`validate` of the sample file, whole process."""
    file = ROOT / "sessions.yaml"
    command: list[str | Path] = [BIN / "check-jsonschema", "--schemafile", ROOT / "schemas/sessions.schema.json", file]
    pairs = [(_process([BIN / "tornado-resource", "validate", file]), _process(command)) for _ in range(3 * PAIRS)]
    return _ratio("validate of the sample file, whole process", "check-jsonschema", pairs, 0.4)


def _ratio(what: str, against: str, pairs: list[tuple[float, float]], target: float) -> Row:
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Row(what, against, round(ratio, 4), target, f"{ours:.2f} s and {theirs:.2f} s")


def _declarations(number: int) -> str:
    lines = ["version: 1", "defaults: {max_iterations: 5}", "sessions:"]
    for index in range(number):
        lines += [f"  session-{index}:", f"    pathway_id: pathway-{index:04}"]
        if number > SESSIONS:
            lines += [f"    scenario_ids: [sc-{index}-a, sc-{index}-b]", "    triggers: {prompt: 2026-04}"]
    return "\n".join(lines) + "\n"


class _sandbox:  # noqa: N801 - used like a function
    """A sandbox in a process of its own, so that its work is not counted as ours."""

    def __enter__(self) -> str:
        command = [str(BIN / "tornado-resource"), "sandbox", "--speed", "100000"]
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._server.stdout is not None  # noqa: S101 - it was asked for in the line above
        return self._server.stdout.readline().split()[1]

    def __exit__(self, *_details: object) -> None:
        self._server.terminate()
        self._server.wait()


def _project(
    folder: Path, url: str, program: str, *, module: str = "", sessions: str = ""
) -> tuple[Path, dict[str, str]]:
    (folder / "state").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n", encoding="utf-8")
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    (folder / "noop.py").write_text(module, encoding="utf-8")
    (folder / "sessions.yaml").write_text(sessions, encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "BLAND_API_KEY": "sk-bench-0123456789",
        "BLAND_BASE_URL": url,
    }
    _run(["pulumi", "stack", "init", "bench"], folder, environment)
    return folder, environment


def _configure(project: tuple[Path, dict[str, str]], wait: str) -> None:
    """The first `up` is timed without the wait, the second with finished sessions and the wait."""
    _run(["pulumi", "config", "set", "tornado:wait", wait], *project)


def _up(project: tuple[Path, dict[str, str]]) -> float:
    command = ["pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive"]
    return _timed(lambda: _run(command, *project))


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed\n{result.stdout}{result.stderr}")
    return result.stdout


def _calls(url: str) -> dict[str, int]:
    import httpx

    rows: list[dict[str, Any]] = httpx.get(f"{url}/_sandbox/requests", trust_env=False).json()
    return {method: sum(1 for row in rows if row["method"] == method) for method in ("GET", "POST")}


def _state_bytes(project: tuple[Path, dict[str, str]]) -> int:
    """The mean size of a session in the state, without its outputs."""
    folder, environment = project
    state = json.loads(_run(["pulumi", "stack", "export"], folder, environment))
    resources = [
        entry for entry in state["deployment"]["resources"] if "dynamic" in entry["type"] and "provider" in entry
    ]
    bare = [{key: value for key, value in entry.items() if key != "outputs"} for entry in resources]
    return round(statistics.mean(len(json.dumps(entry)) for entry in bare))


def _inside(program: str) -> float:
    """Seconds that *program* takes once Python runs."""
    timed = f"import time; begun = time.perf_counter(); {program}; print(time.perf_counter() - begun)"
    result = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(result.stdout)


def _process(command: list[str | Path]) -> float:
    return _timed(lambda: subprocess.run(command, check=True, capture_output=True))


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
