"""Whether what a session tested, or what was published, has changed since. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado_resource.bland.content import short

if TYPE_CHECKING:
    from collections.abc import Mapping


def version_to_compare(rerun: str, request: Mapping[str, Any], tested: str | None) -> int | None:
    """Return the version whose content `rerun: on_drift` depends on; None if there is nothing to compare.

    Args:
        rerun: the declared `rerun`.
        request: the declared request.
        tested: the digest of the declared version when it was tested, if it is known.

    """
    version = request.get("version_number")
    return int(version) if rerun == "on_drift" and tested is not None and version is not None else None


def drift(version: int, tested: str | None, now: str | None) -> str | None:
    """Return how a version has changed since it was tested; None if it has not, or if the API does not show it now."""
    if now is None or now == tested:
        return None
    return f"version {version} was edited since it was tested: it was {short(tested)}, now it is {short(now)}"


def drift_of_live(published: str, live: str | None) -> str | None:
    """Return how the live pathway differs from what was published; None if it does not, or is not shown."""
    if live is None or live == published:
        return None
    return f"the live pathway was changed: {short(live)} is live, {short(published)} was published"
