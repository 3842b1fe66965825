"""Pulumi's names of resources, their types and their providers: `urn:pulumi:stack::project::parent$type::name`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

STACK_TYPE: Final = "pulumi:pulumi:Stack"
SESSION_TYPE: Final = "pulumi-python:dynamic/bland:TornadoSession"
CHECK_RUN_TYPE: Final = "pulumi-python:dynamic/bland:CheckRun"
CONFIRMATION_TYPE: Final = "pulumi-python:dynamic/bland:Confirmation"
SCENARIO_TYPE: Final = "pulumi-python:dynamic/bland:TornadoScenario"
CHECKS_TYPE: Final = "pulumi-python:dynamic/bland:AgentChecks"
JUDGE_TYPE: Final = "pulumi-python:dynamic/bland:AgentJudge"
RELEASE_TYPE: Final = "pulumi-python:dynamic/bland:PathwayRelease"
AGENT_RELEASE_TYPE: Final = "pulumi-python:dynamic/bland:AgentRelease"
PROVIDERS: Final = {
    "AgentReleaseProvider": "tornado_resource.releases.provider",
    "CheckRunProvider": "tornado_resource.agents.provider",
    "ChecksProvider": "tornado_resource.checks.provider",
    "ConfirmationProvider": "tornado_resource.confirmations.provider",
    "JudgeProvider": "tornado_resource.checks.provider",
    "ReleaseProvider": "tornado_resource.releases.provider",
    "ScenarioProvider": "tornado_resource.scenarios.provider",
    "TornadoProvider": "tornado_resource.tornado.provider",
}
"""The provider classes that states name as `tornado_resource.provider.NAME`, and the modules that define them."""


def make_urn(stack: str, project: str, own_type: str, name: str, parents: str = "") -> str:
    """Return the URN of a resource. *parents* are the types of its parents, the outermost first, joined by `$`."""
    return f"urn:pulumi:{stack}::{project}::{f'{parents}$' if parents else ''}{own_type}::{name}"


def types_of(urn: str) -> str:
    """Return the types of a resource's parents and its own, joined by `$`; an empty text if *urn* is none."""
    return urn.split("::", 3)[2] if urn.count("::") >= 3 else ""


def type_of(urn: str) -> str:
    """Return a resource's own type, without those of its parents; an empty text if *urn* is none."""
    return types_of(urn).rpartition("$")[2]


def parents_of(urn: str) -> str:
    """Return the types of a resource's parents, joined by `$`; an empty text if the stack is its only parent."""
    return types_of(urn).rpartition("$")[0]


def stack_of(urn: str) -> str:
    """Return the stack of a resource; an empty text if *urn* is none."""
    return urn.split("::", maxsplit=1)[0].rpartition(":")[2] if urn.count("::") >= 3 else ""


def project_of(urn: str) -> str:
    """Return the project of a resource; an empty text if *urn* is none."""
    return urn.split("::")[1] if urn.count("::") >= 3 else ""


def name_of(urn: str) -> str:
    """Return a resource's name."""
    return urn.rpartition("::")[2]


def unique_names(urns: Iterable[str]) -> dict[str, str]:
    """Return what people call each resource: its name, with the types of its parents where several share the name.

    Two resources of one type and name always differ in the types of their parents.
    """
    distinct = dict.fromkeys(urns)
    shared = Counter(map(name_of, distinct))
    return {urn: _with_parents(urn) if shared[name_of(urn)] > 1 else name_of(urn) for urn in distinct}


def _with_parents(urn: str) -> str:
    parents = parents_of(urn)
    return f"{name_of(urn)} ({parents})" if parents else name_of(urn)
