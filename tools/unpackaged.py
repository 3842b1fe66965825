"""Say whether CI may leave out `make package`: exit code 0 if nothing that it shows has changed, 1 if it may have.

What has changed since CI last ran is not known in a fresh clone: a landing has any number of commits. The base is the
commit that the environment variable CI_BASE names, else the newest one that is a week older than the last one, which is
more than a landing takes. Where there is no such commit, as in a shallow clone, `make package` runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parent.parent
WEEK: Final = 7 * 24 * 3600
INPUTS: Final = (
    "pyproject.toml",
    "requirements.lock",
    "tornado_resource/cli/init.py",
    "tornado_resource/cli/origin.py",
    "tornado_resource/template",
    "examples/agents/requirements.txt",
    "examples/agents/requirements.lock",
    ".pre-commit-hooks.yaml",
    "tests/acceptance/test_installation.py",
    "tests/acceptance/test_pre_commit.py",
    "tools/unpackaged.py",
)
"""What decides how the package is built and installed, and the tests of that."""


def main() -> int:
    """Print the reason, and return the exit code."""
    is_unchanged, reason = unchanged(ROOT, os.environ.get("CI_BASE", ""))
    print(f"make package: {'left out' if is_unchanged else 'needed'}, {reason}")
    return 0 if is_unchanged else 1


def unchanged(repository: Path, base: str = "") -> tuple[bool, str]:
    """Return whether no input is known to have changed since *base* (empty: a week before the last commit), and why."""
    try:
        base = base or _week_before(repository)
        changed = _git(repository, "diff", "--name-only", f"{base}...HEAD", "--", *INPUTS).split()
    except (LookupError, OSError, subprocess.CalledProcessError) as error:
        return False, f"since there is no commit to compare with: {error}"
    if changed:
        return False, f"changed since {base}: {', '.join(changed)}"
    return True, f"no input has changed since {base}"


def _week_before(repository: Path) -> str:
    last = int(_git(repository, "show", "--no-patch", "--format=%ct", "HEAD"))
    base = _git(repository, "rev-list", "--first-parent", "--max-count=1", f"--before={last - WEEK}", "HEAD")
    if not base:
        message = "the history is shorter than a week"
        raise LookupError(message)
    return base


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
