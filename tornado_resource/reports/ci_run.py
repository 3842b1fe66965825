"""The run of the CI system that writes a report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL: Final = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*")


def run_url(environ: Mapping[str, str]) -> str | None:
    """Return the address of this run in GitHub Actions or GitLab CI; None elsewhere, or if it is no plain https URL."""
    url = environ.get("CI_JOB_URL", "")
    if environ.get("GITHUB_ACTIONS") == "true":
        parts = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
        server, repository, run_id = parts
        url = f"{server}/{repository}/actions/runs/{run_id}"
    return url if len(url) <= 500 and _URL.fullmatch(url) else None
