from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.orders import ADDRESS
from tornado_resource.cli.doctor import Declared, Row, diagnose
from tornado_resource.runs.intents import Intent
from tornado_resource.runs.order import Found, StartedRun
from tornado_resource.stacks.recorded import Place

RUN = StartedRun("s-1", "2026-04-14T10:00:00.000Z", "RUNNING")
SINCE = "session s-1 runs since 2026-04-14T10:00:00.000Z"
WHERE = "support-line (pathway pw-1)"
INTENT = Intent(ADDRESS, "pw-1", "digest", "2026-04-14T10:00:00+00:00")
DECLARED = Declared("support-line", Place("tornado", {"pathway_id": "pw-1"}), "dev")
CHECKED = Declared("support", Place("check_run", {"agent_id": "ag-1", "env": "staging"}), "dev")


def found(
    run: StartedRun | None = RUN,
    recorded: dict[str, str] | None = None,
    intents: tuple[Intent, ...] = (),
    declared: Declared = DECLARED,
) -> Row:
    seen = Found(run) if run is not None else None
    return diagnose(declared, seen, recorded=recorded or {}, intents=intents)


def test_a_place_without_a_run_is_free() -> None:
    assert found(None) == Row("free", f"{WHERE}: no session runs")
    assert found(None, declared=CHECKED) == Row("free", "support (agent ag-1 in staging): no check run runs")


def test_a_check_run_is_ours_orphaned_or_foreign() -> None:
    where, run = "support (agent ag-1 in staging)", "check run s-1"
    assert found(declared=CHECKED, recorded={"s-1": "dev"}).text.startswith(f"{where}: {run} of stack dev runs since")
    orphaned = found(declared=CHECKED, intents=(replace(INTENT, pathway_id="ag-1/staging"),))
    assert (orphaned.kind, orphaned.cure) == ("orphaned", "pulumi up --stack dev (on this machine) records it")
    assert found(declared=CHECKED, intents=(replace(INTENT, pathway_id="ag-1/production"),)).kind == "foreign"
    foreign = found(declared=CHECKED)
    assert (foreign.kind, foreign.text) == ("foreign", f"{where}: {run} runs{SINCE[16:]}, and no stack has recorded it")
    assert foreign.cure is not None
    assert "tornado:onConflict.support supersede" in foreign.cure


def test_a_recorded_session_is_ours_even_with_an_intent() -> None:
    row = found(recorded={"s-1": "dev", "s-2": "prod"}, intents=(replace(INTENT, session_id="s-1"),))
    assert row == Row("ours", f"{WHERE}: session s-1 of stack dev runs since {SINCE[23:]}")


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
    assert found(recorded={"s-2": "dev"}, intents=(intent,)) == Row(
        "orphaned",
        f"{WHERE}: {SINCE}; started from this machine for stack dev, but not recorded in its state",
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
    row = found(intents=intents)
    assert (row.kind, row.text) == ("foreign", f"{WHERE}: {SINCE}, and no stack has recorded it")
    assert row.cure == (
        "pulumi config set --path tornado:adopt.support-line s-1 --stack dev && pulumi up --stack dev, to adopt it; "
        "pulumi config set --path tornado:onConflict.support-line supersede --stack dev && pulumi up --stack dev; "
        "pulumi config rm --path tornado:onConflict.support-line --stack dev, to cancel it"
    )


def test_the_second_intent_is_looked_at_too() -> None:
    intents = (replace(INTENT, session_id="s-2"), replace(INTENT, session_id="s-1"))
    assert found(intents=intents).kind == "orphaned"


def test_ids_and_times_of_the_api_are_shown_safely() -> None:
    assert "session s\\x1b runs, and" in found(replace(RUN, run_id="s\x1b", created_at=None)).text
    assert "since 2026\\x1b" in found(replace(RUN, created_at="2026\x1b")).text
