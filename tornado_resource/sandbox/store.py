"""What the sandbox stores: a SQLite database, in memory or in a file that outlives the server; and its time and ids.

Tests have a time and ids of their own.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado_resource.sandbox.playing import Session

if TYPE_CHECKING:
    from collections.abc import Callable

_TABLES = """
CREATE TABLE IF NOT EXISTS sessions (
  session_id TEXT PRIMARY KEY, pathway_id TEXT NOT NULL, persona_id TEXT, scenario_ids TEXT NOT NULL,
  version_number INTEGER, max_iterations INTEGER NOT NULL, timeout_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, cancelled_ms INTEGER, is_fixed INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS by_pathway ON sessions (pathway_id, created_ms);
CREATE TABLE IF NOT EXISTS published (
  pathway_id TEXT NOT NULL, environment TEXT NOT NULL, version_id INTEGER NOT NULL,
  PRIMARY KEY (pathway_id, environment));
CREATE TABLE IF NOT EXISTS edits (
  pathway_id TEXT NOT NULL, version_number INTEGER NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (pathway_id, version_number));
CREATE TABLE IF NOT EXISTS archived (
  pathway_id TEXT NOT NULL, version_number INTEGER NOT NULL, PRIMARY KEY (pathway_id, version_number));
CREATE TABLE IF NOT EXISTS live (
  pathway_id TEXT NOT NULL, version_number INTEGER NOT NULL, content TEXT NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS staged (
  pathway_id TEXT NOT NULL, version_number INTEGER NOT NULL, content TEXT NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS scenarios (scenario_id TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
  kind TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE INDEX IF NOT EXISTS by_owner ON documents (kind, owner);
CREATE TABLE IF NOT EXISTS requests (
  number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
  body TEXT NOT NULL, status INTEGER);
"""
_NAMES = ("sessions", "published", "edits", "archived", "live", "staged", "scenarios", "documents", "requests")
_LIVE = {"production": "live", "staging": "staged"}
"""By environment, the table of what was published there, and when."""


@dataclass(frozen=True, slots=True)
class Source:
    """Real time in milliseconds since 1970, and a new id for a thing of some kind (`session`, `scenario`)."""

    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    new_id: Callable[[str], str] = lambda _kind: str(uuid.uuid4())


SYSTEM = Source()


class Store:
    """Sessions, published versions and the request log. The API key of a request is never stored.

    Raises:
        ValueError: the file cannot be opened as a database; the text says why.

    """

    def __init__(self, path: str = ":memory:") -> None:
        try:
            # Opened here, used by the server's thread only.
            self._rows = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise _unusable(path, error) from None
        self._rows.row_factory = sqlite3.Row
        try:
            self._make_tables()
        except sqlite3.Error as error:
            self._rows.close()
            raise _unusable(path, error) from None

    def _make_tables(self) -> None:
        # synchronous=OFF: a stand-in may lose its last sessions in a power cut, and need not wait for the disk.
        self._rows.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {_TABLES}")
        # Files written before `is_fixed` existed.
        if "is_fixed" not in {row["name"] for row in self._rows.execute("PRAGMA table_info(sessions)")}:
            self._rows.execute("ALTER TABLE sessions ADD COLUMN is_fixed INTEGER NOT NULL DEFAULT 0")

    def close(self) -> None:
        """Close the database."""
        self._rows.close()

    def clear(self) -> None:
        """Delete all rows."""
        self._rows.executescript("".join(f"DELETE FROM {table};" for table in _NAMES))  # noqa: S608 - constants

    def add(self, session: Session) -> None:
        """Store a started session."""
        self._rows.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                session.session_id,
                session.pathway_id,
                session.persona_id,
                json.dumps(session.scenario_ids),
                session.version_number,
                session.max_iterations,
                session.timeout_ms,
                session.created_ms,
                session.cancelled_ms,
                session.is_fixed,
            ),
        )

    def session(self, session_id: str) -> Session | None:
        """Return the session with this id; None if there is none."""
        row = self._rows.execute("SELECT * FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
        return _session(row) if row else None

    def newest(self, *, pathway_id: str | None = None, persona_id: str | None = None) -> list[Session]:
        """Return the sessions of a pathway, of a persona, or all; newest first."""
        where, value = ("1", None)
        if pathway_id is not None:
            where, value = "pathway_id = ?", pathway_id
        elif persona_id is not None:
            where, value = "persona_id = ?", persona_id
        query = f"SELECT * FROM sessions WHERE {where} ORDER BY created_ms DESC, rowid DESC"  # noqa: S608 - constants
        return [_session(row) for row in self._rows.execute(query, () if value is None else (value,))]

    def cancel(self, session_id: str, now_ms: int) -> None:
        """Store when a session was cancelled, in milliseconds since 1970."""
        self._rows.execute("UPDATE sessions SET cancelled_ms = ? WHERE session_id = ?", (now_ms, session_id))

    def forget(self, session_id: str) -> None:
        """Delete a session, as if it had never been started."""
        self._rows.execute("DELETE FROM sessions WHERE session_id = ?", (session_id,))

    def publish(self, pathway_id: str, environment: str, version_id: int) -> None:
        """Store which version is published to an environment."""
        self._rows.execute("REPLACE INTO published VALUES (?, ?, ?)", (pathway_id, environment, version_id))

    def published(self) -> list[dict[str, Any]]:
        """Return one mapping for each pathway and environment with a published version."""
        return [dict(row) for row in self._rows.execute("SELECT * FROM published ORDER BY pathway_id, environment")]

    def edit(self, pathway_id: str, version_number: int, content: dict[str, Any]) -> None:
        """Store what a version holds after an edit in place."""
        row = (pathway_id, version_number, json.dumps(content))
        self._rows.execute("REPLACE INTO edits VALUES (?, ?, ?)", row)

    def edited(self, pathway_id: str, version_number: int) -> dict[str, Any] | None:
        """Return what a version holds after its last edit; None if nobody has edited it."""
        query = "SELECT content FROM edits WHERE pathway_id = ? AND version_number = ?"
        row = self._rows.execute(query, (pathway_id, version_number)).fetchone()
        return dict(json.loads(row["content"])) if row else None

    def edited_numbers(self, pathway_id: str) -> list[int]:
        """Return the numbers of the versions that were edited."""
        rows = self._rows.execute("SELECT version_number FROM edits WHERE pathway_id = ?", (pathway_id,))
        return [row["version_number"] for row in rows]

    def archive(self, pathway_id: str, version_number: int) -> None:
        """Store that a version is archived."""
        self._rows.execute("REPLACE INTO archived VALUES (?, ?)", (pathway_id, version_number))

    def is_archived(self, pathway_id: str, version_number: int) -> bool:
        """Return whether a version is archived."""
        query = "SELECT 1 FROM archived WHERE pathway_id = ? AND version_number = ?"
        return self._rows.execute(query, (pathway_id, version_number)).fetchone() is not None

    def go_live(
        self, pathway_id: str, environment: str, version_number: int, content: dict[str, Any], at_ms: int
    ) -> None:
        """Store what is published to an environment from *at_ms* on, in milliseconds since 1970."""
        row = (pathway_id, version_number, json.dumps(content), at_ms)
        self._rows.execute(f"INSERT INTO {_LIVE[environment]} VALUES (?, ?, ?, ?)", row)  # noqa: S608 - constants

    def live(self, pathway_id: str, environment: str, now_ms: int) -> tuple[int, dict[str, Any]] | None:
        """Return the number and the content of what is published to an environment; None if nothing was."""
        where = "pathway_id = ? AND at_ms <= ? ORDER BY at_ms DESC, rowid DESC LIMIT 1"
        query = f"SELECT * FROM {_LIVE[environment]} WHERE {where}"  # noqa: S608 - constants
        row = self._rows.execute(query, (pathway_id, now_ms)).fetchone()
        return (row["version_number"], dict(json.loads(row["content"]))) if row else None

    def put_scenario(self, scenario_id: str, content: dict[str, Any] | None) -> None:
        """Store a scenario that was created or edited; None if it was deleted."""
        # Not REPLACE, which would make it the newest.
        query = "INSERT INTO scenarios VALUES (?, ?) ON CONFLICT (scenario_id) DO UPDATE SET content = excluded.content"
        self._rows.execute(query, (scenario_id, json.dumps(content)))

    def edited_scenarios(self) -> dict[str, dict[str, Any] | None]:
        """Return the scenarios that were created, edited or deleted (None), by id, the oldest first."""
        rows = self._rows.execute("SELECT * FROM scenarios ORDER BY rowid")
        return {row["scenario_id"]: json.loads(row["content"]) for row in rows}

    def scenarios(self) -> list[dict[str, Any]]:
        """Return the scenarios that were created or edited and not deleted."""
        return [content for content in self.edited_scenarios().values() if content is not None]

    def put(self, kind: str, key: str, content: dict[str, Any], owner: str = "") -> None:
        """Store a document of an agent, or what belongs to one: a new one is the last of its kind."""
        update = "ON CONFLICT (kind, key) DO UPDATE SET content = excluded.content"
        row = (kind, key, owner, json.dumps(content))
        self._rows.execute(f"INSERT INTO documents VALUES (?, ?, ?, ?) {update}", row)  # noqa: S608 - constants

    def remove(self, kind: str, key: str) -> bool:
        """Delete a document; return whether there was one."""
        return self._rows.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key)).rowcount > 0

    def document(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return a document; None if there is none."""
        query = "SELECT content FROM documents WHERE kind = ? AND key = ?"
        row = self._rows.execute(query, (kind, key)).fetchone()
        return dict(json.loads(row["content"])) if row else None

    def documents(self, kind: str, owner: str = "") -> list[dict[str, Any]]:
        """Return the documents of a kind and owner, the oldest first."""
        query = "SELECT content FROM documents WHERE kind = ? AND owner = ? ORDER BY rowid"
        return [json.loads(row["content"]) for row in self._rows.execute(query, (kind, owner))]

    def all_documents(self, kind: str) -> list[dict[str, Any]]:
        """Return the documents of a kind, whoever owns them, the oldest first."""
        rows = self._rows.execute("SELECT content FROM documents WHERE kind = ? ORDER BY rowid", (kind,))
        return [json.loads(row["content"]) for row in rows]

    def log(self, at_ms: int, method: str, path: str, query: str, body: str) -> int:
        """Store a request and return its number."""
        row = (at_ms, method, path, query, body)
        cursor = self._rows.execute(
            "INSERT INTO requests (at_ms, method, path, query, body) VALUES (?, ?, ?, ?, ?)", row
        )
        return cursor.lastrowid or 0

    def log_status(self, number: int, status: int | None) -> None:
        """Store the status code of a request's response; None for a broken connection."""
        self._rows.execute("UPDATE requests SET status = ? WHERE number = ?", (status, number))

    def requests(self) -> list[dict[str, Any]]:
        """Return the request log, oldest first."""
        return [dict(row) for row in self._rows.execute("SELECT * FROM requests ORDER BY number")]


def _session(row: sqlite3.Row) -> Session:
    values = dict(row)
    stored = {"scenario_ids": tuple(json.loads(values["scenario_ids"])), "is_fixed": bool(values["is_fixed"])}
    return Session(**values | stored)


def _unusable(path: str, error: sqlite3.Error) -> ValueError:
    return ValueError(f"{path}: {error}; name another file (--db), or a folder that exists")
