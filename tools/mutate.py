"""`make mutate`: change the core in small ways with mutmut, and count the changes that no unit test notices.

A mutant is *killed* when a test fails or no longer ends, and *survived* when none does. Mutants that mypy rejects are
not counted, since `make lint` stops them. Mutants, results and the log stay in `mutants/`, which git ignores.

`--tenth` tests only the mutants whose number ends in 7. All of them take many hours, and the share of a tenth tells as
much, within about two percentage points.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
WORK: Final = ROOT / "mutants"
LOG: Final = WORK / "run.log"
MUTMUT: Final = Path(sys.executable).parent / "mutmut"
SETTINGS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
FOLDERS: Final = tuple(dict.fromkeys(Path(pattern).parent.name for pattern in SETTINGS["only_mutate"]))
MIN_KILLED: Final = 0.85
BY_MYPY: Final = "caught by type check"
TENTH: Final = "--tenth"


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


@dataclass(frozen=True)
class Tally:
    """What became of the mutants of one folder."""

    killed: int
    timeout: int
    survived: int
    by_mypy: int

    @property
    def share(self) -> float:
        """The share that was killed, from 0 to 1, of those that mypy does not reject."""
        tested = self.killed + self.timeout + self.survived
        return (self.killed + self.timeout) / tested if tested else 1.0


def main(arguments: list[str]) -> int:
    """Mutate the folders in *arguments*, or all of the core.

    Returns:
        0 if enough mutants were killed in each folder; 1 if not, or on an error.
    """
    folders = [argument for argument in arguments if argument != TENTH]
    try:
        mutants = _mutants_of(_chosen(folders), "*7" if TENTH in arguments else "*")
    except MutationError as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 1
    tallies = tally(mutants)
    print("\n".join([*survivors(mutants), *table(tallies)]))
    return 0 if all(folder.share >= MIN_KILLED for folder in tallies.values()) else 1


def parse(results: str) -> list[Mutant]:
    """Read the lines of `mutmut results`, each `name: status`."""
    pairs = [line.strip().rpartition(": ") for line in results.splitlines() if ": " in line]
    return [Mutant(name, status) for name, _, status in pairs]


def tally(mutants: list[Mutant]) -> dict[str, Tally]:
    """Count by folder. A status that mutmut may add one day counts as survived."""
    tallies = {}
    for folder in sorted({mutant.folder for mutant in mutants}):
        statuses = Counter(mutant.status for mutant in mutants if mutant.folder == folder)
        killed, timeout, by_mypy = statuses["killed"], statuses["timeout"], statuses[BY_MYPY]
        tallies[folder] = Tally(killed, timeout, statuses.total() - killed - timeout - by_mypy, by_mypy)
    return tallies


def survivors(mutants: list[Mutant]) -> list[str]:
    """A line for each mutant that no test noticed, and how to see what it changes."""
    lines = [f"{it.status:>10}  {it.name}" for it in mutants if it.status not in {"killed", "timeout", BY_MYPY}]
    return [*lines, "`.venv/bin/mutmut show NAME` prints a change.", ""] if lines else []


def table(tallies: dict[str, Tally]) -> list[str]:
    """A line of figures for each folder, below a heading."""
    lines = [f"{'folder':<14}{'killed':>8}{'timeout':>9}{'survived':>10}{'by mypy':>9}{'share':>8}"]
    for folder, it in tallies.items():
        mark = "" if it.share >= MIN_KILLED else f"  below {MIN_KILLED:.0%}"
        lines.append(f"{folder:<14}{it.killed:>8}{it.timeout:>9}{it.survived:>10}{it.by_mypy:>9}{it.share:>8.1%}{mark}")
    return lines


def _chosen(folders: list[str]) -> tuple[str, ...]:
    unknown = sorted(set(folders) - set(FOLDERS))
    if unknown:
        message = f"unknown folder {', '.join(unknown)}: expected {', '.join(FOLDERS)}"
        raise MutationError(message)
    return tuple(folders) or FOLDERS


def _mutants_of(folders: tuple[str, ...], names: str) -> list[Mutant]:
    # mutmut would keep results of earlier runs where the code is the same, even when a test has changed.
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    patterns = [f"tornado_resource.{folder}.{names}" for folder in folders]
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
    return [mutant for mutant in parse(results) if mutant.folder in folders and fnmatchcase(mutant.name, names)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
