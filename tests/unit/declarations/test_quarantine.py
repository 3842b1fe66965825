"""`quarantine` in the file and in a program: what is refused, what is in effect, and what people are told."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.cli import main
from tornado_resource.core.clock import Clock, today
from tornado_resource.declarations.document import Quoting
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.quarantine import Quarantine, faults, in_effect, notes, parsed
from tornado_resource.declarations.resolver import check_document, check_environments, load
from tornado_resource.declarations.values import agent_problems, session_problems
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY = date(2026, 11, 28)
TESTED = ("a", "b", "c", "d")


def entry(part: str, days: int = 30, *, key: str = "scenario", day: date = DAY) -> dict[str, str]:
    return {key: part, "reason": "flaky", "until": (day + timedelta(days)).isoformat()}


def found(values: Sequence[Any], tested: Sequence[str] | None = TESTED) -> list[tuple[tuple[int | str, ...], str]]:
    return [(each.path, each.text) for each in faults(values, tested, DAY, Quoting())]


def test_at_most_half_of_what_is_known_for_at_most_90_days_is_fine() -> None:
    assert found([entry("a", 90), entry("b", 0)]) == []
    assert found([entry("z", 90)], None) == []


def test_all_faults_of_a_list_are_found() -> None:
    values = [entry("a") | {"until": "soon"}, entry("b", 91), entry("z"), entry("z")]
    assert [path for path, _ in found(values)] == [(0, "until"), (1, "until"), (2,), (3,)]


def test_what_has_ended_is_no_fault_and_covers_nothing() -> None:
    assert found([entry("a", -1), entry("b", -400), entry("c")]) == []


@pytest.mark.parametrize(
    ("values", "path", "text"),
    [
        ([entry("a", 91)], (0, "until"), "found '2027-02-27', expected at most 90 days from today (UTC)"),
        ([entry("b"), entry("bb")], (1,), "this run does not test bb; remove the entry; did you mean `b`?"),
        ([entry("a"), entry("a", 2)], (1,), "a is there twice; remove one"),
        ([entry("a"), entry("b"), entry("c")], (), "3 of 4 are in quarantine, expected at most half of them"),
        (
            [entry("a") | {"until": "2026-02-30"}],
            (0, "until"),
            "found '2026-02-30', expected a day, such as 2026-12-31",
        ),
    ],
    ids=["too long", "untested", "twice", "too much", "no day"],
)
def test_each_fault_has_its_place(values: Sequence[Any], path: tuple[int | str, ...], text: str) -> None:
    assert found(values) == [(path, text)]


@pytest.mark.parametrize("number", range(1, 6))
def test_all_of_a_run_is_never_in_quarantine(number: int) -> None:
    tested = [f"s{index}" for index in range(number)]
    assert found([entry(each) for each in tested], tested)[0][0] == ()


def test_it_is_in_effect_until_the_end_of_its_last_day() -> None:
    values = [entry("a", 0), entry("b", -1)]
    assert in_effect(values, DAY) == (Quarantine("a", "flaky", "2026-11-28"),)
    assert in_effect(values, DAY + timedelta(1)) == ()


def test_the_day_is_the_date_in_utc() -> None:
    west = datetime(2026, 11, 28, 20, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert today(Clock(now=lambda: west)) == date(2026, 11, 29)


def test_what_is_not_of_its_form_decides() -> None:
    odd = [None, "a", {}, {"scenario": 1}, {"part": "a", "reason": "r"}, {"part": "a", "reason": "r", "until": "soon"}]
    assert parsed(odd) == parsed("a") == parsed(None) == ()
    for key in ("scenario", "judge", "part"):
        last = {key: "a", "reason": "r", "until": "2026-12-31"}
        assert parsed([*odd, last]) == (Quarantine("a", "r", "2026-12-31"),)


def test_people_are_told_from_seven_days_before() -> None:
    values = [entry("a", 8), entry("b", 7), entry("c", 0), entry("d", -1), {"scenario": "e"}]
    assert list(notes(values, DAY, Quoting())) == [
        (1, "the quarantine of b ends in 7 days (2026-12-05, UTC)"),
        (2, "the quarantine of c ends in 0 days (2026-11-28, UTC)"),
        (3, "the quarantine of d ended on 2026-11-27, so it decides again; remove the entry"),
    ]


def test_the_gate_of_inputs_has_what_is_in_effect() -> None:
    inputs = {"gate": {"passed": "80%"}, "quarantine": [entry("a", 0), entry("b", 5)]}
    now, later = Gate.of_inputs(inputs, DAY), Gate.of_inputs(inputs, DAY + timedelta(1))
    assert now is not None
    assert later is not None
    assert ([each.part for each in now.quarantine], [each.part for each in later.quarantine]) == (["a", "b"], ["b"])
    assert now != later
    assert now.quarantine_of("b") == later.quarantine[0]
    assert now.quarantine_of("c") is None
    assert Gate.of(now.recorded) == now
    assert Gate.of_inputs({"gate": "none", "quarantine": [entry("a")]}, DAY) is None


# ---- in the file: days are those of the machine's clock

FILE = """\
version: 1
scenarios: {refund: {}, cancel: {}}
sessions:
  line:
    pathway_id: pw-1
    scenarios: [refund, cancel]
    scenario_ids: [sc-1]
    quarantine:
      - {scenario: refund, reason: mishears numbers, until: %(soon)s}
  open: {pathway_id: pw-2}
