"""Where the installed package came from, as pip records it (PEP 610)."""

from __future__ import annotations

import json
import re
from typing import Any, Final

DISTRIBUTION: Final = "tornado-resource"
_GITHUB: Final = re.compile(r"(?:https://|ssh://git@)github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def requirement() -> str | None:
    """Return the requirement that installs this package again, with its sandbox; None if it is not installed.

    Without a record, it came from a package index.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        return None
    record = installed.read_text("direct_url.json")
    return f"{DISTRIBUTION}[sandbox]" + (
        f"=={installed.version}" if record is None else f" @ {_address(json.loads(record))}"
    )


def github_repository(requirement: str) -> str | None:
    """Return the `owner/name` in a requirement that is a repository on GitHub, else None."""
    match = _GITHUB.fullmatch(requirement.partition("git+")[2].rpartition("@")[0])
    return match[1] if match is not None else None


def _address(record: dict[str, Any]) -> str:
    source = record.get("vcs_info")
    revision = f"@{source.get('requested_revision') or source['commit_id']}" if source else ""
    scheme = f"{source['vcs']}+" if source else ""
    folder = f"#subdirectory={record['subdirectory']}" if "subdirectory" in record else ""
    return f"{scheme}{record['url']}{revision}{folder}"
