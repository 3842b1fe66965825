"""The tables of `tests/examples` that say which verdict follows from what: their rows, and how a wait ends in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.support.api import FakeTime, client_of, json_response
from tests.support.paths import EXAMPLES
from tornado_resource.runs.wait import wait_for_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tornado_resource.runs.model import Ending, GatedRun

GIVEN_UP: Final[dict[str, Any]] = {
    "(outage)": httpx.ConnectError("no route to host"),
    "(refused)": json_response({"message": "no such key"}, 401),
    "(unpaid)": json_response({"errors": [{"error": "BILLING_NOT_ALLOWED", "message": "no credits left"}]}, 402),
    "(limited)": json_response({"message": "too many requests"}, 429),
    "(quota)": json_response({"data": None, "errors": [{"message": "quota exceeded"}]}),
}
"""What the API responds where a wait ends without a status, by the cell *status*."""


def rows_of(name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line of a table, and its cells as they are written."""
    for number, line in enumerate((EXAMPLES / name).read_text(encoding="utf-8").splitlines(), start=1):
        cells = [cell.strip().replace("\\|", "|") for cell in line.strip("| ").split(" | ")]
        if line.startswith("| ") and cells[0] not in {"status", "---"}:
            yield number, cells


async def ending_of(gated: GatedRun, response: Any, other: tuple[str, httpx.Response]) -> Ending:
    """Return how the wait for a run ends.

    Args:
        gated: the run.
        response: what the API responds for its status; an error is raised.
        other: the end of another path that is asked for, and the response there.

    """

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(other[0]):
            return other[1]
        if isinstance(response, Exception):
            raise response
        return httpx.Response(response.status_code, content=response.content)

    return await wait_for_end(client_of(handle), gated, 15.0, lambda _progress: None, FakeTime().clock())
