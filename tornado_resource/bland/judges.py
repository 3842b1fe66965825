"""The requests of the API's pages about evals: judges, and what they said of each conversation of a check run.

`list_judges` and `read_findings` read page by page, and take what repeats their requests; `read_eval_run` sends one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import (
    MAX_ID_CHARACTERS,
    flag,
    free_text,
    id_fault,
    is_other,
    line,
    number,
    reported_error,
    segment,
    shows_more,
    word,
)
from tornado_resource.bland.retrying import retried
from tornado_resource.core.text import clean, short_list
from tornado_resource.errors import TornadoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Json
    from tornado_resource.bland.retrying import Retry

EVALS_PATH: Final = "/v1/evals"
PAGE_LIMIT: Final = 100
MAX_FINDING_PAGES: Final = 30
"""How many pages are read: of 5 scenarios with 50 simulations and 10 judges there are 25."""
MAX_COST_USD: Final = 1_000_000.0
MAX_CANDIDATES: Final = 20
"""How many judges a message lists."""
ACTIVE_VERSION: Final = "active"
"""Stands for the published version of a judge."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge. *active_version_id*: the published version; None if there is none.

    *is_deleted*: the API keeps judges that were deleted, and may show them.
    """

    judge_id: str
    name: str | None
    active_version_id: str | None
    is_deleted: bool = False

    @classmethod
    def parse(cls, content: Any) -> Judge | None:
        """Parse a judge; None if it has no id that a request can name."""
        if not isinstance(content, dict) or id_fault(content) is not None:
            return None
        active = word(content.get("active_version_id"), MAX_ID_CHARACTERS)
        return cls(content["id"], line(content.get("name")), active, content.get("deleted_at") is not None)


@dataclass(frozen=True, slots=True)
class Judges:
    """Judges of the organization. *is_whole*: whether there certainly are no others."""

    judges: tuple[Judge, ...]
    is_whole: bool

    def get(self, judge_id: str) -> Judge | None:
        """Return the judge with this id; None if it is not listed."""
        return next((judge for judge in self.judges if not is_other(judge.judge_id, judge_id)), None)

    def named(self, name: str) -> tuple[Judge, ...]:
        """Return the judges with a name: it need not be unique."""
        return tuple(judge for judge in self.judges if judge.name == name)

    @property
    def published(self) -> tuple[Judge, ...]:
        """The judges that have a published version."""
        return tuple(judge for judge in self.judges if judge.active_version_id is not None)


class JudgeNotFound(TornadoError):
    """A judge that is named cannot be used, as *fact* says: there is none, there are several, or it is not published.

    *candidates*: what could be named instead.
    """

    def __init__(self, fact: str, candidates: Sequence[Judge]) -> None:
        super().__init__(f"{fact}; {_candidates(candidates)}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a judge said of a conversation. *is_match*: None if that cannot be read.

    *is_inconclusive*: the conversation shows too little. *failure*: why there is no result; None if there is one.
    *reasoning* is Markdown.
    """

    judge_id: str | None
    conversation_id: str | None
    is_match: bool | None
    is_inconclusive: bool
    failure: str | None
    level: str | None
    reasoning: str | None

    @classmethod
    def parse(cls, content: Any) -> Finding | None:
        """Parse an entry of *List Agent Results*; None if it is none."""
        if not isinstance(content, dict):
            return None
        failure = line(content.get("failure_code")) or line(content.get("failure_message")) or "unknown"
        return cls(
            judge_id=word(content.get("eval_agent_id"), MAX_ID_CHARACTERS),
            conversation_id=word(content.get("call_id"), MAX_ID_CHARACTERS),
            is_match=flag(content.get("is_target_match")),
            is_inconclusive=flag(content.get("is_insufficient_evidence")) is True,
            failure=failure if flag(content.get("failed")) is True else None,
            level=line(content.get("selected_level_label")) or line(content.get("selected_level_key")),
            reasoning=free_text(content.get("reasoning_md")),
        )


