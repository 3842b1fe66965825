"""`tornado-resource diff`: what differs between two versions of a pathway."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from tornado_resource.bland.content import LIVE
from tornado_resource.cli import completion
from tornado_resource.cli.output import ExitCode, format_option
from tornado_resource.cli.stack import read_gated_stack, stack_option
from tornado_resource.core.text import clean, clean_json, did_you_mean
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.cli.stack import GatedStack
    from tornado_resource.runs.model import GatedRun, Result
    from tornado_resource.versions.difference import Changes

REPAIRS: Final = "repairs"
LIVE_PATHWAY: Final = "live"
AS_NOW: Final = "the API keeps no older content, so what it is now was compared"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two versions of a pathway to compare, and what people call them."""

    pathway_id: str
    versions: tuple[int, int]
    labels: tuple[str, str]


def _complete_other(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    words = [word for word in (REPAIRS, LIVE_PATHWAY) if word.startswith(incomplete)]
    return words + completion.stacks(context, parameter, incomplete)


@click.command("diff")
@stack_option
@click.option(
    "--against",
    default=None,
    metavar="repairs|live|STACK",
    shell_complete=_complete_other,
    help="What the version that was judged is compared with: the version that the session started from, the live "
    "pathway, or the version of the same session in another stack. Default: repairs for a repaired session, else live.",
)
@format_option("text", "markdown", "json")
@click.argument("session", required=False, shell_complete=completion.runs)
def command(name: str | None, against: str | None, output: str, session: str | None) -> ExitCode:
    """Show what differs between two versions of a pathway: nodes, edges, settings, and the lines of their prompts.

    Without SESSION: for all sessions of the stack that have a version. It reads the versions as they are now, and sends
    GET requests only. The text of pathways can be private: do not run it where the output is public.
    """
    stack = read_gated_stack(name)
    sessions = _chosen(stack, session)
    other = read_gated_stack(against) if against not in {None, REPAIRS, LIVE_PATHWAY} else None
    found, edits, unreadable = asyncio.run(_read(stack, sessions, other, against))
    if found:
        _show(found, output)
    for line in [*edits, *unreadable]:
        click.echo(line, err=True)
    return ExitCode.INCOMPLETE if unreadable else ExitCode.PASSED


def _chosen(stack: GatedStack, name: str | None) -> list[GatedRun]:
    found = [gated for gated in stack.gated_runs if name in {None, gated.name}]
    if name is not None and not found:
        hint = did_you_mean(name, [gated.name for gated in stack.gated_runs])
        message = f"stack {stack.stack} has no session {clean(name, 80)} with a gate{hint}"
        raise ConfigurationError(message)
    return found


async def _read(
    stack: GatedStack, sessions: list[GatedRun], other: GatedStack | None, against: str | None
) -> tuple[dict[str, Changes], list[str], list[str]]:
    """Return the changes by session, and a line for each version that was edited and each session not shown."""
    async with stack.client() as client:
        there = await _versions_there(other) if other is not None else {}
        shown = await asyncio.gather(*(_of_session(client, gated, against, there) for gated in sessions))
    pairs = [(gated, each.found) for gated, each in zip(sessions, shown, strict=True)]
    changes = {gated.name: found for gated, found in pairs if not isinstance(found, str)}
    problems = [f"{gated.name}: {gated.public(found)}" for gated, found in pairs if isinstance(found, str)]
    edits = [f"{gated.name}: {each.edit}" for gated, each in zip(sessions, shown, strict=True) if each.edit is not None]
    return changes, edits, problems


async def _versions_there(other: GatedStack) -> dict[str, Result]:
    """Return the results of another stack, which may have an API key of its own."""
    from tornado_resource.runs.results import read_result

    async with other.client() as client:
        results = await asyncio.gather(*(read_result(client, gated) for gated in other.gated_runs))
    return {result.gated.name: result for result in results}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What differs for one session, or why that cannot be shown, and how its version was edited since it was judged."""

    found: Changes | str
    edit: str | None = None


async def _of_session(client: Client, gated: GatedRun, against: str | None, there: dict[str, Result]) -> _Shown:
    from tornado_resource.runs.results import read_result

    result = await kind_of(gated.kind).with_drift(client, await read_result(client, gated))
    edit = f"{result.drift}; {AS_NOW}" if result.drift is not None else None
    pair = _pair(result, against, there.get(gated.name))
    if isinstance(pair, str):
        return _Shown(pair, edit)
    try:
        return _Shown(await _compare(client, pair), edit)
    except TornadoError as error:
        return _Shown(str(error), edit)


def _pair(result: Result, against: str | None, there: Result | None) -> _Pair | str:
    """Return what to compare, or why nothing can be."""
    verdict, request = result.verdict, result.gated.request
    if verdict.version is None:
        return f"no version is known ({verdict.reason})"
    started = request.get("version_number")
    target = against or (REPAIRS if verdict.repaired and started is not None else LIVE_PATHWAY)
    judged = f"version {verdict.version}"
    if target == LIVE_PATHWAY:
        return _Pair(request["pathway_id"], (verdict.version, LIVE), (judged, "live"))
    if target != REPAIRS:
        return _pair_with(there, request["pathway_id"], verdict.version, clean(target))
    if started is None:
        return "no version_number is declared, so it is unknown which version it started from"
    return _Pair(request["pathway_id"], (started, verdict.version), (f"version {started}", judged))


def _pair_with(there: Result | None, pathway_id: str, version: int, stack: str) -> _Pair | str:
    other = there.verdict.version if there is not None else None
    if there is None or other is None:
        return f"no version is known in stack {stack}"
    if there.gated.request.get("pathway_id") != pathway_id:
        return f"it runs on another pathway in stack {stack}"
    return _Pair(pathway_id, (other, version), (f"version {other} there", f"version {version} here"))


async def _compare(client: Client, pair: _Pair) -> Changes | str:
    from tornado_resource.versions.difference import compare_contents
    from tornado_resource.versions.reading import read_content

    before, after = await asyncio.gather(*(read_content(client, pair.pathway_id, each) for each in pair.versions))
    if before is None or after is None:
        hidden = pair.labels[0] if before is None else pair.labels[1]
        return f"the API does not show {hidden} of pathway {clean(pair.pathway_id)}"
    return compare_contents(before, after, pair.labels)


def _show(found: dict[str, Changes], output: str) -> None:
    from tornado_resource.reports import changes as shown

    if output == "json":
        content: dict[str, Any] = {name: shown.as_json(each) for name, each in found.items()}
        click.echo(clean_json(json.dumps(content, indent=2)))
        return
    render = shown.markdown if output == "markdown" else shown.text
    click.echo("\n\n".join(render(name, each) for name, each in found.items()))
