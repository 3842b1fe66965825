"""What a session's 13 properties cost, whatever provider they belong to.

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

from projects import floor_project, our_project, prepare_process, sandbox

if TYPE_CHECKING:
    from projects import Project, Usage

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
    usages: dict[tuple[str, str], list[Usage]] = {}
    with tempfile.TemporaryDirectory() as name, sandbox("--speed", "100000") as url:
        for pair in range(arguments.pairs):
            projects = _projects(Path(name) / str(pair), arguments.sessions, url)
            for kind, project in projects.items():
                usages.setdefault(("new", kind), []).append(project.up())
            projects["sessions"].wait(setting=True)
            projects["sessions"].up()
            for kind, project in projects.items():
                usages.setdefault(("unchanged", kind), []).append(project.up())
    for (what, kind), found in usages.items():
        floor = usages[what, "floor"]
        seconds = statistics.median(each.seconds for each in found)
        ratio = statistics.median(our.seconds / their.seconds for our, their in zip(found, floor, strict=True))
        above = statistics.median(our.processor - their.processor for our, their in zip(found, floor, strict=True))
        processor = f"{above * 1000 / arguments.sessions:5.1f} ms of processor time for each resource"
        print(f"{what:10} {kind:13} {seconds:7.2f} s  {ratio:.2f}  {processor}")
    return 0


def _projects(folder: Path, number: int, url: str) -> dict[str, Project]:
    same = floor_project(folder / "same", number)
    (same.folder / "same.py").write_text(MODULE, encoding="utf-8")
    (same.folder / "__main__.py").write_text(PROGRAM.format(number=number), encoding="utf-8")
    sessions = our_project(folder / "sessions", number, url)
    sessions.wait(setting=False)
    return {"floor": floor_project(folder / "floor", number), "same outputs": same, "sessions": sessions}


if __name__ == "__main__":
    sys.exit(main())
