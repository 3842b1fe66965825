"""The requests of the API's page *Runs*: runs of scenarios, with transcripts that only reports show.

The page shows one form of a run. Any other is "no transcript", never an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tornado_resource.bland.responses import flag, parse_time, reported_error, segment, shows_more, time_text, unusable
from tornado_resource.bland.retrying import retried
from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime

    from tornado_resource.bland.client import Client, Reply
    from tornado_resource.bland.retrying import Retry

AGENT_TESTING: Final = "/v1/agent-testing"
RUNS_PATH: Final = f"{AGENT_TESTING}/runs"
PAGE_RUNS: Final = 100
"""The most that the API lists at once."""
MAX_RUN_PAGES: Final = 50
"""An API that knows no `offset` shows its first page again and again."""
R = TypeVar("R", bound="Sequence[Any]")
MAX_EXCHANGES: Final = 6
"""How many messages of a transcript are kept: the last ones."""
MAX_EXCHANGE_CHARACTERS: Final = 300
"""Of a message or a reason."""
MAX_ASSERTIONS: Final = 10
FAILED: Final = frozenset({"FAILED", "ERROR"})
SESSION_SOURCE: Final = "tornado"
"""The `trigger_source` of the runs of sessions."""


async def run_pages(  # noqa: PLR0913 - the last two by keyword, with defaults
    client: Client,
    label: str,
    query: Mapping[str, str],
    runs_of: Callable[[Reply], R],
    *,
    retry: Retry | None = None,
    most: int = MAX_RUN_PAGES,
) -> AsyncIterator[tuple[Reply, R]]:
    """Yield each page of runs, the newest ones first: the response, and the runs in it.

    A page is requested once the ones before have been used.

    Args:
        client: sends the requests.
        label: names them in messages.
        query: which runs.
        runs_of: returns the runs that a response lists.
        retry: repeats a request through transient failures. None: each is sent once.
        most: the largest number of pages.

    """

    async def read(asked: Mapping[str, str]) -> tuple[Reply, R]:
        reply = await client.request(label, "GET", RUNS_PATH, query=asked)
        return reply, runs_of(reply)

    listed = 0
    for _ in range(most):
        offset = {"offset": str(listed)} if listed else {}
        request = partial(read, {**query, "limit": str(PAGE_RUNS), **offset})
        reply, runs = await (retry(request) if retry is not None else request())
        yield reply, runs
        listed += len(runs)
        if not runs or (len(runs) < PAGE_RUNS and not shows_more(reply.body, listed)):
            return


@dataclass(frozen=True, slots=True)
class Transcript:
    """The end of a failed run: its failed assertions as (name, reason), and its last messages as (role, text)."""

    assertions: tuple[tuple[str, str], ...]
    messages: tuple[tuple[str, str], ...]
    error: str | None = None

    @classmethod
    def parse(cls, content: Any) -> Transcript | None:
        """Parse the body of a run; None if it shows nothing."""
        run = _inner(content, "run")
        if run is None:
            return None
        transcript = cls(
            tuple(
                _assertion(result)
                for result in _objects(run.get("assertion_results"))
                if flag(result.get("passed")) is False
            ),
            tuple((_line(message.get("role")), _content(message)) for message in _objects(run.get("chat_history"))),
            _line(run["error_message"]) if isinstance(run.get("error_message"), str) else None,
        )
        kept = cls(transcript.assertions[:MAX_ASSERTIONS], transcript.messages[-MAX_EXCHANGES:], transcript.error)
        return kept if kept.assertions or kept.messages or kept.error else None


async def failed_runs(client: Client, batch_id: str) -> dict[str, str]:
    """Return the ids of a batch's failed runs, by scenario id."""
    label = f"batch {clean(batch_id)}"
    content = await client.exchange(label, "GET", f"{AGENT_TESTING}/batches/{segment(label, batch_id)}")
    runs = _objects((_inner(content, "batch") or {}).get("runs"))
    run_ids = {}
    for run in runs:
        scenario_id, run_id = run.get("scenario_id"), run.get("run_id", run.get("id"))
        is_failed = isinstance(run.get("status"), str) and run["status"].upper() in FAILED
        if isinstance(scenario_id, str) and isinstance(run_id, str) and is_failed:
            run_ids[scenario_id] = run_id
    return run_ids


async def read_transcript(client: Client, run_id: str) -> Transcript | None:
    """Return the transcript of a run; None if the API does not show it."""
    label = f"run {clean(run_id)}"
    return Transcript.parse(await client.exchange(label, "GET", f"{RUNS_PATH}/{segment(label, run_id)}"))


@dataclass(frozen=True, slots=True)
class SessionRun:
    """A run that a tornado session has created, or may have. *is_named*: whether the API says so.

    *created_at*: None if that is not shown. *responded_at* is the API's time (Date header) if present.
    """

    created_at: str | None
    is_named: bool
    responded_at: datetime | None = None


async def created_by_sessions(client: Client, pathway_id: str) -> AsyncIterator[SessionRun]:
    """Yield the runs of a pathway that tornado sessions have created, or may have, in the order of the API.

    A page is requested once the ones before have been used. Retries by itself.

    Raises:
        OutcomeUnknown: among others, a response that lists no runs.

    """
    pages = run_pages(
        client, f"runs of pathway {clean(pathway_id)}", {"pathway_id": pathway_id}, _listed, retry=retried
    )
    async for reply, runs in pages:
        for entry in runs:
            run = entry if isinstance(entry, dict) else {}
            source = run.get("trigger_source")
            is_named = isinstance(source, str) and SESSION_SOURCE in source.casefold()
            if is_named or not isinstance(source, str):
                times = map(time_text, (run.get("created_at"), run.get("started_at")))
                yield SessionRun(next(filter(parse_time, times), None), is_named, reply.responded_at)


def _listed(reply: Reply) -> list[Any]:
    """Return the runs of a response: bare, or under `runs` or `data`."""
    content = reply.body
    while isinstance(content, dict) and not reported_error(content):
        content = content.get("runs", content.get("data"))
    if not isinstance(content, list):
        raise unusable(reply.label, content, "the response has no list of runs")
    return content


def _inner(content: Any, key: str) -> Mapping[str, Any] | None:
    """Return the object of a body: under *key*, under `data`, or the whole body."""
    while isinstance(content, dict) and isinstance(inner := content.get(key, content.get("data")), dict):
        content = inner
    return content if isinstance(content, dict) else None


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _assertion(entry: Mapping[str, Any]) -> tuple[str, str]:
    name = next((entry[key] for key in ("name", "type", "assertion_type") if entry.get(key)), "assertion")
    reason = next((entry[key] for key in ("reason", "reasoning", "explanation", "message") if entry.get(key)), "")
    return _line(name), _line(reason)


def _content(message: Mapping[str, Any]) -> str:
    """Return what a message says: its text, or the texts of its parts."""
    content = message.get("content", message.get("text"))
    if not isinstance(content, list):
        return _line(content)
    return _line(" ".join(part["text"] for part in _objects(content) if isinstance(part.get("text"), str)))


def _line(value: Any) -> str:
    return clean(" ".join(value.split()), MAX_EXCHANGE_CHARACTERS) if isinstance(value, str) else ""
