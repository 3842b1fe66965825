"""Whether what a session tested has changed since it passed. Pure."""

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
    return f"version {version} was edited since it passed: it was {short(tested)}, now it is {short(now)}"
