"""What a failed gate says at the end of `pulumi up`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.text import clean, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_SESSIONS: Final = 12
MOST_SCENARIOS: Final = 8


def failure_message(verdicts: Mapping[str, Mapping[str, Any]], places: Mapping[str, str]) -> str | None:
    """Say what was not met, where, and what to do; None when every verdict is `passed`."""
    missed = {name: verdict for name, verdict in verdicts.items() if verdict["outcome"] != "passed"}
    if not missed:
        return None
    failed = [name for name, verdict in missed.items() if verdict["outcome"] == "failed"]
    word = "failed" if failed else "incomplete"
    lines = [f"gate {word}: {len(missed)} of {count(len(verdicts), 'session')} did not pass"]
    for name in sorted(missed, key=lambda name: (name not in failed, list(missed).index(name)))[:MOST_SESSIONS]:
        lines += _about(name, missed[name], places.get(name, ""))
    if len(missed) > MOST_SESSIONS:
        lines.append(f"… and {len(missed) - MOST_SESSIONS} more: pulumi stack output verdicts")
    lines.append(f"The verdicts are recorded (pulumi stack output verdicts). {_advice(bool(failed))}")
    return "\n".join(lines)


def _about(name: str, verdict: Mapping[str, Any], place: str) -> Iterator[str]:
    yield f"  {name} ({place}, session {clean(verdict['session_id'])}): {verdict['outcome']}: {verdict['reason']}"
    for key, label in (("failed_ids", "failed"), ("unfixable_ids", "unfixable")):
        ids = [clean(scenario_id, 60) for scenario_id in verdict[key]]
        if ids:
            more = f" and {len(ids) - MOST_SCENARIOS} more" if len(ids) > MOST_SCENARIOS else ""
            yield f"    {label}: {', '.join(ids[:MOST_SCENARIOS])}{more}"


def _advice(has_failed: bool) -> str:  # noqa: FBT001 - private, one caller
    if has_failed:
        return "Fix the pathway or the scenarios, then run `pulumi up` again: what failed is started anew."
    return "Run `pulumi up` again: sessions that still run are resumed, not doubled."
