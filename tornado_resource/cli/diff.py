"""`tornado-resource diff`: what differs between two versions of a pathway or of an agent."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from tornado_resource.cli import options
from tornado_resource.cli.output import ExitCode, format_option
from tornado_resource.cli.stack import read_gated_stack, stack_option
from tornado_resource.core.text import clean, clean_json, did_you_mean
from tornado_resource.declarations.model import LIVE_VERSION
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.cli.stack import GatedStack
    from tornado_resource.runs.model import GatedRun, Result
    from tornado_resource.versions.difference import Changes

REPAIRS: Final = "repairs"
AS_NOW: Final = "the API keeps no older content, so what it is now was compared"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two versions to compare, and what people call them where it is not the version alone."""

    versions: tuple[str, str]
    suffixes: tuple[str, str] = ("", "")


def _complete_other(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    words = [word for word in (REPAIRS, LIVE_VERSION) if word.startswith(incomplete)]
    return words + options.stacks(context, parameter, incomplete)


@click.command("diff", cls=options.Command)
@stack_option
@click.option(
    "--against",
    default=None,
    metavar="repairs|live|STACK",
    shell_complete=_complete_other,
    help="What the version that was judged is compared with: the version that the session started from, the live one "
    "(of an agent: what production pins), or the version of the same session or agent in another stack. Default: "
    "repairs for a repaired session, else live.",
)
@click.option(
    "--versions",
    nargs=2,
    metavar="OLD NEW",
    help="Compare these two versions of NAME: numbers, or live; of an agent published versions, ids, latest, pinned "
    "(by its env), or live (by production).",
)
@format_option("text", "markdown", "json")
@click.argument("chosen", metavar="[NAME]", required=False, shell_complete=options.runs)
def command(
    name: str | None, against: str | None, versions: tuple[str, str] | None, output: str, chosen: str | None
) -> ExitCode:
    """Show what differs between two versions of a pathway or agent: nodes, edges, settings, and the lines of prompts.

    NAME is a session or an agent; without it, all of the stack that have a version. It reads the versions as they are
    now, and sends GET requests only. The text of pathways and agents can be private: do not run it where the output is
    public.
    """
    if versions is not None and (chosen is None or against is not None):
        message = "--versions needs the name of a session or agent, and excludes --against"
        raise click.UsageError(message)
    stack = read_gated_stack(name)
    runs = _chosen(stack, chosen)
    other = read_gated_stack(against) if against not in {None, REPAIRS, LIVE_VERSION} else None
    changes, edits, unreadable = asyncio.run(_read(stack, runs, other, versions or against))
    if changes:
        _show(changes, output)
    for line in [*edits, *unreadable]:
        click.echo(line, err=True)
    return ExitCode.INCOMPLETE if unreadable else ExitCode.PASSED


@dataclass(frozen=True, slots=True)
class _Judged:
    """A run of the stack. *result* is known already where what passed in another stack counts here."""

    gated: GatedRun
    result: Result | None = None

    async def read(self, client: Client) -> Result:
        """Return the result as of now."""
        from tornado_resource.runs.results import read_result

        return self.result or await read_result(client, self.gated)


def _judged(stack: GatedStack) -> list[_Judged]:
    return [*map(_Judged, stack.gated_runs), *(_Judged(result.gated, result) for result in stack.carried)]


def _chosen(stack: GatedStack, name: str | None) -> list[_Judged]:
    judged = _judged(stack)
    chosen = [run for run in judged if name in {None, run.gated.name}]
    if name is not None and not chosen:
        hint = did_you_mean(name, [run.gated.name for run in judged])
        message = f"stack {stack.stack} has no session or agent {clean(name, 80)} with a gate{hint}"
        raise ConfigurationError(message)
    return chosen


Target = str | tuple[str, str] | None
"""What is compared with what was judged, or two versions in place of it."""


async def _read(
    stack: GatedStack, runs: list[_Judged], other: GatedStack | None, target: Target
) -> tuple[dict[str, Changes], list[str], list[str]]:
    """Return the changes by name, and a line for each version that was edited and each run that is not shown."""
    async with stack.client() as client:
        there = await _versions_there(other) if other is not None else {}
        answers = await asyncio.gather(
            *(_of_run(client, run_read, target, there.get(run_read.gated.name)) for run_read in runs)
        )
    pairs = [(run.gated, answer.found) for run, answer in zip(runs, answers, strict=True)]
    changes = {gated.name: read for gated, read in pairs if not isinstance(read, str)}
    problems = [f"{gated.name}: {gated.public(read)}" for gated, read in pairs if isinstance(read, str)]
    edits = [
        f"{run.gated.name}: {answer.edit}" for run, answer in zip(runs, answers, strict=True) if answer.edit is not None
    ]
    return changes, edits, problems


async def _versions_there(other: GatedStack) -> dict[str, Result]:
    """Return the results of another stack, which may have an API key of its own."""
    async with other.client() as client:
        results = await asyncio.gather(*(run.read(client) for run in _judged(other)))
    return {result.gated.name: result for result in results}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What differs for one run, or why that cannot be shown, and how its version was edited since it was judged."""

    found: Changes | str
    edit: str | None = None


async def _of_run(client: Client, run: _Judged, target: Target, there: Result | None) -> _Shown:
    gated, kind = run.gated, kind_of(run.gated.kind)
    pair: _Pair | str
    if kind.place_outputs[0] not in gated.request:
        return _Shown(f"the {kind.place_noun} is unknown: the outputs of the stack do not show it")
    if isinstance(target, tuple):
        pair, edit = _Pair(target), None
    else:
        result = await kind.with_drift(client, await run.read(client))
        edit = f"{result.drift}; {AS_NOW}" if result.drift is not None else None
        pair = _pair(result, target, there)
    if isinstance(pair, str):
        return _Shown(pair, edit)
    try:
        return _Shown(await _compare(client, gated, pair), edit)
    except TornadoError as error:
        return _Shown(str(error), edit)


def _pair(result: Result, against: str | None, there: Result | None) -> _Pair | str:
    """Return what to compare, or why nothing can be."""
    verdict, kind = result.verdict, kind_of(result.gated.kind)
    judged = kind.version_of(verdict)
    if judged is None:
        return f"no version is known ({verdict.reason})"
    started = result.gated.request.get(kind.version_field)
    target = against or (REPAIRS if verdict.repaired and started is not None else LIVE_VERSION)
    if target == LIVE_VERSION:
        return _Pair((str(judged), LIVE_VERSION))
    if target != REPAIRS:
        return _pair_with(result, there, clean(target))
    if not kind.has_iterations:
        return f"a {kind.noun} makes no repairs"
    if started is None:
        return "no version_number is declared, so it is unknown which version it started from"
    return _Pair((str(started), str(judged)))


def _pair_with(here: Result, there: Result | None, stack: str) -> _Pair | str:
    kind = kind_of(here.gated.kind)
    other = kind.version_of(there.verdict) if there is not None else None
    if there is None or other is None:
        return f"no version is known in stack {stack}"
    subject = kind.place_outputs[0]
    if there.gated.request.get(subject) != here.gated.request[subject]:
        return f"it runs on another {kind.place_noun} in stack {stack}"
    return _Pair((str(other), str(kind.version_of(here.verdict))), (" there", " here"))


async def _compare(client: Client, gated: GatedRun, pair: _Pair) -> Changes:
    from tornado_resource.versions.difference import compare_contents

    kind = kind_of(gated.kind)
    before, after = await asyncio.gather(
        *(kind.read_content(client, gated.request, version) for version in pair.versions)
    )
    labels = (f"{before[0]}{pair.suffixes[0]}", f"{after[0]}{pair.suffixes[1]}")
    return compare_contents(before[1], after[1], labels)


def _show(changes: dict[str, Changes], output: str) -> None:
    from tornado_resource.reports import changes as shown

    if output == "json":
        content: dict[str, Any] = {name: shown.as_json(change) for name, change in changes.items()}
        click.echo(clean_json(json.dumps(content, indent=2)))
        return
    render = shown.markdown if output == "markdown" else shown.text
    click.echo("\n\n".join(render(name, change) for name, change in changes.items()))
