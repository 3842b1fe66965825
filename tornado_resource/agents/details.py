"""What reports show of a check run beside its verdict. It changes no verdict, and is in no state or stack output."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tornado_resource.agents.as_declared import name_of
from tornado_resource.agents.gate import reaches_gate
from tornado_resource.bland.judges import read_eval_run, read_findings
from tornado_resource.core.text import clean
from tornado_resource.errors import TornadoError
from tornado_resource.runs.model import Mismatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.bland.check_runs import CheckRun
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.judges import Finding
    from tornado_resource.runs.model import Result

MAX_MISMATCHES: Final = 5
"""How many conversations are shown for a judge."""
MAX_REASONING_CHARACTERS: Final = 500
NO_MATCH: Final = "no match"
DETAIL_SECONDS: Final = 20.0
"""How long the reports wait for what judges said of a run."""


async def with_cost(client: Client, result: Result, run: CheckRun) -> Result:
    """Return the result with what its judges cost. Never raises for what the API does; sends one request at most."""
    if run.eval_run_id is None or not run.is_final:
        return result
    with suppress(TornadoError, TimeoutError):
        async with asyncio.timeout(DETAIL_SECONDS):
            return replace(result, cost_usd=(await read_eval_run(client, run.eval_run_id)).cost_usd)
    return result


async def with_mismatches(client: Client, result: Result, run: CheckRun) -> Result:
    """Return the result with the conversations for which judges did not meet the gate, as far as the API shows them.

    Never raises for what the API does; reads nothing of a run that passed.
    """
    if run.eval_run_id is None or not run.is_final or result.verdict.outcome == "passed":
        return result
    missed = {
        verdict.judge_id: name_of(verdict) for verdict in run.verdicts if not reaches_gate(result.verdict.gate, verdict)
    }
    if not missed:
        return result
    with suppress(TornadoError, TimeoutError):
        async with asyncio.timeout(DETAIL_SECONDS):
            listed = await read_findings(client, run.eval_run_id)
            mismatches = [_mismatches(name, judge_id, listed.findings) for judge_id, name in missed.items()]
            kept = tuple(mismatch for of_judge in mismatches for mismatch in of_judge[:MAX_MISMATCHES])
            return replace(result, mismatches=kept, omitted_mismatches=sum(map(len, mismatches)) - len(kept))
    return result


def _mismatches(name: str, judge_id: str | None, findings: Iterable[Finding]) -> list[Mismatch]:
    """Return the conversations that a judge did not find as they should be, those without a result last."""
    mismatches = [
        _mismatch(name, finding, how) for finding in findings if finding.judge_id == judge_id and (how := _how(finding))
    ]
    return sorted(mismatches, key=lambda mismatch: mismatch.how != NO_MATCH)


def _mismatch(name: str, finding: Finding, how: str) -> Mismatch:
    reasoning = clean(" ".join((finding.reasoning or "").split()), MAX_REASONING_CHARACTERS)
    return Mismatch(name, how, finding.conversation_id, finding.level, reasoning)


def _how(finding: Finding) -> str | None:
    """Return why a conversation is no match; None if it is one, or if that cannot be read."""
    if finding.failure is not None:
        return f"failed: {finding.failure}"
    if finding.is_inconclusive:
        return "inconclusive"
    return NO_MATCH if finding.is_match is False else None
