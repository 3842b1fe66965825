from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.orders import ADDRESS
from tornado_resource.bland.responses import Active
from tornado_resource.cli.doctor import Finding, diagnose
from tornado_resource.runs.intents import Intent

ACTIVE = Active("s-1", "2026-04-14T10:00:00.000Z", "RUNNING", None, 5, 7, None)
SINCE = "session s-1 runs since 2026-04-14T10:00:00.000Z"
INTENT = Intent(ADDRESS, "pw-1", "digest", "2026-04-14T10:00:00+00:00")


def found(
    active: Active | None = ACTIVE, recorded: dict[str, str] | None = None, intents: tuple[Intent, ...] = ()
) -> Finding:
    return diagnose("pw-1", "support-line", "dev", active=active, recorded=recorded or {}, intents=intents)


def test_a_pathway_without_a_session_is_free() -> None:
    assert found(None) == Finding("free", "pw-1", "support-line", "no session runs")


def test_a_recorded_session_is_ours_even_with_an_intent() -> None:
    finding = found(recorded={"s-1": "dev", "s-2": "prod"}, intents=(replace(INTENT, session_id="s-1"),))
    assert finding == Finding("ours", "pw-1", "support-line", "session s-1 of stack dev runs since " + SINCE[23:])


@pytest.mark.parametrize(
    "intent",
    [
        replace(INTENT, session_id="s-1"),
        replace(INTENT, session_id="s-1", pathway_id="pw-moved"),
        INTENT,
    ],
    ids=["by its id", "by its id on another pathway", "by its pathway"],
)
def test_a_session_of_an_intent_is_orphaned(intent: Intent) -> None:
    assert found(recorded={"s-2": "dev"}, intents=(intent,)) == Finding(
        "orphaned",
        "pw-1",
        "support-line",
        f"{SINCE}; started from this machine for stack dev, but not recorded in its state",
        "pulumi up --stack dev (on this machine) records it",
    )


@pytest.mark.parametrize(
    "intents",
    [
        (),
        (replace(INTENT, session_id="s-2"),),
        (replace(INTENT, pathway_id="pw-2"),),
    ],
    ids=["no intent", "an intent of another session", "an intent of another pathway"],
)
def test_any_other_session_is_foreign(intents: tuple[Intent, ...]) -> None:
    finding = found(intents=intents)
    assert (finding.kind, finding.text) == ("foreign", f"{SINCE}, and no stack has recorded it")
    assert finding.cure == (
        "pulumi config set --path tornado:adopt.support-line s-1 --stack dev && pulumi up --stack dev, to adopt it; "
        "pulumi config set --path tornado:onConflict.support-line supersede --stack dev && pulumi up --stack dev; "
        "pulumi config rm --path tornado:onConflict.support-line --stack dev, to cancel it"
    )


def test_the_second_intent_is_looked_at_too() -> None:
    intents = (replace(INTENT, session_id="s-2"), replace(INTENT, session_id="s-1"))
    assert found(intents=intents).kind == "orphaned"


def test_ids_and_times_of_the_api_are_shown_safely() -> None:
    assert found(replace(ACTIVE, session_id="s\x1b", created_at=None)).text.startswith("session s\\x1b runs, and")
    assert "since 2026\\x1b" in found(replace(ACTIVE, created_at="2026\x1b")).text
