"""A program: guided by coverage, look for files and responses that crash what reads them, or that show codes.

Run in an empty folder as `python -m tests.support.fuzzing reader|responses SEEDS [option of libFuzzer…]`. It ends with
an exit code other than 0 at the first crash, and leaves the input in the folder.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import atheris

from tornado_resource.bland.pathways import publish_version, read_version
from tornado_resource.bland.scenarios import list_scenarios
from tornado_resource.bland.sessions import cancel_session, read_active, read_status, start_session

with atheris.instrument_imports(include=["tornado_resource"]):
    from httpx import ByteStream, Request, Response

    from tests.support.api import client_of
    from tests.support.payloads import commands, shows, strings
    from tests.support.reading import messages
    from tests.support.results import gated_run_of, report_of, result_of
    from tornado_resource.bland.agents import list_versions, read_pins
    from tornado_resource.bland.check_runs import list_check_runs, read_check_run, read_checks
    from tornado_resource.bland.content import Content, parse_content
    from tornado_resource.bland.judges import read_findings
    from tornado_resource.errors import TornadoError
    from tornado_resource.reports import changes
    from tornado_resource.reports.console import failure_message
    from tornado_resource.reports.html import html
    from tornado_resource.reports.summary import summary
    from tornado_resource.scenarios.importing import scenarios_only
    from tornado_resource.versions.difference import compare_contents

    messages(__file__)  # what is imported only when it is needed

from tornado_resource.bland.listing import Owner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from tornado_resource.bland.client import Client

CODES: Final = (200, 200, 200, 200, 201, 302, 400, 401, 403, 404, 409, 429, 500, 503)
CALLS: Final[tuple[Callable[[Client], Coroutine[Any, Any, Any]], ...]] = (
    lambda client: read_status(client, "s-1"),
    lambda client: read_active(client, "p-1"),
    lambda client: start_session(client, {"pathway_id": "p-1"}),
    lambda client: list_scenarios(client, Owner.pathway("p-1"), enabled=True),
    lambda client: read_version(client, "p-1", 1),
    lambda client: cancel_session(client, "s-1"),
    lambda client: publish_version(client, "p-1", 1, "production"),
    lambda client: list_versions(client, "a-1"),
    lambda client: read_pins(client, "a-1"),
    lambda client: list_check_runs(client, "a-1", "staging"),
    lambda client: read_check_run(client, "a-1", "r-1"),
    lambda client: read_checks(client, "a-1", "staging"),
    lambda client: read_findings(client, "e-1", _once),
)


def main() -> None:
    target, seeds, *options = sys.argv[1:]
    atheris.Setup(["fuzzing", *options, seeds], {"reader": read_file, "responses": read_response}[target])
    atheris.Fuzz()


def read_file(data: bytes) -> None:
    path = Path("sessions.yaml")
    path.write_bytes(data)
    said = messages(str(path))
    assert not shows(said), said
    assert not commands(said), said


def read_response(data: bytes) -> None:
    """The first byte chooses the call, the second one the status code; the rest is the body."""
    if len(data) < 2:
        return
    call, code = CALLS[data[0] % len(CALLS)], CODES[data[1] % len(CODES)]
    try:
        value = LOOP.run_until_complete(_called(call, code, data[2:]))
    except TornadoError as error:
        said = str(error)
    else:
        said = _told(value)
    assert not shows(said), said
    assert not commands(said), said


async def _once(call: Callable[[], Awaitable[Any]]) -> Any:
    return await call()


async def _called(call: Callable[[Client], Coroutine[Any, Any, Any]], code: int, body: bytes) -> Any:
    def respond(_request: Request) -> Response:
        return Response(code, headers={"content-type": "application/json"}, stream=ByteStream(body))

    async with client_of(respond) as client:
        return await call(client)


def _told(value: Any) -> str:
    """All texts of a result, and what is made of it for people."""
    texts = strings(json.loads(json.dumps(value, default=_shown_members)))
    if type(value).__name__ == "Status":
        result = result_of(gated_run_of("a"), value)
        texts += [failure_message([result], "dev") or "", summary(report_of(result)), html(report_of(result))]
    elif isinstance(value, Content):
        nothing = parse_content(b'{"nodes": []}')
        assert nothing is not None
        difference = compare_contents(nothing, value, ("before", "after"))
        texts += [changes.text("a", difference), changes.markdown("a", difference)]
    elif isinstance(value, tuple):
        texts.append(scenarios_only(value))
    return "\n".join(texts)


def _shown_members(value: Any) -> Any:
    """The fields of a dataclass but for those that its `repr` leaves out: raw content, to be compared."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
    return str(value)


if __name__ == "__main__":
    LOOP: Final = asyncio.new_event_loop()
    main()
