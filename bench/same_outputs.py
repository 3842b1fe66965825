"""What a session's 13 properties cost, whatever provider they belong to, and which process the time goes to.

`python bench/same_outputs.py` measures 100 sessions in five pairs, and `--sessions 1000 --pairs 1` one pair of 1,000.
It compares the floor of `make bench`, whose resources have four properties, with a program whose provider does nothing
either, but whose resources have the properties of a session and whose stack has its outputs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from processes import PARTS, processor_by_part
from projects import floor_project, our_project, prepare_process, sandbox

if TYPE_CHECKING:
    from processes import Parts
    from projects import Project

MODULE = """\
from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider

OUTPUTS = {
    "session_id": "0" * 36, "created_at": "2026-11-25T17:00:18.053Z", "status": "RUNNING", "timeout_ms": 900000,
    "adopted": False, "started_content": "sha256:" + "0" * 64, "declared": {"pathway_id": "p", "max_iterations": 5},
}


class SameOutputs(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return CreateResult(props["pathway_id"], {**props, **OUTPUTS})

    def diff(self, _id, _olds, _news):
        return DiffResult(changes=False)
"""
PROGRAM = """\
import pulumi
from pulumi.dynamic import Resource
from same import OUTPUTS, SameOutputs


class Session(Resource, module="bench", name="Session"):
    pass


exported = {{}}
for number in range({number}):
    name = f"session-{{number}}"
    inputs = {{"name": name, "declared_at": "sessions.yaml:4:3", "pathway_id": f"pathway-{{number:04}}"}}
    session = Session(SameOutputs(), name, {{**dict.fromkeys(OUTPUTS), **inputs, "max_iterations": 5}})
    exported[name] = {{key: getattr(session, key) for key in ("session_id", "created_at", "status", "pathway_id")}}
pulumi.export("sessions", exported)
"""


def main() -> int:
    """Print the medians of the three programs, new and unchanged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()
    prepare_process()
    found: dict[tuple[str, str], list[tuple[float, Parts]]] = {}
    with tempfile.TemporaryDirectory() as name, sandbox("--speed", "100000") as url:
        for pair in range(arguments.pairs):
            projects = _projects(Path(name) / str(pair), arguments.sessions, url)
            for kind, project in projects.items():
                found.setdefault(("new", kind), []).append(_up(project))
            projects["sessions"].wait(setting=True)
            projects["sessions"].up()
            for kind, project in projects.items():
                found.setdefault(("unchanged", kind), []).append(_up(project))
    print("processor time above the floor, in ms for each resource")
    print(f"{'':25}{'seconds':>9}{'ratio':>7}" + "".join(f"{part:>11}" for part in PARTS))
    for (what, kind), measured in found.items():
        _print(f"{what}, {kind}", measured, found[what, "floor"], arguments.sessions)
    return 0


def _projects(folder: Path, number: int, url: str) -> dict[str, Project]:
    same = floor_project(folder / "same", number)
    (same.folder / "same.py").write_text(MODULE, encoding="utf-8")
    (same.folder / "__main__.py").write_text(PROGRAM.format(number=number), encoding="utf-8")
    sessions = our_project(folder / "sessions", number, url)
    sessions.wait(setting=False)
    return {"floor": floor_project(folder / "floor", number), "same outputs": same, "sessions": sessions}


def _up(project: Project) -> tuple[float, Parts]:
    with processor_by_part() as parts:
        usage = project.up()
    return usage.seconds, parts


def _print(what: str, measured: list[tuple[float, Parts]], floor: list[tuple[float, Parts]], number: int) -> None:
    pairs = list(zip(measured, floor, strict=True))
    seconds = statistics.median(taken for taken, _ in measured)
    ratio = statistics.median(ours[0] / theirs[0] for ours, theirs in pairs)
    above = {part: statistics.median(ours[1][part] - theirs[1][part] for ours, theirs in pairs) for part in PARTS}
    print(f"{what:25}{seconds:9.2f}{ratio:7.2f}" + "".join(f"{above[part] * 1000 / number:11.1f}" for part in PARTS))


if __name__ == "__main__":
    sys.exit(main())
