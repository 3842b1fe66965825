"""The Markdown report: the job summary on GitHub, for people."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.content import short
from tornado_resource.core.text import clean, count, id_list
from tornado_resource.reports.baseline import NOT_BLAMED, changes, rows
from tornado_resource.reports.baseline import tally as tally_of
from tornado_resource.reports.outcomes import (
    STYLES,
    advice,
    headings,
    held,
    judge_views,
    last_fixes,
    mismatch_title,
    omission,
    parts,
    quarantine_views,
    tally,
    unmet_scenarios,
    worst_first,
)
from tornado_resource.reports.rates import MAX_RATES, rate_views
from tornado_resource.runs.kinds import count_runs, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tornado_resource.bland.sessions import Fix
    from tornado_resource.reports.model import Report
    from tornado_resource.reports.outcomes import JudgeView
    from tornado_resource.reports.trends import PartTrend, Trends
    from tornado_resource.runs.model import Result
    from tornado_resource.stacks.recorded_promotion import Promotion
    from tornado_resource.stacks.rollback import Rollback

MAX_SUMMARY_CHARACTERS: Final = 65_000
"""The summary fits into a comment on a pull request, which GitHub limits to 65,536 characters."""
MAX_ROWS: Final = 1000
MAX_SECTIONS: Final = 50
MAX_SECTION_SCENARIOS: Final = 20
MAX_SECTION_FIXES: Final = 10
CUT_SUMMARY: Final = "_The summary is cut here: `verdicts.json` and `report.html` hold the rest._\n"
_BLOCKS: Final = 10
"""The length of the bar of a judge or a rate."""
_JOINER: Final = "&#8288;"
"""The invisible word joiner: it keeps GitHub from turning text into a link or a mention."""
_SPECIAL: Final = {ord(character): f"&#{ord(character)};" for character in "|\\`[]!"} | {
    **{ord(character): f"\\{character}" for character in "*_~$#{}"},
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}
_LINKED: Final = re.compile(r"@|(?<=www)(?=\.)|:(?=//)|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)


def summary(report: Report) -> str:
    """Return a heading, a table of sessions, and a section for each that did not pass, within the limit of GitHub."""
    results = worst_first(report.results)
    missed = [result for result in results if result.verdict.outcome != "passed"]
    confirmed = [result for result in results if result.verdict.outcome == "passed" and rate_views(result)]
    return "".join(
        bounded(
            chain(
                _heading(report),
                _problem(report.problem),
                _promotion(report.promotion),
                _rollbacks(report.rollbacks),
                _table(results),
                _against(report),
                _cost(report),
                _quarantine(results, report),
                _flaky(report.trends),
                _sections(missed, report.stack),
                _confirmations(confirmed),
            )
        )
    )


def escape(text: str, limit: int = 300) -> str:
    """Return text from outside for a line of Markdown, without markup, HTML, links, mentions and line breaks."""
    escaped = clean(re.sub(r"[\r\n\t ]+", " ", text).strip(" "), limit).translate(_SPECIAL)
    return _LINKED.sub(lambda match: match[0] + _JOINER, escaped)


def _heading(report: Report) -> Iterator[str]:
    where = escape(report.stack) + (f", environment {escape(report.environment)}" if report.environment else "")
    numbers = ", ".join(f"{number} {outcome}" for outcome, number in report.tally.items() if number)
    tallied = f"{numbers} of {count_runs(result.gated for result in report.results)}" if numbers else "no session"
    yield f"## {STYLES[report.outcome].emoji} Tornado gate {report.outcome}: {tallied}\n\n"
    yield f"Stack {where}, {escape(report.written_at)}\n"


def _problem(problem: str | None) -> Iterator[str]:
    if problem is not None:
        first, *others = problem.split("\n")
        yield f"\n- **Problem:** {escape(first, 1000)}\n"
        yield from (f"  - “{escape(line)}”\n" for line in others[:MAX_SECTION_SCENARIOS])
        if len(others) > MAX_SECTION_SCENARIOS:
            yield f"  - and {len(others) - MAX_SECTION_SCENARIOS} more: see `verdicts.json`\n"


def _promotion(promotion: Promotion | None) -> Iterator[str]:
    if promotion is None:
        return
    yield f"\nPromoted from stack {escape(promotion.source)}\n"
    for name, excused in [*promotion.quarantined.items()][:MAX_SECTIONS]:
        yield f"\n{escape(name)} failed there in quarantine: {escape(id_list(excused))}\n"
    waived = [f"{escape(name)}: {escape('; '.join(why), 1000)}" for name, why in promotion.waived.items()]
    if waived:
        yield f"\n**Promoted without a pass:** “{escape(promotion.override or '')}”\n\n"
        yield from (f"- {line}\n" for line in waived[:MAX_SECTIONS])
    if len(waived) > MAX_SECTIONS:
        yield f"- and {len(waived) - MAX_SECTIONS} more: see `verdicts.json`\n"


def _rollbacks(rollbacks: Mapping[str, Rollback]) -> Iterator[str]:
    lines = [f"\n**{escape(name)}** is {escape(str(rollback), 1000)}\n" for name, rollback in rollbacks.items()]
    yield from lines[:MAX_SECTIONS]
    if len(lines) > MAX_SECTIONS:
        yield f"\nand {len(lines) - MAX_SECTIONS} more rollbacks: see `verdicts.json`\n"


def _table(results: list[Result]) -> Iterator[str]:
    """Yield a table of few columns: a phone shows no more side by side."""
    if results:
        yield f"\n{_head(headings(result.gated for result in results).run, 'Reason', 'Version')}"
    yield from map(_row, results[:MAX_ROWS])
    if len(results) > MAX_ROWS:
        yield f"\n… and {count_runs(result.gated for result in results[MAX_ROWS:])} more: see `verdicts.json`.\n"


def _against(report: Report) -> Iterator[str]:
    """Yield what has changed since the last verdicts of the baseline."""
    if report.baseline is None:
        return
    yield f"\n### Against stack {escape(report.baseline.stack)}\n\n"
    if report.baseline.problem is not None:
        yield f"{report.baseline.problem.capitalize()}.\n"
        return
    changed = rows(changes(report.results, report.baseline))
    is_blamed = any(row.change == "still_failing" for row in changed)
    yield f"{tally_of(changed).capitalize()}.{f' {NOT_BLAMED}' if is_blamed else ''}\n"
    yield f"\n{_head('Change', 'Session', 'Scenario or judge', 'There')}" if changed else ""
    for row in changed[:MAX_SECTIONS]:
        yield _line([row.words, escape(row.run), escape(row.label), escape(row.there)])
    yield from _rest(len(changed) - MAX_SECTIONS, "verdicts.json")


def _flaky(trends: Trends | None) -> Iterator[str]:
    """Yield the scenarios and judges that passed and failed on the same content over the last updates."""
    if trends is None or not trends.flaky:
        return
    flaky = trends.flaky
    yield f"\n### {len(flaky)} flaky over the last {trends.shown_updates}\n\n"
    yield _head("Scenario or judge", "Flips", "Passed", "Last failure")
    yield from map(_flaky_row, flaky[:MAX_SECTION_SCENARIOS])
    yield from _rest(len(flaky) - MAX_SECTION_SCENARIOS, "report.html")


def _flaky_row(part: PartTrend) -> str:
    url = part.last_failure.run_url if part.last_failure is not None else None
    simulated = f", {part.shown_simulations}" if part.simulations is not None else ""
    numbers = [str(part.flips), f"{part.passed} of {len(part.runs)}{simulated}"]
    version = part.last_failure.shown_version if part.last_failure is not None else None
    failed = " ".join([f"[the CI run]({url})" if url else "", f"version {escape(version)}" if version else ""]).strip()
    return _line([f"{escape(part.session)}: {escape(part.label)}", *numbers, failed])


def _quarantine(results: list[Result], report: Report) -> Iterator[str]:
    """Yield a section on what decides nothing, whatever the outcome is."""
    views = [
        (result.gated.name, quarantined) for result in results for quarantined in quarantine_views(result, report.day)
    ]
    if views:
        yield f"\n### In quarantine\n\n{_head('Run', 'What', 'Found', 'Reason')}"
    for name, view in views[:MAX_ROWS]:
        yield _line([escape(name), escape(view.label), escape(view.state), escape(view.entry.reason)])
    yield from _rest(len(views) - MAX_ROWS, "verdicts.json")


def _cost(report: Report) -> Iterator[str]:
    """Yield what the update starts, at worst and in fact, with a row for each run; else how much the runs have held."""
    cost = report.cost
    if cost is None:
        total = sum(held(result) or 0 for result in report.results)
        yield f"\nConversations held: {total}\n" if total else ""
    elif cost.conversations:
        limits = f" (budget: {cost.budget})" if cost.budget is not None else ""
        yield f"\nStarts, at worst: {cost}{limits}\n\n"
        yield from _cost_rows(cost.conversations, {result.gated.name: result for result in report.results})


def _cost_rows(at_worst: Mapping[str, int], results: Mapping[str, Result]) -> Iterator[str]:
    has_prices = any(result.cost_usd is not None for result in results.values())
    yield _head("Started", "Conversations at worst", "Held", *(["Cost of the judges"] if has_prices else []))
    for name in [*at_worst][:MAX_SECTIONS]:
        yield _cost_row(name, at_worst[name], results.get(name), has_prices=has_prices)
    yield from _rest(len(at_worst) - MAX_SECTIONS, "verdicts.json")


def _cost_row(name: str, at_worst: int, result: Result | None, *, has_prices: bool) -> str:
    number = held(result) if result is not None else None
    paid = result.cost_usd if result is not None else None
    judges = f"{paid:.2f} US\\$" if paid is not None else ""
    number_text = str(number) if number is not None else ""
    return _line([escape(name), str(at_worst), number_text, *([judges] if has_prices else [])])


def _head(*titles: str) -> str:
    """Return the first two lines of a table."""
    return f"{_line([*titles])}{_line(['---'] * len(titles))}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _rest(number: int, file: str, what: str = "") -> Iterator[str]:
    """Yield how many more there are than a section shows, and the file that has them, if there are any."""
    if number > 0:
        yield f"\n… and {number} more{what}: see `{file}`.\n"


def _sections(missed: list[Result], stack: str) -> Iterator[str]:
    yield from ("".join(_section(result, stack)) for result in missed[:MAX_SECTIONS])
    if len(missed) > MAX_SECTIONS:
        yield f"\n… and {tally(missed[MAX_SECTIONS:])} more: see `report.html`.\n"


def _confirmations(confirmed: list[Result]) -> Iterator[str]:
    """Yield the rates of the sessions that passed; a section of a session that did not has them itself."""
    for result in confirmed[:MAX_SECTIONS]:
        title = f"{STYLES[result.verdict.outcome].emoji} {escape(result.gated.name)}"
        yield "".join([f"\n### {title}\n\n", *_rates(result)])
    yield from _rest(len(confirmed) - MAX_SECTIONS, "report.html", " confirmed")


def _rates(result: Result) -> Iterator[str]:
    """Yield `■■■■■■■■□□ Refund: 80% (4 of 5 runs; …); the gate requires 4 of 5` for each scenario, the lowest first."""
    views = rate_views(result)
    if views:
        yield f"- **Confirmation:** {count(len(views), 'scenario')}\n"
    for view in views[:MAX_RATES]:
        yield f"  - {_bar(view.rate)} {escape(view.label, 60)}: {view.shown}; {view.requirement}\n"
    if len(views) > MAX_RATES:
        yield f"  - and {len(views) - MAX_RATES} more\n"


def _bar(rate: float) -> str:
    full = int(rate * _BLOCKS)
    return "■" * full + "□" * (_BLOCKS - full)


def bounded(pieces: Iterable[str], note: str = CUT_SUMMARY) -> Iterator[str]:
    """Stop before the piece that would go beyond the limit, so that no row or section is cut in half."""
    left = MAX_SUMMARY_CHARACTERS - len(note) - 1
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            yield f"\n{note}"
            return
        yield piece


def _row(result: Result) -> str:
    verdict, numbers = result.verdict, _parts(result)
    # Most reasons begin with the numbers.
    texts = [numbers if numbers not in verdict.reason else "", verdict.reason, result.drift]
    reason = "; ".join(escape(text) for text in texts if text)
    return _line([f"{STYLES[verdict.outcome].emoji} {escape(result.gated.name)}", reason, _version(result)])


def _parts(result: Result) -> str:
    counted = parts(result)
    if counted.total is None:
        return ""
    return f"{counted.passed if counted.passed is not None else '?'} of {counted.total} {counted.unit}"


def _version(result: Result) -> str:
    verdict = result.verdict
    if verdict.version_id is not None:
        return escape(f"{verdict.semver} {verdict.version_id[:8]}" if verdict.semver else verdict.version_id)
    content = f" {escape(short(verdict.content))}" if verdict.content else ""
    return "" if verdict.version is None else f"{verdict.version}{content}"


def _section(result: Result, stack: str) -> Iterator[str]:
    verdict = result.verdict
    yield f"\n### {STYLES[verdict.outcome].emoji} {escape(result.gated.name)}\n\n"
    yield f"- **Reason:** {escape(verdict.reason, 1000)}\n"
    noun = kind_of(result.gated.kind).noun.capitalize()
    for title, value in (("Declared at", str(result.gated.position or "")), (noun, verdict.session_id)):
        if value:
            yield f"- **{title}:** {escape(value)}\n"
    failed, unfixable = unmet_scenarios(result)
    yield from _listed("Failed", [escape(scenario.label) for scenario in failed], MAX_SECTION_SCENARIOS)
    yield from _listed("Unfixable", [escape(scenario.label) for scenario in unfixable], MAX_SECTION_SCENARIOS)
    if result.cost_usd is not None:
        yield f"- **Cost of the judges:** {result.cost_usd:.2f} US\\$\n"
    yield from _judges(judge_views(result))
    yield from _rates(result)
    yield from _mismatches(result)
    yield from _transcripts(result)
    yield from _listed("Last fix plan", [_fix(fix) for fix in last_fixes(result)], MAX_SECTION_FIXES)
    left_out = omission(result)
    if left_out is not None:
        yield f"- {left_out}\n"
    yield f"- **What to do:** {advice(result, stack)}\n"


def _transcripts(result: Result) -> Iterator[str]:
    """Yield the failed assertions and the last messages of failed scenarios."""
    for scenario_id, transcript in result.transcripts.items():
        yield f"- **How “{escape(result.scenario_name(scenario_id))}” failed:**\n"
        yield from (f"  - {escape(name)}: {escape(reason or 'failed')}\n" for name, reason in transcript.assertions)
        yield from (f"  - {escape(role or 'unknown')}: “{escape(text)}”\n" for role, text in transcript.messages)
        if transcript.error:
            yield f"  - error: {escape(transcript.error)}\n"


def _judges(views: tuple[JudgeView, ...]) -> Iterator[str]:
    """Yield `■■■■□□□□□□ resolved: 40% matched; the gate requires 80%` for each judge."""
    if views:
        yield f"- **Judges:** {len(views)}\n"
    for view in views[:MAX_SECTION_SCENARIOS]:
        yield f"  - {_bar(view.rate or 0.0)} {escape(view.name, 60)}: {view.shown_rate}; {view.requirement}\n"
    if len(views) > MAX_SECTION_SCENARIOS:
        yield f"  - and {len(views) - MAX_SECTION_SCENARIOS} more\n"


def _mismatches(result: Result) -> Iterator[str]:
    if not result.mismatches:
        return
    yield f"- **Conversations that did not match:** {len(result.mismatches) + result.omitted_mismatches}\n"
    for mismatch in result.mismatches:
        reasoning = f": “{escape(mismatch.reasoning)}”" if mismatch.reasoning else ""
        yield f"  - {escape(mismatch_title(mismatch))}{reasoning}\n"
    if result.omitted_mismatches:
        yield f"  - and {result.omitted_mismatches} more\n"


def _listed(title: str, entries: list[str], limit: int) -> Iterator[str]:
    if not entries:
        return
    yield f"- **{title}:** {len(entries)}\n"
    yield from (f"  - “{entry}”\n" for entry in entries[:limit])
    if len(entries) > limit:
        yield f"  - and {len(entries) - limit} more\n"


def _fix(fix: Fix) -> str:
    target, kind = escape(fix.target_node or "unknown node"), escape(fix.kind or "unknown kind")
    return f"{target} ({kind}): {escape(fix.description or 'no description', 1000)}"
