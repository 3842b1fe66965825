"""`make mutate`: change the core in small ways with mutmut, and count the changes that no unit test notices.

A mutant is *killed* when a test fails or no longer ends, and *survived* when none does. Mutants that mypy rejects are
not counted, since `make lint` stops them. Mutants, results and the log stay in `mutants/`, which git ignores.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT: Final = Path(__file__).resolve().parent.parent
WORK: Final = ROOT / "mutants"
LOG: Final = WORK / "run.log"
MUTMUT: Final = Path(sys.executable).parent / "mutmut"
SETTINGS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
FOLDERS: Final = tuple(Path(pattern).parent.name for pattern in SETTINGS["only_mutate"])
MIN_KILLED: Final = 0.85
KILLED: Final = {"killed", "timeout", "segfault"}
UNCOUNTED: Final = {"caught by type check", "skipped"}


class MutationError(Exception):
    """Mutation testing could not be carried out; the text says why."""


@dataclass(frozen=True)
class Mutant:
    """One change of the code: mutmut's name for it, and what became of it."""

    name: str
    status: str

    @property
    def folder(self) -> str:
        """The folder of the package that the change is in."""
        return self.name.split(".")[1]


def main(folders: list[str]) -> int:
    """Mutate *folders*, or all of the core; return 0 if enough mutants were killed in each, 1 if not or on an error."""
    try:
        mutants = _mutants_of(_chosen(folders))
    except MutationError as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 1
    print(report(mutants))
    return 0 if all(share >= MIN_KILLED for share in shares(mutants).values()) else 1


def parse(results: str) -> list[Mutant]:
    """Read the lines of `mutmut results`, each `name: status`."""
    pairs = [line.strip().rpartition(": ") for line in results.splitlines() if ": " in line]
    return [Mutant(name, status) for name, _, status in pairs]


def shares(mutants: Iterable[Mutant]) -> dict[str, float]:
    """By folder, the share of mutants that were killed, from 0 to 1."""
    counted = [mutant for mutant in mutants if mutant.status not in UNCOUNTED]
    totals = Counter(mutant.folder for mutant in counted)
    killed = Counter(mutant.folder for mutant in counted if mutant.status in KILLED)
    return {folder: killed[folder] / total for folder, total in sorted(totals.items())}


def report(mutants: list[Mutant]) -> str:
    """Name the survivors, then give a row of figures for each folder."""
    survivors = [mutant for mutant in mutants if mutant.status not in KILLED | UNCOUNTED]
    lines = [f"{mutant.status:>10}  {mutant.name}" for mutant in survivors]
    lines += [f"{MUTMUT.name} show NAME prints a change", ""] if survivors else []
    lines.append(f"{'folder':<14}{'killed':>8}{'timeout':>9}{'survived':>10}{'by mypy':>9}{'share':>8}")
    for folder, share in shares(mutants).items():
        statuses = Counter(mutant.status for mutant in mutants if mutant.folder == folder)
        timeout = statuses["timeout"]
        killed = sum(statuses[status] for status in KILLED) - timeout
        by_mypy = statuses["caught by type check"]
        survived = sum(1 for mutant in survivors if mutant.folder == folder)
        mark = "" if share >= MIN_KILLED else f"  below {MIN_KILLED:.0%}"
        lines.append(f"{folder:<14}{killed:>8}{timeout:>9}{survived:>10}{by_mypy:>9}{share:>8.1%}{mark}")
    return "\n".join(lines)


def _chosen(folders: list[str]) -> tuple[str, ...]:
    unknown = sorted(set(folders) - set(FOLDERS))
    if unknown:
        message = f"unknown folder {', '.join(unknown)}: expected {', '.join(FOLDERS)}"
        raise MutationError(message)
    return tuple(folders) or FOLDERS


def _mutants_of(folders: tuple[str, ...]) -> list[Mutant]:
    # mutmut would keep results of earlier runs where the code is the same, even when a test has changed.
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    patterns = [f"tornado_resource.{folder}.*" for folder in folders] if folders != FOLDERS else []
    print(f"mutating {', '.join(folders)}; progress in {LOG.relative_to(ROOT)}", flush=True)
    with LOG.open("w", encoding="utf-8") as log:
        command = [str(MUTMUT), "run", *patterns]
        code = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    if code != 0:
        tail = LOG.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")[-3000:]
        message = f"mutmut failed with exit code {code}\n{tail}"
        raise MutationError(message)
    command = [str(MUTMUT), "results", "--all", "true"]
    results = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [mutant for mutant in parse(results) if mutant.folder in folders]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
