"""The variables of an agent's environments: which ones a version refers to, and which of them have a value there.

Only names are read. A value may be a secret, so it is looked at for whether there is one, and never kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.agents import AGENTS_PATH, find_version
from tornado_resource.bland.responses import flag, reported_error, segment, word
from tornado_resource.bland.retrying import retried
from tornado_resource.core.text import clean, short_list
from tornado_resource.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tornado_resource.bland.client import Client

MAX_LISTED_VARIABLES: Final = 20
"""How many names a message lists."""
MAX_VARIABLE_CHARACTERS: Final = 200
_REFERENCE: Final = re.compile(r"\{\{\s*env\s*\.\s*([A-Za-z0-9_]+)\s*\}\}", re.IGNORECASE)
"""The API's page *Set Agent Variable*: `{{env.KEY}}`, where a key has letters, digits and underscores."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The names of an environment's variables: of those with a value, and of those without one."""

    with_value: frozenset[str]
    without_value: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, content: Any) -> Variables | None:
        """Parse a list of variables; None unless each has a name: one that is left out would count as missing."""
        if not isinstance(content, list):
            return None
        named = [(_name(variable), _has_value(variable)) for variable in content]
        names = [name for name, _ in named if name is not None]
        if len(names) < len(named):
            return None
        with_value = frozenset(name for name, has_value in named if name is not None and has_value)
        return cls(with_value, frozenset(names) - with_value)


async def read_variables(client: Client, agent_id: str, env: str) -> Variables:
    """Return the variables of an environment, by the API's page *List Agent Variables*.

    Raises:
        OutcomeUnknown: among others, a 2xx response without a list of variables that all have a name.

    """
    label = f"variables of agent {clean(agent_id)} in {clean(env)}"
    path = f"{AGENTS_PATH}/{segment(label, agent_id)}/environments/{segment(label, env)}/variables"
    reply = await client.request(label, "GET", path)

    def parse(content: Any) -> Variables | None:
        return Variables.parse(content) if not reported_error(reply.body) else None

    return client.parsed(reply, parse, "the response has no variables")


async def find_missing_variables(client: Client, agent_id: str, env: str, version_id: str) -> str | None:
    """Return which variables a version refers to that certainly have no value in an environment (`missing_variables`).

    None if all have one, and if that cannot be known: no page of the API says what it shows of every version.
    """
    try:
        version = await find_version(client, agent_id, version_id)
    except ApiError:
        return None
    snapshot = version.snapshot if version is not None else None
    return await find_missing_of_snapshot(client, agent_id, env, snapshot or {})


async def find_missing_of_snapshot(client: Client, agent_id: str, env: str, snapshot: Mapping[str, Any]) -> str | None:
    """Return what `find_missing_variables` does, of a version that has been read.

    The variables are only read if the version refers to some.
    """
    names = referenced_variables(snapshot)
    variables = await find_variables(client, agent_id, env) if names else None
    return missing_variables(env, names, variables) if variables is not None else None


async def find_variables(client: Client, agent_id: str, env: str) -> Variables | None:
    """Return the variables of an environment; None if they cannot be read."""
    try:
        return await retried(lambda: read_variables(client, agent_id, env))
    except ApiError:
        return None


def referenced_variables(snapshot: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the variables that a version's snapshot refers to (`{{env.NAME}}`), in order. Pure."""
    names: set[str] = set()
    left: list[Any] = [snapshot]
    while left:
        value = left.pop()
        if isinstance(value, str):
            names.update(_REFERENCE.findall(value))
        elif isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
    return tuple(sorted(names))


def missing_variables(env: str, names: Iterable[str], variables: Variables) -> str | None:
    """Return which variables a version refers to that have no value in an environment; None if all have one. Pure.

    *names* are those that it refers to (`referenced_variables`).

    A call that meets such a reference fails (`AGENT_VARIABLE_UNRESOLVED`). Names differ by upper and lower case.
    """
    missing = [name for name in names if name not in variables.with_value]
    if not missing:
        return None
    listed = short_list([f"{name}{_hint(name, variables)}" for name in missing], MAX_LISTED_VARIABLES)
    what = "an environment variable" if len(missing) == 1 else "environment variables"
    return (
        f"the version refers to {what} without a value in {clean(env)}: {listed}. "
        "Calls would fail (AGENT_VARIABLE_UNRESOLVED): set the values in Bland (Configure, Environments, Variables)"
    )


def _hint(name: str, variables: Variables) -> str:
    """Return what is there instead, in brackets; nothing if there is nothing of this name."""
    if name in variables.without_value:
        return " (empty)"
    similar = sorted(candidate for candidate in variables.with_value if candidate.casefold() == name.casefold())
    return f" (there is {similar[0]})" if similar else ""


def _name(entry: Any) -> str | None:
    content = entry if isinstance(entry, dict) else {"variable_key": entry}
    keys = (content.get(key) for key in ("variable_key", "key", "name"))
    return next((text for key in keys if (text := word(key, MAX_VARIABLE_CHARACTERS)) is not None), None)


def _has_value(entry: Any) -> bool:
    """Return whether a variable has a value: that of a secret one may not be shown."""
    is_shown = isinstance(entry, dict) and "value" in entry and flag(entry.get("is_secret")) is not True
    return not is_shown or entry["value"] not in (None, "")
