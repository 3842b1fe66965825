"""Which CI system this is, and the address of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.core.text import plain_url

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_github_actions(environ: Mapping[str, str]) -> bool:
    """Return whether this is a job of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def run_url(environ: Mapping[str, str]) -> str | None:
    """Return the address of this run in GitHub Actions or GitLab CI; None elsewhere, or if it is no plain https URL."""
    url = environ.get("CI_JOB_URL", "")
    if is_github_actions(environ):
        parts = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
        server, repository, run_id = parts
        url = f"{server}/{repository}/actions/runs/{run_id}"
    return plain_url(url)
