"""What a program knows of its sessions before it declares them, and what it asks."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from tests.support.shared_client import FAILED, NEW, OLD, PASSED, URN, StatusApi
from tornado_resource.bland.content import Digests
from tornado_resource.core.urns import SESSION_TYPE, STACK_TYPE
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import ConfigurationError
from tornado_resource.program import state as engine_state
from tornado_resource.program.last_runs import LastRuns
from tornado_resource.program.shared_client import Versions
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import Ending, GatedRun
from tornado_resource.runs.rerun import Decision
from tornado_resource.runs.verdict import make_verdict

if TYPE_CHECKING:
    from tornado_resource.bland.sessions import Status
    from tornado_resource.declarations.model import Rerun

REQUEST = {"pathway_id": "pw-1"}
INSIDE = f"urn:pulumi:dev::agents::acme:agents:Sales${SESSION_TYPE}::support-line"
GATED = GatedRun("support-line", "s-1", Gate(), REQUEST, urn=URN)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what is known of a session, and how many requests that took."""
    monkeypatch.setattr(pulumi, "get_organization", lambda: "organization")
    monkeypatch.setattr(pulumi, "get_project", lambda: "agents")
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")

    async def ask(  # noqa: PLR0913 - one keyword argument for each thing that is known
        recorded: Status | None,
        declared: Any,
        api_status: Any = None,
        *,
        promoted: Digests | None = None,
        content: str | None = None,
        configured: Rerun | None = None,
        is_held: bool = False,
        **outputs: Any,
    ) -> tuple[Any, int]:
        verdicts = {}
        if recorded is not None:
            verdicts["support-line"] = {
                **asdict(make_verdict(GATED, Ending(recorded))),
                "content": content,
                "scenarios": [{"id": "sc-1", "name": "Refund", "passed": True}],
            }
        session = {"session_id": "s-1", "declared": REQUEST, "adopted": False, **outputs}
        state = {
            f"urn:pulumi:dev::agents::{STACK_TYPE}::agents-dev": {"outputs": {"verdicts": verdicts}},
            URN: {"outputs": session},
        }

        async def read(function: str, arguments: dict[str, str]) -> dict[str, Any]:
            assert (function, arguments) == (engine_state.READ_STATE, {"stackName": "organization/agents/dev"})
            return {"outputs": state}

        monkeypatch.setattr(engine_state, "invoke_async", read)
        api: Any = StatusApi(api_status)
        runs = LastRuns(api, Versions(api), configured)
        runs.promote({URN: promoted})
        if is_held:
            runs.hold(URN)
        assert await runs.decision([INSIDE], declared) is None, "another session of the same name"
        assert runs.scenario_names(INSIDE) == {}
        assert runs.scenario_names(URN) == ({"sc-1": "Refund"} if recorded is not None else {})
        return await runs.decision([URN, INSIDE], declared), api.asked

    return ask