@dataclass(frozen=True, slots=True)
class JudgeFindings:
    """What the judges of a check run said. *is_whole*: whether there certainly is nothing else."""

    findings: tuple[Finding, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class EvalRun:
    """The eval run that scored a check run. *cost_usd*: None if it is not known (yet)."""

    status: str
    cost_usd: float | None

    @classmethod
    def parse(cls, content: Any) -> EvalRun | None:
        """Parse an eval run; None if it has no status."""
        status = word(content.get("status")) if isinstance(content, dict) else None
        return cls(status, number(content.get("billable_cost_usd"), MAX_COST_USD)) if status is not None else None


async def list_judges(client: Client, retry: Retry = retried) -> Judges:
    """Return the judges of the organization.

    Raises:
        ApiError: a request failed.

    """
    entries, is_whole = await _read_pages(client, "list of judges", f"{EVALS_PATH}/agents", retry)
    judges = [Judge.parse(entry) for entry in entries]
    known_judges = tuple(judge for judge in judges if judge is not None and not judge.is_deleted)
    return Judges(known_judges, is_whole and None not in judges)


def resolve_judge(judges: Judges, *, judge_id: str | None = None, name: str | None = None) -> tuple[Judge, str]:
    """Return the judge with an id, or the only one with a name, and the id of its active version. Pure.

    Args:
        judges: the judges of the organization.
        judge_id: the judge's id; None to find it by its name.
        name: its name.

    Raises:
        JudgeNotFound: there is none, there are several of this name, or no version is published. The text lists the
            candidates.

    """
    candidates = _matching(judges, judge_id, name)
    what = f"judge {clean(judge_id)}" if judge_id is not None else f"judge '{clean(name or '', 80)}'"
    if not candidates:
        fact = "does not exist" if judges.is_whole else "is not among those that the API lists"
        message = f"{what} {fact}"
        raise JudgeNotFound(message, judges.judges)
    if len(candidates) > 1:
        message = f"{what}: {len(candidates)} judges have this name; name one by its id"
        raise JudgeNotFound(message, candidates)
    [judge] = candidates
    if judge.active_version_id is None:
        message = f"{what} has no published version; publish it in Bland, or name another one"
        raise JudgeNotFound(message, judges.published)
    return judge, judge.active_version_id


def _matching(judges: Judges, judge_id: str | None, name: str | None) -> Sequence[Judge]:
    if judge_id is None:
        return judges.named(name or "")
    judge = judges.get(judge_id)
    return (judge,) if judge is not None else ()


def _candidates(judges: Sequence[Judge]) -> str:
    """Return judges for a message."""
    listed = [f"{clean(judge.name or 'without a name', 80)} ({clean(judge.judge_id)})" for judge in judges]
    return f"the judges are: {short_list(listed, MAX_CANDIDATES)}" if listed else "there are no such judges"


async def read_eval_run(client: Client, eval_run_id: str) -> EvalRun:
    """Return the eval run that scored a check run."""
    label = f"eval run {clean(eval_run_id)}"
    reply = await client.request(label, "GET", f"{EVALS_PATH}/runs/{segment(label, eval_run_id)}")
    return client.parsed(reply, EvalRun.parse, "the response has no status")


async def read_findings(client: Client, eval_run_id: str, retry: Retry = retried) -> JudgeFindings:
    """Return what the judges of a check run said of each conversation.

    Raises:
        ApiError: a request failed.

    """
    label = f"results of eval run {clean(eval_run_id)}"
    path = f"{EVALS_PATH}/runs/{segment(label, eval_run_id)}/agent-results"
    entries, is_whole = await _read_pages(client, label, path, retry)
    findings = [Finding.parse(entry) for entry in entries]
    return JudgeFindings(
        tuple(finding for finding in findings if finding is not None), is_whole and None not in findings
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a list. *cursor*: where the next one begins; None if it is the last, or that cannot be read."""

    entries: list[Any]
    cursor: str | None
    is_last: bool

    @classmethod
    def parse(cls, content: Any) -> _Page | None:
        """Parse a page: an object with the list in `data`, or the list alone, which is the last page if it is short."""
        if isinstance(content, list):
            return cls(content, None, len(content) < PAGE_LIMIT)
        entries = content.get("data") if isinstance(content, dict) else None
        if not isinstance(entries, list) or reported_error(content):
            return None
        more = flag(content.get("has_more"))
        if more is None:
            return cls(entries, None, len(entries) < PAGE_LIMIT and not shows_more(content, len(entries)))
        return cls(entries, _cursor(content, entries) if more else None, not more)


async def _read_pages(client: Client, label: str, path: str, retry: Retry) -> tuple[list[Any], bool]:
    """Return the entries of all pages, and whether there certainly are no others."""
    entries: list[Any] = []
    query = {"limit": str(PAGE_LIMIT)}
    for _ in range(MAX_FINDING_PAGES):
        page: _Page = await retry(partial(_read_page, client, label, path, query))
        entries += page.entries
        if page.cursor is None or page.cursor == query.get("starting_after"):
            return entries, page.is_last
        query = {**query, "starting_after": page.cursor}
    return entries, False


async def _read_page(client: Client, label: str, path: str, query: dict[str, str]) -> _Page:
    reply = await client.request(label, "GET", path, query=query)

    def parse(_: Any) -> _Page | None:
        return _Page.parse(_page_in(reply.body)) if not reported_error(reply.body) else None

    return client.parsed(reply, parse, "the response has no list")


def _page_in(body: Any) -> Any:
    """Return a page without its wrapper: its list is in `data`, too."""
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else body


def _cursor(page: Json, entries: list[Any]) -> str | None:
    """Return where the next page begins: as the page says, else after its last entry."""
    last = entries[-1] if entries else None
    after = last.get("id") if isinstance(last, dict) else None
    return word(page.get("next_cursor"), MAX_ID_CHARACTERS) or word(after, MAX_ID_CHARACTERS)