agents:
  support:
    agent_id: ag-1
    quarantine:
      - {judge: polite, reason: too strict, until: "%(later)s"}
    checks: {scenario_ids: [tc-1], judges: [polite, resolved, {judge: tone, required: false}]}
judges: {polite: {}, resolved: {}, tone: {}, hidden: {id: j-1}}
environments:
  staging: {}
  production:
    sessions: {line: {quarantine: null}}
"""


def declared(tmp_path: Path, old: str = "", new: str = "") -> str:
    days = {"soon": 3, "later": 60}
    text = FILE % {key: (today() + timedelta(number)).isoformat() for key, number in days.items()}
    assert old in text
    path = tmp_path / "s.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return str(path)


def test_a_file_declares_it_and_an_environment_may_remove_it(tmp_path: Path) -> None:
    path = declared(tmp_path)
    line, _, support = load(path, "staging").declarations
    assert line.gate is not None
    assert support.gate is not None
    assert [(each.part, each.reason) for each in line.gate.quarantine] == [("refund", "mishears numbers")]
    assert [each.part for each in support.gate.quarantine] == ["polite"]
    assert load(path, "production").declarations[0].quarantine == ()


def test_a_file_is_valid_and_says_once_what_ends_soon(tmp_path: Path) -> None:
    document = check_document(declared(tmp_path))
    check_environments(document, ["staging", "production"])
    [warning] = document.findings.warnings
    assert warning.path == "sessions.line.quarantine[0]"
    assert warning.text.startswith("the quarantine of refund ends in 3 days")
    assert warning.position.line == 9


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "scenario: refund",
            "scenario: refnd",
            "s.yaml:9:9: sessions.line.quarantine[0]: this run does not test refnd",
        ),
        ("scenario: refund", "scenario: refnd", "did you mean `refund`?"),
        ("reason: mishears numbers, ", "", "`reason` is missing, expected why it does not decide"),
        ("reason: mishears numbers", "reason: ''", "quarantine[0].reason: found '', expected 1 to 200 characters"),
        ("scenario: refund, ", "", "`scenario` is missing, expected a scenario of the session"),
        ("judge: polite, reason", "reason", "`judge` is missing, expected a judge"),
        ("judge: polite,", "judge: tone,", "agents.support.quarantine[0]: this run does not test tone"),
        ("judge: polite,", "scenario: polite,", "agents.support.quarantine[0].scenario: unknown key"),
        ("  open: {pathway_id: pw-2}", "  open: {pathway_id: pw-2, quarantine: []}", "found an empty list"),
        ("    scenario_ids: [sc-1]\n", "    gate: none\n", "`quarantine` needs a gate, and this has `gate: none`"),
        ("judges: [polite, resolved,", "judges: [polite,", "support.quarantine: 1 of 1 are in quarantine"),
    ],
)
def test_a_file_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = declared(tmp_path, old, new)
    with pytest.raises(DeclarationError) as raised:
        check_environments(check_document(path), ["staging", "production"])
    assert problem in str(raised.value), str(raised.value)


def test_a_day_that_is_none_has_a_place(tmp_path: Path) -> None:
    soon = (today() + timedelta(3)).isoformat()
    for given, problem in (("2026-02-30", "expected a day"), ("2999-01-01", "at most 90 days"), ("soon", "a day")):
        path = declared(tmp_path, soon, given)
        with pytest.raises(DeclarationError, match=problem) as raised:
            check_environments(check_document(path), ["staging"])
        assert "sessions.line.quarantine[0].until" in str(raised.value)


def test_judges_that_are_not_known_by_name_are_left_to_the_run(tmp_path: Path) -> None:
    path = declared(tmp_path, "judges: [polite, resolved,", "judges: [hidden,")
    assert load(path, "staging").agents[0].quarantine
    path = declared(tmp_path, "    checks: {scenario_ids: [tc-1],", "    triggers: {a: 1}  # {")
    assert load(path, "staging").agents[0].quarantine


def test_a_judge_that_the_gate_names_decides_although_it_is_not_required(tmp_path: Path) -> None:
    old, new = (
        "    quarantine:\n      - {judge: polite",
        "    gate: {judges: {tone: 90%}}\n    quarantine:\n      - {judge: tone",
    )
    path = declared(tmp_path, old, new)
    assert load(path, "staging").agents[0].quarantine


# ---- in a program, by the same rules


def test_a_program_is_as_strict_as_the_file() -> None:
    ids = {"pathway_id": "pw-1", "scenario_ids": ["sc-1", "sc-2"]}
    fine, day = [entry("sc-1", day=today())], today()
    assert session_problems("a", {**ids, "quarantine": fine}) == {}
    assert session_problems("a", {"pathway_id": "pw-1", "quarantine": fine}) == {}
    refused = {
        "quarantine[0]: this run does not test sc-9; remove the entry; did you mean `sc-2`?": [entry("sc-9", day=day)],
        "2 of 2 are in quarantine, expected at most half of them": [entry("sc-1", day=day), entry("sc-2", day=day)],
        "quarantine[0].until: found '2999-01-01', expected at most 90 days from today (UTC)": [
            entry("sc-1") | {"until": "2999-01-01"}
        ],
        "quarantine[0]: `reason` is missing, expected why it does not decide, such as {reason: being fixed}": [
            {"scenario": "sc-1", "until": day.isoformat()}
        ],
    }
    for text, values in refused.items():
        assert session_problems("a", {**ids, "quarantine": values}) == {"quarantine": text}
    problem = session_problems("a", {**ids, "gate": "none", "quarantine": fine})
    assert problem == {"quarantine": "`quarantine` needs a gate, and this has `gate: none`; remove it"}


def test_an_agent_of_a_program_is_as_strict_as_that_of_the_file() -> None:
    agent = {"agent_id": "ag-1"}
    assert agent_problems("a", {**agent, "quarantine": [entry("polite", key="judge", day=today())]}) == {}
    found_at = agent_problems("a", {**agent, "quarantine": [entry("polite", 91, key="judge", day=today())]})
    assert found_at["quarantine"].startswith("quarantine[0].until: found")


# ---- in a plan


def test_a_plan_shows_it_and_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declared(tmp_path)
    monkeypatch.chdir(tmp_path)
    soon = (today() + timedelta(3)).isoformat()
    assert main(["plan", "s.yaml", "-e", "staging"]) == 0
    text = capsys.readouterr().out
    assert re.search(rf'quarantine\[0\] +"refund until {soon}: mishears numbers" +s.yaml:9:7', text), text
    assert "warning: s.yaml:9:9: sessions.line.quarantine[0]: the quarantine of refund ends in 3 days" in text
    assert main(["plan", "s.yaml", "-e", "staging", "--format", "json"]) == 0
    [line, _] = json.loads(capsys.readouterr().out)["sessions"]
    assert line["quarantine"] == [{"scenario": "refund", "reason": "mishears numbers", "until": soon}]
