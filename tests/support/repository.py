"""This repository with its files as they are now, committed or not, as somebody else's copy of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

SECONDS = 300
IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def run_git(folder: Path, *command: str, home: Path | None = None, expect: int = 0) -> str:
    """Run a command without the variables of a hook that may run these tests, and return all that it printed.

    *home* is the folder for the hooks that pre-commit installs.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, **IDENTITY, "PATH": path, **({"PRE_COMMIT_HOME": str(home)} if home else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == expect, f"exit {result.returncode}\n{result.stdout}"
    return result.stdout.strip()


def copy_of_the_repository(folder: Path, *tags: str) -> tuple[Path, str]:
    """Copy the files that git knows or would add into a repository in *folder*; return it and the id of its commit."""
    tracked = run_git(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, tracked):
        if os.path.lexists(ROOT / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    commit = commit_all(folder)
    for tag in tags:
        run_git(folder, "git", "tag", tag)
    return folder, commit


def commit_all(folder: Path) -> str:
    """Commit all files of a folder, and return the id of the commit."""
    run_git(folder, "git", "init", "--quiet")
    run_git(folder, "git", "add", "--all")
    run_git(folder, "git", "commit", "--quiet", "--message", "All")
    return run_git(folder, "git", "rev-parse", "HEAD")
