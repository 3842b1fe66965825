"""Whether a version still is what passed. Pure."""

from __future__ import annotations

from tornado_resource.bland.content import OTHER_PATHS, Digests, is_incomparable, is_same, short
from tornado_resource.core.text import clean


def edit_since_pass(version: int, passed: str, passed_at: str | None, now: Digests | None) -> str | None:
    """Return how a version is not what passed; None if it is.

    Args:
        version: its number.
        passed: the digest of the content that passed.
        passed_at: when it passed.
        now: its content now; None if the API does not show it.

    """
    if is_same(now, Digests.of(passed)):
        return None
    known = f"{short(passed)} passed at {clean(passed_at or 'an unknown time', 40)}"
    again = "run it again (`pulumi up`; with `rerun: on_failure` or `on_change` a trigger, too)"
    if now is None:
        return f"version {version} cannot be read any more ({known}); run it again on a version that exists"
    found = short(now.like(passed))
    if is_incomparable(now, Digests.of(passed)):
        return f"version {version} may have been edited since: {known}, now it is {found}; {OTHER_PATHS}; {again}"
    return f"version {version} was edited since: {known}, now it is {found}; {again}"


def unread(version: int | None) -> str:
    """Return that a version could not be read, and what follows."""
    return f"could not read version {version} to check that it is unchanged since it passed"
