"""Pulumi's names of resources: `urn:pulumi:stack::project::parent$type::name`."""

from __future__ import annotations


def type_of(urn: str) -> str:
    """Return a resource's own type, without those of its parents; an empty text if *urn* is none."""
    return urn.split("::", 3)[2].rpartition("$")[2] if urn.count("::") >= 3 else ""


def project_of(urn: str) -> str:
    """Return the project of a resource; an empty text if *urn* is none."""
    return urn.split("::")[1] if urn.count("::") >= 3 else ""


def name_of(urn: str) -> str:
    """Return a resource's name."""
    return urn.rpartition("::")[2]
