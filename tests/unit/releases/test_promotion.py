"""Whether sessions may run on what passed in another stack, and on which version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.bland.content import Digests
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Environment, Gate
from tornado_resource.releases.promotion import Promoted, SourceStack, VersionNow, check_promotion
from tornado_resource.stacks.recorded_promotion import PromotedSession, Promotion
from tornado_resource.stacks.rollback import Rollback

NOW = datetime(2026, 4, 14, 12, 0, tzinfo=UTC)
STACK = "organization/agents/staging"
VERDICT: dict[str, Any] = {
    "outcome": "passed",
    "reason": "4 of 4 scenarios passed",
    "session_id": "s-1",
    "version": 7.0,
    "finished_at": "2026-04-14T10:00:00.000Z",
}
SESSION: dict[str, Any] = {"session_id": "s-1", "pathway_id": "pw-1"}
DECLARED = Declaration(
    "support-line",
    {"pathway_id": "pw-1"},
    Gate(repaired="refuse"),
    Position("sessions.yaml", 4, 3),
    publish="production",
)


def source_stack(verdict: Any = VERDICT, session: Any = SESSION, **changes: Any) -> SourceStack:
    outputs = {"verdicts": {"support-line": verdict}, "sessions": {"support-line": session}, "environment": "staging"}
    return SourceStack(STACK, **(outputs | changes))


def promoted(
    source: SourceStack,
    *,
    max_age: str | None = None,
    override: str | None = None,
    promotes_from: str = "staging",
    **request: Any,
) -> Promoted:
    declaration = replace(DECLARED, request={**DECLARED.request, **request})
    return check_promotion(Environment("production", (declaration,), promotes_from, max_age), source, NOW, override)


def test_the_version_that_passed_is_taken_over_as_an_integer() -> None:
    found = promoted(source_stack())
    assert found.problems == {}
    request = found.environment.declarations[0].request
    assert request == {"pathway_id": "pw-1", "version_number": 7}
    assert type(request["version_number"]) is int
    assert found.record == Promotion(
        STACK, None, {"support-line": PromotedSession("s-1", 7, "2026-04-14T10:00:00.000Z")}
    )
    assert found.summaries["support-line"] == "support-line: version 7, passed there (session s-1)"


@pytest.mark.parametrize(
    ("source", "options", "text"),
    [
        (source_stack(verdicts=None), {}, "no verdict there"),
        (source_stack(verdicts={}), {}, "no verdict there"),
        (source_stack(verdicts=[1]), {}, "no verdict there"),
        (source_stack(None), {}, "no verdict there"),
        (source_stack({**VERDICT, "outcome": 1}), {}, "no verdict there"),
        (
            source_stack({**VERDICT, "outcome": "failed", "reason": "no \x1b[1m"}),
            {},
            r"its verdict there is failed: no \x1b[1m",
        ),
        (source_stack({**VERDICT, "outcome": "incomplete"}), {}, "its verdict there is incomplete: 4 of 4"),
        (source_stack({**VERDICT, "outcome": "PASSED"}), {}, "its verdict there is PASSED"),
        (source_stack({**VERDICT, "outcome": "failed", "reason": 3}), {}, "is failed: no reason is recorded"),
        (
            source_stack(session={**SESSION, "session_id": "s-2"}),
            {},
            "session s-1 passed there, but the stack now records session s-2",
        ),
        (source_stack(session=None), {}, "session s-1 passed there, but the stack now records no session"),
        (source_stack(sessions=None), {}, "but the stack now records no session"),
        (
            source_stack({**VERDICT, "session_id": ""}),
            {},
            "an unknown session passed there, but the stack now records session s-1",
        ),
        (
            source_stack({**VERDICT, "session_id": ""}, {**SESSION, "session_id": ""}),
            {},
            "an unknown session passed there",
        ),
        (source_stack(), {"max_age": "1h"}, "it passed there 2h ago, but max_age is 1h"),
        (source_stack(), {"max_age": "7199s"}, "it passed there 2h ago, but max_age is 7199s"),
        (source_stack({**VERDICT, "finished_at": None}), {"max_age": "1h"}, "the time of its pass there is unknown"),
        (source_stack({**VERDICT, "finished_at": "soon"}), {"max_age": "1h"}, "the time of its pass there is unknown"),
        (source_stack({**VERDICT, "finished_at": "2026-04-14T12:05:01Z"}), {"max_age": "1h"}, "is in the future"),
        (source_stack({**VERDICT, "version": None}), {}, "the pass there names no version; declare `version_number`"),
        (source_stack({**VERDICT, "version": 7.5}), {}, "the pass there names no version"),
        (source_stack({**VERDICT, "version": True}), {}, "the pass there names no version"),
        (source_stack(), {"version_number": 3}, "version_number 3 is declared here, but version 7 passed there"),
        (source_stack({**VERDICT, "version": 1e300}), {}, "the pass there names no version"),
        (source_stack({**VERDICT, "version": -1.0}), {}, "the pass there names no version"),
        (
            source_stack({**VERDICT, "version": 0.0}),
            {"version_number": 0},
            "it passed on version 0, which names the live pathway; declare `version_number: latest`, or the number",
        ),
        (source_stack(), {"version_number": 0}, "which names the live pathway; remove it here"),
        (source_stack(environment="dev"), {}, "the stack there runs environment dev"),
        (source_stack(environment=["staging"]), {}, "the stack there runs environment ['staging']"),
    ],
)
def test_each_problem_is_reported(source: SourceStack, options: dict[str, Any], text: str) -> None:
    assert text in promoted(source, **options).problems["support-line"]


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (source_stack(), {"max_age": "2h"}),
        (source_stack(), {"max_age": "1d"}),
        (source_stack({**VERDICT, "finished_at": None}), {}),
        (source_stack({**VERDICT, "finished_at": "2026-04-14T12:04:59Z"}), {"max_age": "1s"}),
        (source_stack(), {"version_number": 7}),
        (source_stack(environment=None), {}),
        (source_stack(environment="eu"), {"promotes_from": "acme/agents/staging"}),
    ],
)
def test_limits_and_matches_are_no_problem(source: SourceStack, options: dict[str, Any]) -> None:
    assert promoted(source, **options).problems == {}


def test_all_problems_are_reported_at_once() -> None:
    found = promoted(source_stack(session={**SESSION, "session_id": "s-2"}), max_age="1h", version_number=3)
    for text in ("the stack now records session s-2; ", "but max_age is 1h; ", "but version 7 passed there; "):
        assert text in found.problems["support-line"]


def test_another_pathway_needs_the_pass_but_carries_no_version_over() -> None:
    found = promoted(source_stack(session={**SESSION, "pathway_id": "pw-copy"}))
    assert found.problems == {}
    assert "version_number" not in found.environment.declarations[0].request
    assert found.summaries["support-line"] == (
        "support-line: passed there (session s-1) on another pathway, no version is carried over"
    )
    kept = promoted(source_stack(session={**SESSION, "pathway_id": "pw-copy"}), version_number=3)
    assert kept.environment.declarations[0].request["version_number"] == 3
    assert kept.summaries["support-line"].endswith("on another pathway, version 3 is declared")


def test_an_override_records_the_problems_as_waived() -> None:
    found = promoted(source_stack({**VERDICT, "outcome": "failed", "reason": "1 of 4"}), override="INC-7")
    assert found.problems == {}
    assert found.environment.declarations[0].request["version_number"] == 7
    assert found.record.override == "INC-7"
    assert found.record.waived == {"support-line": ("its verdict there is failed: 1 of 4",)}
    assert "version 7, promoted without a pass" in found.summaries["support-line"]


def test_under_an_override_a_declared_version_takes_precedence() -> None:
    found = promoted(source_stack(), override="INC-7", version_number=3)
    assert found.environment.declarations[0].request["version_number"] == 3
    assert "version_number 3 is declared here, but version 7 passed there" in found.record.waived["support-line"][0]


def test_an_override_without_problems_waives_nothing() -> None:
    found = promoted(source_stack(), override="INC-7")
    assert found.record.waived == {}
    assert found.record.override == "INC-7"


scalars = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8)
verdicts = st.fixed_dictionaries({key: st.just(value) | scalars for key, value in VERDICT.items()})
sessions = st.fixed_dictionaries({key: st.just(value) | scalars for key, value in SESSION.items()})


@given(verdicts, sessions, st.sampled_from([None, "1h", "3h"]), st.sampled_from([None, 3, 7]))
def test_only_a_pass_of_the_recorded_session_is_promoted(
    verdict: dict[str, Any], session: dict[str, Any], max_age: str | None, declared: int | None
) -> None:
    request: dict[str, Any] = {} if declared is None else {"version_number": declared}
    found = promoted(source_stack(verdict, session), max_age=max_age, **request)
    if found.problems:
        return
    assert verdict["outcome"] == "passed"
    assert verdict["session_id"] == session["session_id"] != ""
    version = found.environment.declarations[0].request.get("version_number")
    if session["pathway_id"] == "pw-1":
        assert version == verdict["version"]
    else:
        assert version == declared
    if max_age is not None:
        finished = datetime.fromisoformat(verdict["finished_at"])
        assert NOW - finished.replace(tzinfo=finished.tzinfo or UTC) <= timedelta(hours=int(max_age[:-1]))


outputs = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner), max_leaves=8
)


@given(outputs, outputs, outputs)
def test_malformed_outputs_never_raise(first: Any, second: Any, third: Any) -> None:
    assert promoted(SourceStack(STACK, first, second, third)).problems
    source = SourceStack(STACK, first, {"support-line": second}, {"support-line": third})
    promoted(source, max_age="1h", override="x")


def test_a_session_of_this_pathway_can_still_get_a_version() -> None:
    assert promoted(source_stack(verdicts=None, sessions=None)).awaiting_version == {"support-line"}
    assert (
        promoted(source_stack({**VERDICT, "outcome": "failed"}, {**SESSION, "pathway_id": "pw-2"})).awaiting_version
        == frozenset()
    )
    assert promoted(source_stack()).awaiting_version == frozenset()


def test_an_override_takes_the_version_of_an_interrupted_update() -> None:
    found = promoted(
        source_stack({**VERDICT, "outcome": "incomplete", "session_id": ""}, sessions=None), override="INC-7"
    )
    assert found.environment.declarations[0].request["version_number"] == 7


OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64
PASSED_AT = "sha256:000000000000 passed at 2026-04-14T10:00:00.000Z"
PINNED: dict[str, Any] = {**VERDICT, "content": OLD, "full_run": True}


def with_version(now: VersionNow, override: str | None = None, content: Any = OLD) -> Promoted:
    environment = Environment("production", (DECLARED,), "staging")
    found = check_promotion(environment, source_stack({**PINNED, "content": content}), NOW, override)
    return found.compared_with({"support-line": now})


def test_the_content_that_passed_goes_on_with_its_version() -> None:
    found = promoted(source_stack(PINNED))
    assert found.record.sessions["support-line"].content == OLD
    assert found.pinned == {"support-line": ("pw-1", 7)}
    assert found.unpinned == ()
    assert with_version(VersionNow(Digests.of(OLD))).problems == {}
    read = Digests("sha256v2:" + "2" * 64, OLD)
    session = with_version(VersionNow(read)).record.sessions["support-line"]
    assert (session.content, session.pinned) == (OLD, read)  # from here on in the form of now


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (
            VersionNow(Digests("sha256v2:" + "2" * 64, NEW)),
            "version 7 was edited since: sha256:000000000000 passed at 2026-04-14T10:00:00.000Z, now it is",
        ),
        (
            VersionNow(None),
            "version 7 cannot be read any more (sha256:000000000000 passed at 2026-04-14T10:00:00.000Z)",
        ),
        (VersionNow(None, "HTTP 500"), "could not read version 7 to check that it is unchanged since it passed"),
    ],
)
def test_another_content_is_not_promoted(now: VersionNow, text: str) -> None:
    found = with_version(now)
    assert text in found.problems["support-line"]
    assert found.pinned == {}


def test_an_override_waives_the_content_too() -> None:
    found = with_version(VersionNow(Digests.of(NEW)), "INC-1")
    assert found.problems == {}
    session = found.record.sessions["support-line"]
    assert "was edited since" in session.waived[0]
    assert (session.content, session.pinned) == (None, None)
    assert (found.unpinned, found.pinned) == ((), {})


@pytest.mark.parametrize("content", [None, 7, ["sha256:0"]])
def test_a_pass_without_content_is_unpinned(content: Any) -> None:
    found = promoted(source_stack({**VERDICT, "content": content}))
    assert (found.problems, found.unpinned, found.pinned) == ({}, ("support-line",), {})
    assert with_version(VersionNow(Digests.of(OLD)), content=content).problems == {}


def test_no_content_is_carried_to_another_pathway_or_version() -> None:
    elsewhere = promoted(source_stack(PINNED, {**SESSION, "pathway_id": "pw-2"}), version_number=7)
    assert elsewhere.record.sessions["support-line"].content is None
    assert elsewhere.unpinned == ()
    overridden = promoted(source_stack(PINNED), version_number=3, override="INC-1")
    assert overridden.record.sessions["support-line"].content is None


@pytest.mark.parametrize(
    ("full_run", "gate", "is_refused"),
    [
        (False, Gate(), True),
        (False, None, True),
        (False, Gate(full_run="any"), False),
        (True, Gate(), False),
        (None, Gate(), False),
    ],
)
def test_a_pass_of_several_iterations_counts_only_where_allowed(
    full_run: bool | None,  # noqa: FBT001
    gate: Gate | None,
    is_refused: bool,  # noqa: FBT001
) -> None:
    environment = Environment("production", (replace(DECLARED, gate=gate),), "staging")
    found = check_promotion(environment, source_stack({**PINNED, "full_run": full_run}), NOW)
    assert ("the last iteration did not run every scenario" in found.problems.get("support-line", "")) is is_refused


AGENT_PASS: dict[str, Any] = {
    **{key: VERDICT[key] for key in ("outcome", "reason", "session_id", "finished_at")},
    "version": None,
    "version_id": "v-7",
    "semver": "1.4.0",
    "content": "v-7",
    "full_run": None,
}
RUN: dict[str, Any] = {"run_id": "s-1", "agent_id": "ag-1", "env": "staging"}


def promoted_agent(
    verdict: Any = AGENT_PASS, run: Any = RUN, *, version: str = "latest", override: str | None = None, **options: Any
) -> Promoted:
    request = {"agent_id": "ag-1", "env": "production", "version_id": version}
    agent = Declaration("support", request, Gate(), Position("sessions.yaml", 4, 3), section="agents")
    source = SourceStack(STACK, "staging", verdicts={"support": verdict}, agents={"support": run})
    return check_promotion(Environment("production", (agent,), "staging", **options), source, NOW, override)


@pytest.mark.parametrize("declared", ["latest", "pinned", "1.4.0", "v-7"])
def test_the_version_of_an_agent_goes_on_by_its_id(declared: str) -> None:
    """What it holds is not compared: its id says that."""
    found = promoted_agent(version=declared, max_age="3h")
    assert (found.problems, found.pinned, found.unpinned) == ({}, {}, ())
    assert found.environment.declarations[0].request["version_id"] == "v-7"
    taken = found.record.sessions["support"]
    assert (taken.version, taken.version_id, taken.semver, taken.content) == (None, "v-7", "1.4.0", "v-7")
    assert found.summaries["support"] == "support: version 1.4.0, passed there (check run s-1)"


AGENT_PROBLEMS: list[tuple[Any, Any, dict[str, Any], str]] = [
    (
        AGENT_PASS,
        RUN,
        {"version": "1.3.0"},
        "version 1.3.0 is declared here, but version 1.4.0 passed there; remove it here, or test version 1.3.0 there",
    ),
    ({**AGENT_PASS, "semver": None}, RUN, {"version": "1.4.0"}, "but version v-7 passed there"),
    (AGENT_PASS, RUN, {"version": "v-8"}, "version v-8 is declared here, but version 1.4.0 passed there"),
    ({**AGENT_PASS, "version_id": None}, RUN, {}, "the pass there names no version; run it again there"),
    ({**AGENT_PASS, "version_id": 7}, RUN, {}, "the pass there names no version; run it again there"),
    (
        AGENT_PASS,
        {**RUN, "run_id": "s-2"},
        {},
        "check run s-1 passed there, but the stack now records check run s-2",
    ),
    (AGENT_PASS, None, {}, "check run s-1 passed there, but the stack now records no check run"),
    ({**AGENT_PASS, "session_id": None}, RUN, {}, "an unknown check run passed there"),
    (AGENT_PASS, RUN, {"max_age": "1h"}, "it passed there 2h ago, but max_age is 1h"),
    ({**AGENT_PASS, "finished_at": None}, RUN, {"max_age": "1h"}, "the time of its pass there is unknown"),
    ({**AGENT_PASS, "outcome": "incomplete", "reason": "the judges are down"}, RUN, {}, "incomplete: the judges are"),
    (None, RUN, {}, "no verdict there: declare the agent there with a gate"),
]


@pytest.mark.parametrize(("verdict", "run", "options", "text"), AGENT_PROBLEMS)
def test_a_pass_of_an_agent_that_does_not_count_is_named(verdict: Any, run: Any, options: Any, text: str) -> None:
    found = promoted_agent(verdict, run, **options)
    assert text in found.problems["support"]
    waived = promoted_agent(verdict, run, **options, override="INC-7")
    assert (waived.problems, waived.carried) == ({}, {})
    assert text in waived.record.sessions["support"].waived[0]
    assert text in waived.summaries["support"]


@pytest.mark.parametrize(
    ("declared", "version_id", "semver"),
    [("1.3.0", None, "1.3.0"), ("v-8", "v-8", None), ("1.4.0", "v-7", "1.4.0"), ("latest", "v-7", "1.4.0")],
)
def test_an_agent_promoted_without_a_pass_names_its_version(
    declared: str, version_id: str | None, semver: str | None
) -> None:
    found = promoted_agent({**AGENT_PASS, "outcome": "failed"}, version=declared, override="INC-7")
    taken = found.record.sessions["support"]
    assert (taken.version_id, taken.semver, taken.content) == (version_id, semver, None)


@pytest.mark.parametrize(
    ("declared", "sent", "said"),
    [("latest", "latest", "no version is carried over"), ("2.0.0", "2.0.0", "version 2.0.0 is declared")],
)
def test_the_pass_of_another_agent_carries_no_version(declared: str, sent: str, said: str) -> None:
    found = promoted_agent(run={**RUN, "agent_id": "ag-copy"}, version=declared)
    assert found.problems == {}
    assert found.environment.declarations[0].request["version_id"] == sent
    assert found.summaries["support"] == f"support: passed there (check run s-1) on another agent, {said}"
    assert found.record.sessions["support"].content is None


def test_what_its_stack_has_rolled_back_is_not_promoted() -> None:
    rollback = Rollback(5, "s-5", "s-1", "INC-7", instead_of_version=7).as_output()
    found = promoted(source_stack(rollbacks={"support-line": rollback, "other": rollback}))
    assert found.problems == {"support-line": "it is rolled back there to version 5: INC-7"}
    waived = promoted(source_stack(rollbacks={"support-line": rollback}), override="INC-8")
    assert waived.problems == {}
    for other in ({"other": rollback}, {"support-line": 5}, 5):
        assert promoted(source_stack(rollbacks=other)).problems == {}


def test_what_was_excused_there_is_shown_and_recorded() -> None:
    entries = [{"part": part, "reason": "flaky", "until": "2026-04-14"} for part in ("sc-1", "sc-2")]
    verdict = {**VERDICT, "gate": {"passed": "all", "quarantine": entries}, "quarantined": ["sc-2"]}
    found = promoted(source_stack(verdict))
    assert found.problems == {}
    summary = "support-line: version 7, passed there (session s-1; failed in quarantine: sc-2 until 2026-04-14)"
    assert found.summaries["support-line"] == summary
    assert found.record.quarantined == {"support-line": ("sc-2",)}
    late = check_promotion(found.declared, source_stack(verdict), NOW + timedelta(days=1))
    ended = "sc-2 failed there in quarantine, which ended on 2026-04-14; run `pulumi up` there to judge it again"
    assert late.problems == {"support-line": ended}


DAMAGED: list[dict[str, Any]] = [{"gate": "all"}, {"quarantined": "sc-2"}, {"gate": {"quarantine": [None]}}]


@pytest.mark.parametrize("damaged", DAMAGED, ids=str)
def test_a_damaged_quarantine_excuses_nothing(damaged: dict[str, Any]) -> None:
    entry = {"part": "sc-2", "reason": "flaky", "until": "2026-04-01"}
    verdict = {**VERDICT, "gate": {"quarantine": [entry]}, "quarantined": ["sc-2"], **damaged}
    assert promoted(source_stack(verdict)).problems == {}


def test_what_was_excused_by_a_confirmation_there_is_too() -> None:
    entries = [{"part": part, "reason": "flaky", "until": "2026-04-13"} for part in ("sc-1", "sc-2")]
    rates = {"sc-1": {"passed": 5.0, "runs": 5.0}, "sc-2": {"passed": 2.0, "runs": 5.0}}
    confirmation = {"set_id": "set-1", "runs": 5.0, "scenarios": rates}
    found = promoted(source_stack({**VERDICT, "gate": {"quarantine": entries}, "confirmation": confirmation}))
    assert list(found.problems) == ["support-line"]
    assert found.problems["support-line"].startswith("sc-2 failed there in quarantine, which ended on 2026-04-13")


@pytest.mark.parametrize(
    ("confirm", "passed", "runs", "is_excused"),
    [
        ({"runs": 5, "passed": "80%"}, 4, 5, False),
        ({"runs": 5, "passed": "80%"}, 3, 5, True),
        ({"runs": 5, "passed": "80%"}, 3, 3, True),
        ({"runs": 5.0, "passed": 3.0}, 3, 5, False),
        ({"runs": 5, "passed": "all"}, 4, 5, True),
        ({"runs": "five"}, 4, 5, True),
    ],
)
def test_what_met_its_bar_in_a_confirmation_was_not_excused(
    confirm: dict[str, Any],
    passed: int,
    runs: int,
    is_excused: bool,  # noqa: FBT001
) -> None:
    """A simulation without a result says nothing. A bar that cannot be read is met by no failure."""
    entries = [{"part": "sc-2", "reason": "flaky", "until": "2026-04-13"}]
    confirmation = {"set_id": "set-1", "runs": 5, "scenarios": {"sc-2": {"passed": passed, "runs": runs}}}
    gate = {"passed": "all", "quarantine": entries, "confirm": confirm}
    found = promoted(source_stack({**VERDICT, "gate": gate, "confirmation": confirmation}))
    assert bool(found.problems) is is_excused
    assert bool(found.record.quarantined) is is_excused
