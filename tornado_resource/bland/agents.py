"""The requests of the API's pages about agents, their versions and their environments, and what the responses say.

Every function but `find_version` sends one request; retries are the caller's choice. Responses may be in the wrapper
`{data, errors}` or bare. A list has what can be read of it, and says whether it is known to be whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tornado_resource.bland.responses import (
    MAX_ID_CHARACTERS,
    id_fault,
    is_other,
    line,
    other_fault,
    reported_error,
    segment,
    shows_more,
    time_text,
    unwrapped,
    word,
)
from tornado_resource.bland.retrying import retried
from tornado_resource.core.text import clean
from tornado_resource.errors import ForeignResponse, ReportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.bland.client import Client, Reply
    from tornado_resource.bland.responses import Json

AGENTS_PATH: Final = "/v2/agents"
STAGING: Final = "staging"
PRODUCTION: Final = "production"
AGENTS_LIMIT: Final = 500
VERSIONS_LIMIT: Final = 200
"""The longest lists that the API returns. They have no pages."""
# The codes of errors by which callers decide (`Rejected.code`).
CHECKS_BLOCKED: Final = "CHECKS_BLOCKED"
ALREADY_IN_PRODUCTION: Final = "ALREADY_IN_PRODUCTION"
PUBLISH_IN_PROGRESS: Final = "PUBLISH_IN_PROGRESS"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent. *source_pathway_id*: the pathway that it was migrated from; None if there is none."""

    agent_id: str
    name: str | None
    source_pathway_id: str | None

    @classmethod
    def parse(cls, content: Any) -> Agent | None:
        """Parse an agent; None if it has no id that a request can name."""
        if not isinstance(content, dict) or id_fault(content) is not None:
            return None
        source = word(content.get("source_pathway_id"), MAX_ID_CHARACTERS)
        return cls(content["id"], line(content.get("name")), source)


@dataclass(frozen=True, slots=True)
class Agents:
    """Agents of the organization. *is_whole*: whether there certainly are no others."""

    agents: tuple[Agent, ...]
    is_whole: bool

    def of_pathway(self, pathway_id: str) -> tuple[Agent, ...]:
        """Return the agents that were migrated from a pathway."""
        migrated = (agent for agent in self.agents if agent.source_pathway_id is not None)
        return tuple(agent for agent in migrated if not is_other(agent.source_pathway_id or "", pathway_id))