async def test_a_session_with_an_alias_is_decided_by_what_it_was(known: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    original = LastRuns.decision

    async def moved(runs: LastRuns, urns: list[str], declared: Any) -> Any:
        return await original(runs, ["urn:of-the-new-name", *urns], declared)

    monkeypatch.setattr(LastRuns, "decision", moved)
    found, _ = await known(FAILED, REQUEST)
    assert found.reason is not None


@pytest.mark.parametrize(
    ("recorded", "declared", "reason"),
    [
        (PASSED, REQUEST, None),
        (FAILED, REQUEST, "the last run did not meet its gate: 1 of 2 scenarios passed; the gate requires all"),
        (FAILED, {**REQUEST, "gate": {}}, "the last run did not meet its gate: 1 of 2 scenarios passed"),
        (PASSED, {**REQUEST, "rerun": "always"}, "rerun is `always`"),
        (PASSED, {**REQUEST, "rerun": "always", "gate": "none"}, "rerun is `always`"),
    ],
)
async def test_a_recorded_verdict_decides_without_a_request(
    known: Any, recorded: Any, declared: Any, reason: Any
) -> None:
    found, asked = await known(recorded, declared)
    assert (found.run_id, found.problem, asked) == ("s-1", None, 0)
    assert found.reason == reason or (reason and found.reason.startswith(reason))


@pytest.mark.parametrize("rerun", ["on_drift", "on_failure", "always"])
@pytest.mark.parametrize("configured", [None, "always"])
async def test_what_is_rolled_back_stays_however_it_ended(known: Any, rerun: str, configured: Any) -> None:
    declared = {**REQUEST, "rerun": rerun}
    assert await known(FAILED, declared, configured=configured, is_held=True) == (None, 0)


async def test_a_renamed_session_is_known_by_its_new_urn(known: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    original = LastRuns.decision

    async def renamed(runs: LastRuns, urns: list[str], declared: Any) -> Any:
        new = URN.replace("support-line", "helpdesk")
        if URN in urns and not seen:
            runs.rename({new: URN})
            seen.extend(
                [runs.recorded_run(new), runs.recorded_run(URN), runs.old_name("helpdesk"), runs.old_name("other")]
            )
        return await original(runs, [new], declared)

    monkeypatch.setattr(LastRuns, "decision", renamed)
    found, _ = await known(FAILED, REQUEST)
    assert found.run_id == "s-1"
    assert seen[0].run_id == "s-1"
    assert seen[1:] == [None, "support-line", None]


@pytest.mark.parametrize("recorded", [None, FAILED])
@pytest.mark.parametrize(
    "declared",
    [
        None,
        {"pathway_id": "pw-2"},
        {**REQUEST, "triggers": {"a": 1}},
        {**REQUEST, "rerun": "on_change"},
        {**REQUEST, "gate": "none"},
    ],
    ids=["unknown inputs", "another request", "another trigger", "no rerun", "no gate"],
)
async def test_nothing_is_asked_where_it_does_not_matter(known: Any, recorded: Any, declared: Any) -> None:
    assert await known(recorded, declared) == (None, 0)


@pytest.mark.parametrize(
    ("recorded", "declared", "configured", "is_run"),
    [
        (PASSED, REQUEST, "always", True),
        (PASSED, {**REQUEST, "rerun": "on_change", "gate": "none"}, "always", True),
        (FAILED, {**REQUEST, "rerun": "always"}, "on_change", False),
        (PASSED, {**REQUEST, "rerun": "always"}, "on_failure", False),
    ],
)
async def test_the_config_decides_instead_of_the_declaration(
    known: Any,
    recorded: Any,
    declared: Any,
    configured: Any,
    is_run: bool,  # noqa: FBT001
) -> None:
    found, _ = await known(recorded, declared, configured=configured)
    assert (found is not None and found.reason is not None) is is_run


@pytest.mark.parametrize("rerun", ["on_failure", "always"])
async def test_a_session_without_a_verdict_is_asked_once(known: Any, rerun: str) -> None:
    found, asked = await known(None, {**REQUEST, "rerun": rerun}, {"status": "RUNNING"})
    assert (found.reason, found.problem, asked) == (None, None, 1), "one that runs is resumed"


async def test_a_verdict_under_another_gate_is_asked_for_again(known: Any) -> None:
    status = {"status": "COMPLETED_PARTIAL", "total_scenarios": 2, "passed_scenarios": 1}
    found, asked = await known(FAILED, {**REQUEST, "gate": {"passed": 1}}, status)
    assert (found.reason, asked) == (None, 1)


async def test_a_request_that_fails_is_a_problem(known: Any) -> None:
    found, _ = await known(None, REQUEST, 401)
    assert found.reason is None
    assert "401" in found.problem


@pytest.mark.usefixtures("known")
async def test_nothing_is_decided_by_a_state_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_arguments: object) -> Any:
        message = "no such function"
        raise RuntimeError(message)

    monkeypatch.setattr(engine_state, "invoke_async", fail)
    monkeypatch.setattr(engine_state, "READ_PAUSES_SECONDS", (0, 0))
    api: Any = StatusApi(None)
    said = "the state of stack organization/agents/dev cannot be read, so nothing was started: no such function"
    with pytest.raises(ConfigurationError, match=said):
        await LastRuns(api, Versions(api)).decision([URN], REQUEST)
    reads = iter([RuntimeError("failed to load checkpoint: EOF"), {"outputs": {}}])

    async def fail_once(*_arguments: object) -> Any:
        read = next(reads)
        if isinstance(read, Exception):
            raise read
        return read

    monkeypatch.setattr(engine_state, "invoke_async", fail_once)
    assert await LastRuns(api, Versions(api)).decision([URN], REQUEST) is None
    assert next(reads, None) is None
    monkeypatch.setattr(engine_state, "is_mocked", lambda: True)
    runs = LastRuns(api, Versions(api))
    assert await runs.decision([URN], REQUEST) is None
    assert await runs.result(GATED) is None


@pytest.mark.parametrize(
    ("recorded", "declared", "is_kept"),
    [
        (PASSED, REQUEST, True),
        (FAILED, {**REQUEST, "rerun": "on_change"}, True),
        (FAILED, REQUEST, False),
        (PASSED, {**REQUEST, "rerun": "always"}, False),
        (PASSED, {"pathway_id": "pw-2"}, False),
        (None, REQUEST, False),
    ],
)
async def test_a_verdict_is_kept_if_its_session_stays(
    known: Any,
    monkeypatch: pytest.MonkeyPatch,
    recorded: Status | None,
    declared: Any,
    is_kept: bool,  # noqa: FBT001
) -> None:
    kept: list[Any] = []
    original = LastRuns.decision

    async def spy(runs: LastRuns, _urns: list[str], inputs: Any) -> Any:
        monkeypatch.setattr(LastRuns, "decision", original)
        await runs.recorded()
        kept.append(await runs.kept(inputs, GATED))

    monkeypatch.setattr(LastRuns, "decision", spy)
    await known(recorded, declared)
    assert (kept[-1] is not None) is is_kept


@pytest.mark.parametrize(
    ("recorded", "declared", "starts"),
    [
        (PASSED, REQUEST, False),
        (FAILED, REQUEST, True),
        (FAILED, {**REQUEST, "rerun": "on_change"}, False),
        (PASSED, {**REQUEST, "gate": "none"}, False),
        (PASSED, {**REQUEST, "triggers": {"a": 1}}, True),
        (None, {**REQUEST, "rerun": "on_change"}, False),
    ],
)
async def test_what_starts_is_known_before_it_is_declared(
    known: Any,
    monkeypatch: pytest.MonkeyPatch,
    recorded: Status | None,
    declared: Any,
    starts: bool,  # noqa: FBT001
) -> None:
    found: list[bool] = []
    original = LastRuns.decision

    async def spy(runs: LastRuns, _urns: list[str], inputs: Any) -> Any:
        monkeypatch.setattr(LastRuns, "decision", original)
        found.extend([await runs.starts(URN, inputs), await runs.starts("urn:new", inputs)])

    monkeypatch.setattr(LastRuns, "decision", spy)
    await known(recorded, declared)
    assert found == [starts, True]


@pytest.mark.parametrize(
    ("recorded", "adopts", "is_replaced", "starts"),
    [
        (PASSED, True, False, (False, False)),
        (FAILED, True, False, (True, False)),
        (PASSED, False, True, (True, True)),
        (PASSED, True, True, (True, False)),
    ],
)
async def test_what_is_taken_over_or_replaced(  # noqa: PLR0913 - a row of the table
    known: Any,
    monkeypatch: pytest.MonkeyPatch,
    recorded: Status,
    starts: tuple[bool, bool],
    *,
    adopts: bool,
    is_replaced: bool,
) -> None:
    """What is in the state is not adopted, whatever the config says; what is not is adopted, and nothing starts."""
    found: list[bool] = []
    original = LastRuns.decision
    monkeypatch.setattr("tornado_resource.program.last_runs.is_replaced", lambda _urn: is_replaced)

    async def spy(runs: LastRuns, _urns: list[str], inputs: Any) -> None:
        monkeypatch.setattr(LastRuns, "decision", original)
        await runs.recorded()
        found.append(await runs.starts("urn:new-name", inputs, [URN], adopts=adopts))
        found.append(await runs.starts("urn:new", inputs, adopts=adopts))
        assert await runs.starts(URN, {**inputs, "gate": pulumi.UNKNOWN}), "it may"

    monkeypatch.setattr(LastRuns, "decision", spy)
    await known(recorded, REQUEST)
    assert tuple(found) == starts


async def test_what_an_update_does_with_a_run_is_decided_once(known: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Any] = []

    async def find_drift(_kind: Any, _reader: Any, tested: Any) -> None:
        looks.append(tested)

    monkeypatch.setattr(type(kind_of("tornado")), "find_drift", find_drift)
    original = LastRuns.decision
    stays = Decision("s-1")

    async def spy(runs: LastRuns, _urns: list[str], inputs: Any) -> None:
        monkeypatch.setattr(LastRuns, "decision", original)
        assert await runs.starts(URN, inputs) is False
        assert await runs.kept({**inputs}, GATED) is not None
        assert await runs.decision([URN], {**inputs}) == stays
        assert len(looks) == 1
        runs._versions.put_back.add("sc-1")  # then it is another question
        assert await runs.decision([URN], inputs) == stays
        runs.hold(URN)
        assert await runs.decision([URN], inputs) is None

    monkeypatch.setattr(LastRuns, "decision", spy)
    await known(PASSED, {**REQUEST, "rerun": "on_drift"})
    assert len(looks) == 2


async def test_whoever_asks_first_reads_the_state(known: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    original = LastRuns.decision

    async def spy(runs: LastRuns, urns: list[str], inputs: Any) -> Any:
        found.append(await runs.result(GATED))
        return await original(runs, urns, inputs)

    monkeypatch.setattr(LastRuns, "decision", spy)
    await known(PASSED, REQUEST)
    assert found[0].verdict.outcome == "passed"


ON_DRIFT = {**REQUEST, "rerun": "on_drift"}
SCENARIOS = {"scenarios": [{"id": "sc-1", "max_turns": 5}]}


async def test_on_drift_asks_for_the_scenarios_once(known: Any) -> None:
    found, asked = await known(PASSED, ON_DRIFT, SCENARIOS, started_scenarios={"sc-1": "sha256:0"})
    assert (found.reason, asked) == ("since it was tested: 1 scenario changed (sc-1)", 1)
    again, _ = await known(PASSED, ON_DRIFT, SCENARIOS, started_scenarios={"sc-2": "sha256:0"})
    assert again.reason == "since it was tested: 1 scenario disabled or deleted (sc-2), 1 scenario added (sc-1)"


async def test_a_scenario_in_another_spelling_is_no_drift() -> None:
    """The provider records it as it is declared, so what the program reads must have that spelling too."""
    api: Any = StatusApi(SCENARIOS)
    listing = await Versions(api).scenarios("pw-1", ["SC-1"])
    assert [each.scenario_id for each in listing.scenarios] == ["SC-1"]


@pytest.mark.parametrize(
    ("recorded", "declared", "scenarios"),
    [
        (PASSED, {**REQUEST, "rerun": "on_failure"}, {"sc-1": "x"}),
        (FAILED, ON_DRIFT, {"sc-1": "x"}),
        (PASSED, ON_DRIFT, None),
        (PASSED, ON_DRIFT, "damaged"),
    ],
    ids=["another rerun", "not passed", "not recorded", "damaged"],
)
async def test_without_need_no_drift_is_read(known: Any, recorded: Status, declared: Any, scenarios: Any) -> None:
    found, asked = await known(recorded, declared, SCENARIOS, started_scenarios=scenarios)
    assert asked == 0
    assert found.reason is None or recorded is FAILED


async def test_a_failed_read_is_a_problem_and_no_drift(known: Any) -> None:
    found, _ = await known(PASSED, ON_DRIFT, 401, started_scenarios={"sc-1": "x"})
    assert (found.reason, "401" in found.problem) == (None, True)


@pytest.mark.parametrize(
    ("promoted", "outcome"),
    [
        (None, "passed"),
        (Digests.of(OLD), "passed"),
        (Digests("sha256v2:" + "2" * 64, OLD), "passed"),
        (Digests("sha256v2:" + "2" * 64, NEW), "incomplete"),
        (Digests("sha256v2(status):" + "2" * 64, NEW, whole="sha256v2:" + "3" * 64), "incomplete"),
    ],
)
async def test_a_pass_on_other_content_than_promoted_is_none(
    known: Any, promoted: Digests | None, outcome: str
) -> None:
    declared = {**REQUEST, "rerun": "on_failure"}
    found, asked = await known(PASSED, declared, promoted=promoted, content=OLD)
    assert ((found.reason is None) == (outcome == "passed"), asked) == (True, 0)
    assert outcome == "passed" or "it passed here with sha256:000000000000, and sha256:111111111111" in found.reason


@pytest.mark.parametrize("pathway_id", ["pw-1", "pw-2"])
async def test_what_was_shown_on_the_pathway_is_remembered(known: Any, pathway_id: str) -> None:
    runs: list[LastRuns] = []
    real = LastRuns.promote

    def spy(this: LastRuns, contents: Any) -> None:
        runs.append(this)
        real(this, contents)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LastRuns, "promote", spy)
        await known(PASSED, {**REQUEST, "rerun": "on_failure"}, content=OLD)
    new = replace(GATED, run_id="s-2", request={"pathway_id": pathway_id})
    found = (await runs[0].with_known(new)).known
    assert (found.was_shown, found.content) == (pathway_id == REQUEST["pathway_id"], None)
    assert (await runs[0].with_known(GATED)).known.content == Digests.of(OLD)
    assert not (await runs[0].with_known(replace(new, urn=INSIDE))).known.was_shown
