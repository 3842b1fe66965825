"""The budget of the config (`tornado:budget`): what a program starts is counted as it is declared."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.positions import Position
from tornado_resource.declarations.budget import Cost, Share
from tornado_resource.declarations.model import Declaration, Gate
from tornado_resource.program.arguments import is_plain
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import GatedRun

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tornado_resource.declarations.model import Budget, Section
    from tornado_resource.program.last_runs import LastRuns

PARENT_SECONDS: Final = 2.0
"""How long a run waits for the parents of others to be registered. One of them may wait for this run itself."""


class Spending:
    """What a program starts, as far as it is declared. *budget*: what all of it may cost at worst; None: any.

    A program has declared what needs no outputs of other resources before the first of it can start, so that none of it
    starts if all of it costs too much. So has what is below another resource, unless that waits for a run: this is
    counted later, when it is its turn.
    """

    def __init__(self, budget: Budget | None) -> None:
        self.budget = budget
        self._own: dict[Future[Share | None], Future[Any]] = {}
        self._others: tuple[Share, ...] = ()
        self._of_file: Collection[str] = ()

    def leave_to_file(self, declarations: Iterable[Declaration]) -> None:
        """Do not count these runs as the program's own: `deploy()` counts what a file declares."""
        self._of_file = {declaration.name for declaration in declarations}

    def counts(self, name: str) -> bool:
        """Return whether there is a budget, and a run of this name counts as the program's own."""
        return self.budget is not None and name not in self._of_file

    def expect(self, share: Future[Share | None], urns: Future[Any]) -> None:
        """Count what a run costs that the program declares itself, once its *urns* are known."""
        self._own[share] = urns

    async def with_own(self, shares: Sequence[Share]) -> tuple[Share, ...]:
        """Return *shares*, which count from now on, with what the program declares itself."""
        self._others = tuple(shares)
        pending = [urns for urns in self._own.values() if not urns.done()]
        if pending:
            await asyncio.wait(pending, timeout=PARENT_SECONDS)
        own = await asyncio.gather(*(share for share, urns in self._own.items() if urns.done()))
        return (*self._others, *(own_cost for own_cost in own if own_cost is not None))

    async def refusal(self, name: str, share: Future[Share | None], urns: Future[Any]) -> str | None:
        """Return why a run is not started; None if the budget allows it beside what is declared already.

        Args:
            name: the run's name.
            share: what it costs, which counts from now on; None if nothing is started for it.
            urns: its URNs, which are known.

        """
        self.expect(share, urns)
        cost = Cost(await self.with_own(self._others), self.budget)
        return cost.refusal_of(name) if await share is not None else None


async def find_share(
    declaration: Declaration,
    inputs: Mapping[str, Any],
    last_runs: LastRuns,
    confirmed: GatedRun | None,
    *,
    starts: bool,
) -> Share | None:
    """Return what a run costs at worst in this update; None if nothing is started for it.

    Args:
        declaration: the run.
        inputs: what is declared.
        last_runs: what the stack's state had.
        confirmed: the run under its gate and its recorded URN; None if this update confirms no pass of it.
        starts: whether the update may start it.

    """
    if starts:
        return Share.of(declaration)
    if confirmed is None or not declaration.repeats or await last_runs.kept(inputs, confirmed) is not None:
        return None
    return Share.of_confirmation(declaration)


async def own_share(
    declaration: Declaration, urns: Sequence[str], inputs: Mapping[str, Any], last_runs: LastRuns, *, adopts: bool
) -> Share | None:
    """Return what a run costs at worst that a program declares itself; None if nothing is started for it.

    Args:
        declaration: the run, as `as_declaration` returns it.
        urns: the URN of the resource, and those that it may have been recorded under before.
        inputs: what is declared. Each may be unknown in a preview.
        last_runs: what the stack's state had.
        adopts: whether it takes over what runs already, unless it is in the state.

    """
    (own, *former), gate, recorded = urns, declaration.gate, await last_runs.recorded()
    urn = next(filter(recorded.__contains__, urns), own)
    gated = GatedRun(declaration.name, "", gate, {}, urn=urn, kind=declaration.kind) if gate is not None else None
    starts = await last_runs.starts(own, inputs, former, adopts=adopts)
    share = await find_share(declaration, inputs, last_runs, gated, starts=starts)
    return replace(share, is_located=False) if share is not None else None


def as_declaration(kind: str, name: str, declared: Mapping[str, Any]) -> Declaration:
    """Return inputs as a declaration, as far as they are known: how many scenarios there are, before their ids."""
    plain = {key: value for key, value in declared.items() if is_plain(value) or isinstance(value, list | tuple)}
    # A place that is not known yet may be another one than that of any other run.
    unknown = dict.fromkeys(kind_of(kind).place_outputs, name)
    request = {**unknown, **{key: plain[key] for key in kind_of(kind).fields if key in plain}}
    section: Section = "sessions" if kind == "tornado" else "agents"
    gate = Gate.of(plain.get("gate")) if "gate" in plain or "gate" not in declared else Gate()
    return Declaration(name, whole_without_nulls(request), gate, Position("", 0, 0), section=section)
