"""The versions of pathways: what they hold, edits in place, forks of sessions, and what is live.

A version that nobody has edited holds one node for each scenario of its pathway, the global prompt (a node without an
id, as the API stores it) and settings. It says its number in every prompt of a node.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from tornado_resource.sandbox.playing import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.sandbox.operations import Json
    from tornado_resource.sandbox.playing import Session
    from tornado_resource.sandbox.scripts import Script
    from tornado_resource.sandbox.store import Source, Store

SETTINGS: Final[Json] = {
    "post_call_actions": [],
    "memory_enabled": False,
    "entity_schemas": [],
    "analysis_options": {},
}
"""The settings of a version that nobody has edited."""
GLOBAL_PROMPT: Final = "Be brief, and stay polite."
LIVE: Final = 0
FIRST: Final = 1


class Pathways:
    """The content of every version of every pathway.

    Args:
        store: where edits and published versions are kept.
        script_of: returns the script of a pathway.
        status_of: returns the status response of a session, with its fixes and the version that it forked.
        source: the time and new ids.

    """

    def __init__(
        self,
        store: Store,
        script_of: Callable[[str], Script],
        status_of: Callable[[Session], Json],
        source: Source,
    ) -> None:
        self._store = store
        self._script_of = script_of
        self._status_of = status_of
        self._now_ms = source.now_ms

    def version(self, pathway_id: str, number: int) -> Json | None:
        """Return a version as *Get Pathway Version* does; None if it is archived. 0 is the live pathway."""
        if number == LIVE:
            return self._live(pathway_id)
        if self._store.is_archived(pathway_id, number):
            return None
        content = self._store.edited(pathway_id, number) or self._original(pathway_id, number)
        return self._shown(pathway_id, number, content)

    def versions(self, pathway_id: str) -> list[Json]:
        """Return what *Get Pathway Versions* lists: the first version, and every one that was used or edited."""
        listed = {FIRST, *self._store.edited_numbers(pathway_id), *self._forks(pathway_id)}
        listed |= {session.version_number or FIRST for session in self._sessions(pathway_id)}
        numbers = sorted(number for number in listed if not self._store.is_archived(pathway_id, number))
        return [
            {
                "id": f"{pathway_id}-{number}",
                "version_number": number,
                "created_at": iso(0),
                "name": f"Version {number}",
                "is_latest": number == numbers[-1],
            }
            for number in numbers
        ]

    def edit(self, pathway_id: str, number: int, changes: Json) -> None:
        """Change a version in place: its name, nodes, edges or settings. 0 changes what is live, and no version."""
        current = self.version(pathway_id, number)
        if current is None:
            raise LookupError
        content = {**{key: current[key] for key in ("name", "nodes", "edges", *SETTINGS)}, **changes}
        if number == LIVE:
            self._store.go_live(pathway_id, "production", LIVE, content, self._now_ms())
        else:
            self._store.edit(pathway_id, number, content)

    def archive(self, pathway_id: str, number: int) -> None:
        """Archive a version: it is not shown any more."""
        self._store.archive(pathway_id, number)

    def staging(self, pathway_id: str) -> Json | None:
        """Return what is published to staging, as *Get Pathway Version* does; None if nothing is."""
        published = self._store.live(pathway_id, "staging", self._now_ms())
        return self._shown(pathway_id, *published) if published is not None else None

    def publish(self, pathway_id: str, number: int, environment: str) -> None:
        """Publish the content that a version has now, when the pathway's script says so."""
        delay_ms = self._script_of(pathway_id).publish_delay_ms
        content = self.version(pathway_id, number)
        if delay_ms is None or content is None:
            return
        self._store.go_live(pathway_id, environment, number, content, self._now_ms() + delay_ms)

    def _live(self, pathway_id: str) -> Json:
        published = self._store.live(pathway_id, "production", self._now_ms())
        return self._shown(pathway_id, *(published or (FIRST, self._original(pathway_id, FIRST))))

    def _shown(self, pathway_id: str, number: int, content: Json) -> Json:
        return {
            "name": content["name"],
            "nodes": content["nodes"],
            "edges": content["edges"],
            **{key: content.get(key, value) for key, value in SETTINGS.items()},
            "version_number": number,
            "revision_number": 1,
            "is_latest": number == max([FIRST, *self._forks(pathway_id)]),
        }

    def _original(self, pathway_id: str, number: int) -> Json:
        """Return a version as it was made: by the session that forked it, else by hand."""
        session = self._forks(pathway_id).get(number)
        if session is None:
            return _handmade(self._script_of(pathway_id), number)
        base = self._original(pathway_id, session.version_number or FIRST)
        if session.version_number is not None:
            base = self._store.edited(pathway_id, session.version_number) or base
        return _fixed(base, number, self._status_of(session))

    def _forks(self, pathway_id: str) -> dict[int, Session]:
        """Return the sessions that have forked a version, by its number; the first one for each."""
        forks: dict[int, Session] = {}
        for session in self._sessions(pathway_id):
            number = self._status_of(session)["forked_version"]
            # A fork of its own number would be its own base.
            if isinstance(number, int) and number != (session.version_number or FIRST):
                forks[number] = session
        return forks

    def _sessions(self, pathway_id: str) -> list[Session]:
        """Return the sessions of a pathway, newest first."""
        return self._store.newest(pathway_id=pathway_id)


def _handmade(script: Script, number: int) -> Json:
    names = [scenario.id for scenario in script.scenarios]
    start = {"prompt": f"You answer the phone of a shop (version {number}).", "isStart": True}
    nodes = [
        _node("start", start, 0),
        {"globalConfig": {"globalPrompt": GLOBAL_PROMPT}, "position": {"x": 0, "y": -90}},
    ]
    nodes += [
        _node(_node_id(name), {"prompt": f"Help the caller with {name} (version {number})."}, index)
        for index, name in enumerate(names, 1)
    ]
    edges = [
        {"id": f"to-{name}", "source": "start", "target": _node_id(name), "label": f"The caller asks about {name}"}
        for name in names
    ]
    return {"name": f"Version {number}", "nodes": nodes, "edges": edges, **SETTINGS}


def _node(node_id: str, data: Json, row: int) -> Json:
    return {"id": node_id, "type": "Default", "data": {"name": node_id, **data}, "position": {"x": 0, "y": 120 * row}}


def _node_id(scenario_id: str) -> str:
    return f"node-{scenario_id.removeprefix('sc-')}"


def _fixed(base: Json, number: int, status: Json) -> Json:
    """Return a copy of a version with the fixes of a session."""
    content = copy.deepcopy(base)
    content["name"] = f"Version {number}"
    nodes = {node["id"]: node for node in content["nodes"] if "id" in node}
    for fix in (fix for iteration in status["iterations"] for fix in iteration["fix_plan"]["fixes"]):
        target = fix["target_node"]
        if target not in nodes:
            nodes[target] = _node(target, {"prompt": ""}, len(nodes))
            content["nodes"].append(nodes[target])
        data = nodes[target]["data"]
        data["prompt"] = f"{data.get('prompt', '')}\n{fix['description']}.".lstrip()
    return content
