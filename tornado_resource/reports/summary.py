"""The report for people on GitHub: Markdown for the job summary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tornado_resource.reports.scenarios import last_fixes, played
from tornado_resource.text import clean, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tornado_resource.bland.models import Fix
    from tornado_resource.gate.verifying import Result
    from tornado_resource.promotion.record import Promotion
    from tornado_resource.reports.model import Report

MOST_BYTES: Final = 900_000
"""GitHub drops a step's summary of more than 1 MiB; the rest is for what else the step writes."""
MOST_ROWS: Final = 1000
MOST_SECTIONS: Final = 100
MOST_SCENARIOS: Final = 20
MOST_FIXES: Final = 10
CUT: Final = "_The summary is cut here: `verdicts.json` and `report.html` hold the rest._\n"
MARKS: Final = {"passed": "✅", "failed": "❌", "incomplete": "⚠️"}
ADVICE: Final = {
    "failed": "Fix the pathway or the scenarios, then run `pulumi up` again: what failed is started anew.",
    "incomplete": "Run `pulumi up` again: sessions that still run are resumed, not doubled.",
}
NOT_STARTED: Final = "No session runs for it. Put right what the reason says, then run `pulumi up` again."
_RANK: Final = {"failed": 0, "incomplete": 1, "passed": 2}
_HEAD: Final = (
    "\n| Outcome | Session | Scenarios | Iterations | Version | Reason |\n| --- | --- | --- | --- | --- | --- |\n"
)
_JOINER: Final = "&#8288;"
"""The invisible word joiner: what GitHub would link stops being a link by it."""
_SPECIAL: Final = {ord(character): f"&#{ord(character)};" for character in "|\\`[]!"} | {
    **{ord(character): f"\\{character}" for character in "*_~$#{}"},
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}
_LINKED: Final = re.compile(r"@|(?<=www)(?=\.)|:(?=//)|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)


def summary(report: Report) -> str:
    """Write heading, table of sessions, and a section for each session that did not pass; at most `MOST_BYTES`."""
    return "".join(_bounded(_pieces(report)))


def escape(text: str, limit: int = 300) -> str:
    """Show text from outside inside a line of Markdown: no markup, no HTML, no link, no mention, no line break."""
    shown = clean(re.sub(r"[\r\n\t ]+", " ", text).strip(" "), limit).translate(_SPECIAL)
    return _LINKED.sub(lambda match: match[0] + _JOINER, shown)


def _pieces(report: Report) -> Iterator[str]:
    ranked = sorted(report.results, key=lambda result: _RANK[result.verdict.outcome])
    missed = [result for result in ranked if result.verdict.outcome != "passed"]
    where = escape(report.stack) + (f", environment {escape(report.environment)}" if report.environment else "")
    tally = ", ".join(f"{number} {outcome}" for outcome, number in report.tally.items() if number)
    yield f"## {MARKS[report.outcome]} Tornado gate {report.outcome}: {tally or 'no session'}\n\n"
    yield f"Stack {where}, {escape(report.written_at)}\n"
    if report.promotion is not None:
        yield from _promotion(report.promotion)
    if ranked:
        yield _HEAD
    yield from (_row(result) for result in ranked[:MOST_ROWS])
    if len(ranked) > MOST_ROWS:
        yield f"\n… and {count(len(ranked) - MOST_ROWS, 'session')} more: see `verdicts.json`.\n"
    yield from ("".join(_section(result)) for result in missed[:MOST_SECTIONS])
    if len(missed) > MOST_SECTIONS:
        yield f"\n… and {count(len(missed) - MOST_SECTIONS, 'session')} more did not pass: see `report.html`.\n"


def _promotion(promotion: Promotion) -> Iterator[str]:
    yield f"\nPromoted from stack {escape(promotion.source)}\n"
    if promotion.waived:
        yield f"\n**Promoted without a pass:** “{escape(promotion.without or '')}”\n\n"
        waived = [f"{escape(name)}: {escape('; '.join(why), 1000)}" for name, why in promotion.waived.items()]
        yield from (f"- {line}\n" for line in waived[:MOST_SECTIONS])
        if len(waived) > MOST_SECTIONS:
            yield f"- and {len(waived) - MOST_SECTIONS} more: see `verdicts.json`\n"


def _bounded(pieces: Iterable[str]) -> Iterator[str]:
    left = MOST_BYTES - len(CUT) - 1
    for piece in pieces:
        left -= len(piece.encode())
        if left < 0:
            yield f"\n{CUT}"
            return
        yield piece


def _row(result: Result) -> str:
    verdict = result.verdict
    passed, total = verdict.passed_scenarios, verdict.total_scenarios
    scenarios = "" if total is None else f"{passed if passed is not None else '?'} of {total}"
    iterations = "" if verdict.iterations is None else str(verdict.iterations)
    version = "" if verdict.version is None else str(verdict.version)
    outcome = f"{MARKS[verdict.outcome]} {verdict.outcome}"
    name, reason = escape(result.subject.name), escape(verdict.reason)
    return f"| {outcome} | {name} | {scenarios} | {iterations} | {version} | {reason} |\n"


def _section(result: Result) -> Iterator[str]:
    verdict = result.verdict
    yield f"\n### {MARKS[verdict.outcome]} {escape(result.subject.name)}\n\n"
    yield f"- **Reason:** {escape(verdict.reason, 1000)}\n"
    known = {"Declared at": result.subject.place, "Session": verdict.session_id}
    yield from (f"- **{title}:** {escape(value)}\n" for title, value in known.items() if value)
    failed = [each for each in played(result) if not each.is_met]
    for title, listed in (
        ("Failed", [each.label for each in failed if not each.unfixable]),
        ("Unfixable", [each.label for each in failed if each.unfixable]),
    ):
        yield from _listed(title, [escape(label) for label in listed], MOST_SCENARIOS)
    yield from _listed("Last fix plan", [_fix(fix) for fix in last_fixes(result)], MOST_FIXES)
    yield f"- **What to do:** {ADVICE[verdict.outcome] if verdict.session_id else NOT_STARTED}\n"


def _listed(title: str, entries: list[str], most: int) -> Iterator[str]:
    if not entries:
        return
    yield f"- **{title}:** {len(entries)}\n"
    yield from (f"  - “{entry}”\n" for entry in entries[:most])
    if len(entries) > most:
        yield f"  - and {len(entries) - most} more\n"


def _fix(fix: Fix) -> str:
    target, kind = escape(fix.target_node or "unknown node"), escape(fix.kind or "unknown kind")
    return f"{target} ({kind}): {escape(fix.description or 'no description', 1000)}"
