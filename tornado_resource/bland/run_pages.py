"""The list of runs of the API's page *Runs*, page by page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tornado_resource.bland.client import Client, Reply
    from tornado_resource.bland.retrying import Retry

AGENT_TESTING: Final = "/v1/agent-testing"
RUNS_PATH: Final = f"{AGENT_TESTING}/runs"
PAGE_RUNS: Final = 100
"""The most that the API lists at once."""
MAX_PAGES: Final = 50
"""An API that knows no `offset` shows its first page again and again."""
R = TypeVar("R", bound="Sequence[Any]")


async def run_pages(  # noqa: PLR0913 - the last two by keyword, with defaults
    client: Client,
    label: str,
    query: Mapping[str, str],
    runs_of: Callable[[Reply], R],
    *,
    retry: Retry | None = None,
    most: int = MAX_PAGES,
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
    for page in range(most):
        offset = {"offset": str(page * PAGE_RUNS)} if page else {}
        asked = {**query, "limit": str(PAGE_RUNS), **offset}
        request = partial(client.request, label, "GET", RUNS_PATH, query=asked)
        reply: Reply = await (retry(request) if retry is not None else request())
        runs = runs_of(reply)
        yield reply, runs
        if len(runs) < PAGE_RUNS:
            return