@dataclass(frozen=True, slots=True)
class Version:
    """A saved version of an agent. *semver*: None until it is published. *snapshot*: None where it is not shown.

    A version that a check run or a deployment names never changes; an autosave at the head may.
    """

    version_id: str
    semver: str | None
    name: str | None
    created_at: str | None
    snapshot: Json | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, content: Any) -> Version | None:
        """Parse a version; None if it has no id that a request can name."""
        if not isinstance(content, dict) or id_fault(content) is not None:
            return None
        snapshot = content.get("snapshot")
        return cls(
            version_id=content["id"],
            semver=word(content.get("semver")),
            name=line(content.get("name")),
            created_at=time_text(content.get("created_at")),
            snapshot=snapshot if isinstance(snapshot, dict) else None,
        )


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of an agent, the newest first. *is_whole*: whether there certainly are no others."""

    versions: tuple[Version, ...]
    is_whole: bool

    def get(self, version_id: str) -> Version | None:
        """Return the version with this id; None if it is not listed."""
        return next((version for version in self.versions if not is_other(version.version_id, version_id)), None)


@dataclass(frozen=True, slots=True)
class Pin:
    """What an environment pins: all None if it pins nothing."""

    version_id: str | None = None
    semver: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Pins:
    """What the environments of an agent pin."""

    staging: Pin
    production: Pin

    @classmethod
    def parse(cls, content: Any) -> Pins | None:
        """Parse a list of environments.

        Returns:
            None unless it says once each of staging and production what they pin, or that they pin nothing.

        """
        staging, production = _pin_of(content, STAGING), _pin_of(content, PRODUCTION)
        return cls(staging, production) if staging is not None and production is not None else None

    def of(self, env: str) -> Pin:
        """Return what an environment pins."""
        return self.staging if env == STAGING else self.production


async def list_agents(client: Client) -> Agents:
    """Return the agents of the organization."""
    reply = await client.request("list of agents", "GET", AGENTS_PATH, query={"limit": str(AGENTS_LIMIT)})
    parse = _list_of(reply, Agent.parse, AGENTS_LIMIT, Agents)
    return client.parsed(reply, parse, "the response has no agents")


async def list_versions(client: Client, agent_id: str) -> Versions:
    """Return the versions of the main line of an agent, the newest first, without their snapshots."""
    label = f"versions of agent {clean(agent_id)}"
    path = f"{_path(label, agent_id)}/versions"
    reply = await client.request(label, "GET", path, query={"limit": str(VERSIONS_LIMIT)})
    return client.parsed(
        reply, _list_of(reply, Version.parse, VERSIONS_LIMIT, Versions), "the response has no versions"
    )


async def read_latest_version(client: Client, agent_id: str) -> Version:
    """Return the newest version of the main line of an agent, with its snapshot.

    Raises:
        NotFound: there is no such agent, or it has no versions (code `NO_VERSIONS`).
        ForeignResponse: the response is about another agent.

    """
    label = f"newest version of agent {clean(agent_id)}"
    return await _read_version(client, label, agent_id, "latest")


async def read_version(client: Client, agent_id: str, semver: str) -> Version:
    """Return a published version of an agent by its semver, with its snapshot.

    Raises:
        ForeignResponse: the response is about another agent or version.

    """
    label = f"version {clean(semver)} of agent {clean(agent_id)}"
    version = await _read_version(client, label, agent_id, segment(label, semver))
    refuse_other(label, ("version", version.semver, semver))
    return version


async def find_version(client: Client, agent_id: str, version_id: str) -> Version | None:
    """Return a version by its id, with its snapshot; None if the API does not show it.

    It shows the newest one, and published ones. With retries, since it sends up to three requests.

    Raises:
        ApiError: one of them failed for good.

    """
    version = await retried(lambda: read_latest_version(client, agent_id))
    if is_other(version.version_id, version_id):
        listed = (await retried(lambda: list_versions(client, agent_id))).get(version_id)
        semver = listed.semver if listed is not None else None
        if semver is None:
            return None
        version = await retried(lambda: read_version(client, agent_id, semver))
    return version if not is_other(version.version_id, version_id) else None


async def read_pins(client: Client, agent_id: str) -> Pins:
    """Return what the environments of an agent pin."""
    label = f"environments of agent {clean(agent_id)}"
    reply = await client.request(label, "GET", f"{_path(label, agent_id)}/environments")
    return client.parsed(reply, Pins.parse, "the response does not say what staging and production pin")


async def publish_to_staging(client: Client, agent_id: str, version_id: str) -> None:
    """Let staging pin a version. It is safe to repeat. What the environments pin afterwards proves it."""
    label = f"publish version {clean(version_id)} of agent {clean(agent_id)} to staging"
    await _move(client, label, agent_id, "publish", version_id)


async def promote_to_production(client: Client, agent_id: str, version_id: str) -> None:
    """Let staging and production pin a version.

    Raises:
        Conflict: among others, the checks of staging have not passed for it (code `CHECKS_BLOCKED`).
        Rejected: among others, production pins it already (code `ALREADY_IN_PRODUCTION`), as after a lost response.

    """
    label = f"promote version {clean(version_id)} of agent {clean(agent_id)} to production"
    await _move(client, label, agent_id, "promote", version_id)


async def roll_back_production(client: Client, agent_id: str, version_id: str) -> None:
    """Let production pin a version that it has pinned before.

    Raises:
        Rejected: among others, production has never had it, or pins it already.

    """
    label = f"roll agent {clean(agent_id)} back to version {clean(version_id)}"
    await _move(client, label, agent_id, "rollback", version_id)


def refuse_other(label: str, *named: tuple[str, Any, str | None]) -> None:
    """Refuse a response that is about something else than what was asked for (`other_fault`).

    Raises:
        ForeignResponse: it is.

    """
    fault = other_fault(*named)
    if fault is not None:
        raise ForeignResponse(label, fault)


async def _read_version(client: Client, label: str, agent_id: str, which: str) -> Version:
    reply = await client.request(label, "GET", f"{_path(label, agent_id)}/versions/{which}")
    version = client.parsed(reply, Version.parse, "the response does not show the version")
    refuse_other(label, ("agent", unwrapped(reply.body).get("agent_id"), agent_id))
    return version


async def _move(client: Client, label: str, agent_id: str, verb: str, version_id: str) -> None:
    reply = await client.request(label, "POST", f"{_path(label, agent_id)}/{verb}", body={"version_id": version_id})
    error = reported_error(reply.body)
    if error:
        raise ReportedError(label, error)


def _path(label: str, agent_id: str) -> str:
    return f"{AGENTS_PATH}/{segment(label, agent_id)}"


def _list_of(
    reply: Reply, parse: Callable[[Any], Any], limit: int, kind: Callable[[tuple[Any, ...], bool], T]
) -> Callable[[Any], T | None]:
    """Return what makes a *kind* of a list that has at most *limit* entries."""

    def of(content: Any) -> T | None:
        if not isinstance(content, list) or reported_error(reply.body):
            return None
        entries = [parse(entry) for entry in content]
        return kind(
            tuple(entry for entry in entries if entry is not None),
            len(entries) < limit and None not in entries and not shows_more(reply.body, len(entries)),
        )

    return of


def _pin_of(content: Any, env: str) -> Pin | None:
    """Return what an environment pins; None unless the list says so once: the key must have an id or null."""
    entries = [entry for entry in content if isinstance(entry, dict)] if isinstance(content, list) else []
    pins = [entry for entry in entries if entry.get("env_type") == env]
    return _pin(pins[0]) if len(pins) == 1 else None


def _pin(entry: Json) -> Pin | None:
    pinned = entry.get("current_version_id", "")
    if pinned is not None and word(pinned, MAX_ID_CHARACTERS) is None:
        return None
    version_now = entry.get("current_version")
    current = version_now if isinstance(version_now, dict) else {}
    return Pin(pinned, word(current.get("semver")), line(current.get("name")))
