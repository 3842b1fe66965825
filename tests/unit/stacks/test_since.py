"""What would start because of a change of the declarations, without a request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest

from tornado_resource.bland.scenario_content import scenario_digest
from tornado_resource.checks import check_config
from tornado_resource.checks.check_config import DeclaredDigests
from tornado_resource.declarations.resolver import check_content, resolve
from tornado_resource.stacks.since import NEW_GATE, Changed, Comparison

BASE = """
version: 1
scenarios:
  refund:
    name: Refund
    tester_persona_prompt: "Ask for it.\\nBe polite."
    assertions: [{type: BLAND_TONE, config: {}, name: a}]
  cancel: {}
sessions:
  line: {pathway_id: p, max_iterations: 5, scenarios: [refund, cancel], scenario_ids: [sc-1], triggers: {a: 1}}
  other: {pathway_id: q, rerun: on_change}
agents:
  desk:
    agent_id: a
    checks: {scenario_ids: [s], judges: [polite], simulations_count: 10}
judges:
  polite: {}
"""
ENVIRONMENTS = """
environments:
  staging: {}
  qa: {promotes_from: staging}
  production: {promotes_from: qa, sessions: {other: {retest: false, rerun: on_drift}}}
"""


def compared(after: str, before: str | None = BASE, environment: str | None = None) -> Changed:
    old = check_content(before.encode(), "old.yaml") if before is not None else None
    return Comparison(old, check_content(after.encode(), "s.yaml"), DeclaredDigests(), "no file").of(environment)


def outcomes(found: Changed) -> dict[str, tuple[str, ...]]:
    return {each.declaration.name: (each.how, *each.reasons) for each in found.runs if each.how != "kept"}


def test_what_is_unchanged_does_not_start() -> None:
    found = compared(BASE.replace("sessions:", "# Tests\nsessions:"))
    assert (outcomes(found), found.removed, found.parts, found.cost.minutes, found.problem) == ({}, (), (), 0, None)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("max_iterations: 5", "max_iterations: 4", {"line": ("again", "max_iterations")}),
        ("a: 1", "a: 1.5", {"line": ("again", "triggers")}),
        ("Be polite.", "Be angry.", {"line": ("again", "scenario refund (tester_persona_prompt)")}),
        ("name: a}", "name: b}", {}),
        ("name: Refund", "name: Refund\n    description: D", {}),
        ("[refund, cancel]", "[cancel, refund]", {"line": ("again", "order of the scenarios")}),
        ("[sc-1]", "[sc-2]", {"line": ("again", "scenario_ids")}),
        ("[polite]", "[{judge: polite, required: true}]", {}),
        ("polite: {}", "polite: {id: j}", {"desk": ("again", "checks")}),
        ("simulations_count: 10", "simulations_count: 9", {"desk": ("again", "checks")}),
        ("agent_id: a\n", "agent_id: a\n    version: 1.4.0\n", {"desk": ("again", "version")}),
        ("max_iterations: 5", "max_iterations: 5, gate: {passed: 1}", {"line": ("maybe", NEW_GATE)}),
        ("pathway_id: q", "pathway_id: q, gate: {passed: any}", {}),
        ("rerun: on_change", "rerun: always", {"other": ("again", "rerun is `always`")}),
        ("on_change", "on_change, on_conflict: wait", {}),
    ],
)
def test_what_starts_again_is_named_with_the_reason(old: str, new: str, expected: dict[str, tuple[str, ...]]) -> None:
    after = BASE.replace(old, new)
    assert after != BASE
    found = compared(after)
    assert outcomes(found) == expected
    assert len(found.parts) == 1


def test_a_scenario_with_another_key_and_the_same_name_is_the_same() -> None:
    found = compared(BASE.replace("  refund:", "  refunds:").replace("[refund,", "[refunds,"))
    assert outcomes(found) == {}
    assert [(each.kind, each.name, each.how) for each in found.parts] == [
        ("session", "line", "changed"),
        ("scenario", "refunds", "changed"),
    ]


def test_a_scenario_on_two_pathways_is_shown_once_and_runs_both_again() -> None:
    before = BASE.replace("pathway_id: q", "pathway_id: q, scenarios: [refund]")
    found = compared(before.replace("polite.", "angry."), before)
    assert set(outcomes(found)) == {"line", "other"}
    assert [each.name for each in found.parts] == ["refund"]


def test_a_judge_as_code_is_shown_line_by_line_and_runs_the_checks_again() -> None:
    before = BASE.replace("[polite]", "[polite, kind]").replace(
        "polite: {}", 'polite: {prompt: "Was it polite?\\nBe strict."}\n  kind: {prompt: Was it kind?}'
    )
    found = compared(before.replace("Be strict.", "Be fair."), before)
    assert outcomes(found) == {"desk": ("again", "checks", "judge polite (prompt)")}
    assert [(each.kind, each.name, each.fields[0].lines) for each in found.parts] == [
        ("judge", "polite", ("  Was it polite?", "- Be strict.", "+ Be fair."))
    ]
    assert [each.how for each in compared(BASE, before).parts] == ["changed", "removed", "removed"]


def test_what_is_new_starts_and_what_is_removed_is_named() -> None:
    after = (
        BASE.replace("  other: {pathway_id: q", "  fresh: {pathway_id: r")
        .replace("  cancel: {}\n", "  return: {}\n")
        .replace("cancel]", "return]")
    )
    found = compared(after)
    reasons = ("scenario return is new", "scenario cancel is removed")
    assert outcomes(found) == {"line": ("again", *reasons), "fresh": ("new",)}
    assert found.removed == ("other",)
    parts = {each.name: (each.how, [field.path for field in each.fields]) for each in found.parts}
    assert parts["fresh"] == ("added", ["pathway_id", "rerun"])
    assert parts["other"] == parts["cancel"] == ("removed", [])
    assert parts["return"] == ("added", ["key", "name"])


@pytest.mark.parametrize(
    ("old", "new", "expected", "parts"),
    [
        ("  other: {", "  fresh: {", ("kept",), []),
        ("  other: {", "  fresh: {on_conflict: wait, ", ("kept",), ["fresh"]),
        ("  other: {", "  fresh: {triggers: {a: 1}, ", ("again", "triggers"), ["fresh"]),
        (
            "  other: {pathway_id: q",
            "  fresh: {pathway_id: q, version_number: latest",
            ("again", "version_number"),
            ["fresh"],
        ),
        ("  desk:", "  fresh:", ("kept",), []),
    ],
)
def test_a_run_under_another_name_is_the_same(old: str, new: str, expected: tuple[str, ...], parts: list[str]) -> None:
    found = compared(BASE.replace(old, new))
    [fresh] = [each for each in found.runs if each.declaration.name == "fresh"]
    assert (fresh.how, *fresh.reasons) == expected
    assert fresh.former_name == old.split(maxsplit=1)[0].removesuffix(":")
    assert (found.removed, [each.name for each in found.parts]) == ((), parts)


def test_two_that_may_be_the_renamed_one_are_new_and_it_is_removed() -> None:
    found = compared(BASE.replace("  other:", "  first: {pathway_id: q, rerun: on_change}\n  second:"))
    assert outcomes(found) == {"first": ("new",), "second": ("new",)}
    assert found.removed == ("other",)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ('gate: {passed: "50%"}', "gate: {passed: all}", {"gate.passed": ("- 50%", "+ all")}),
        ("gate: {repaired: refuse}", "max_iterations: 3", {"gate.repaired": ("- refuse", "+ allow")}),
        ("gate: none", "gate: {passed: all}", {"gate": ("- none",), "gate.passed": ("+ all",)}),
        ("gate: none", "gate: {passed: any}", {"gate": ("- none",), "gate.passed": ("+ any",)}),
        ("gate: {confirm: {runs: 3}}", "gate: {passed: all}", {"gate.confirm.runs": ("- 3",)}),
        (
            "gate: {confirm: {runs: 3, passed: 2}}",
            "gate: {confirm: {runs: 3}}",
            {"gate.confirm.passed": ("- 2", "+ all")},
        ),
        ("on_conflict: wait", "max_iterations: 3", {"on_conflict": ("- wait", "+ fail")}),
        (
            "gate: {confirm: {runs: 3}}",
            "triggers: {a: 1}",
            {"gate.confirm": None, "triggers": None, "triggers.a": ("+ 1",)},
        ),
        ("publish: production", "max_iterations: 3", {"publish": ("- production",)}),
    ],
)
def test_a_default_is_shown_in_place_of_what_was_declared(
    old: str, new: str, lines: dict[str, tuple[str, ...] | None]
) -> None:
    text = "version: 1\nsessions:\n  line: {{pathway_id: p, version_number: 6, {}}}\n"
    [part] = compared(text.format(new), text.format(old)).parts
    found = {each.path: each.lines for each in part.fields if each.path != "max_iterations"}
    assert {path: found.get(path) for path in lines} == lines


def test_another_kind_of_run_under_the_same_name_is_new() -> None:
    after = BASE.replace("  other: {pathway_id: q, rerun: on_change}\n", "").replace("  desk:", "  other:")
    after = after.replace("agent_id: a", "agent_id: b")
    assert outcomes(compared(after)) == {"other": ("new",)}


def test_without_anything_to_compare_with_everything_is_new() -> None:
    found = compared(BASE, None)
    assert outcomes(found) == dict.fromkeys(("line", "other", "desk"), ("new",))
    assert (found.problem, found.cost.minutes, found.cost.total) == ("no file", 50, 275)


def test_an_environment_that_was_not_there_is_new() -> None:
    assert set(outcomes(compared(BASE + ENVIRONMENTS, BASE + "environments: {dev: {}}", "staging"))) == {
        "line",
        "other",
        "desk",
    }
    assert outcomes(compared(BASE + ENVIRONMENTS, BASE, "staging")) == {}, "all stacks had what the base declares"


def test_declarations_that_only_merging_shows_as_invalid_are_no_base() -> None:
    invalid = BASE.replace("scenario_ids: [sc-1]", "gate: {passed: 9}")
    found = compared(BASE, invalid)
    assert outcomes(found)["line"] == ("new",)
    assert found.problem is not None
    assert "old.yaml:10" in found.problem


def test_what_is_promoted_may_follow_what_starts_there() -> None:
    before = BASE.replace("rerun: on_change", "max_iterations: 1") + ENVIRONMENTS
    after = before.replace(
        "  staging: {}", "  staging: {sessions: {line: {max_iterations: 4}, other: {timeout_ms: 60000}}}"
    )
    assert set(outcomes(compared(after, before, "staging"))) == {"line", "other"}
    assert outcomes(compared(after, before, "qa"))["line"] == ("maybe", "another version may pass in staging")
    found = compared(after, before, "production")
    assert outcomes(found) == {"line": ("maybe", "another version may pass in qa"), "other": ("promoted",)}
    assert [each.name for each in found.due] == ["line"]


def test_what_is_declared_again_after_retest_false_is_new() -> None:
    before = BASE.replace("rerun: on_change", "") + ENVIRONMENTS
    after = before.replace("retest: false, ", "")
    assert outcomes(compared(after, before, "production"))["other"] == ("new",)


def test_prompt_files_come_from_where_the_declarations_do() -> None:
    text = BASE.replace('"Ask for it.\\nBe polite."', "{file: prompts/a.md}")
    old = replace(check_content(text.encode(), "s.yaml"), prompts={"prompts/a.md": b"Be polite.\n"})
    new = replace(old, prompts={"prompts/a.md": b"Be angry.\n"})
    found = Comparison(old, new, DeclaredDigests()).of(None)
    assert outcomes(found) == {"line": ("again", "scenario refund (tester_persona_prompt)")}
    assert found.parts[0].fields[0].lines[:2] == ("- Be polite.", "+ Be angry.")
    for prompts, problem in (({}, "there is no such file"), ({"prompts/a.md": bytes(70_000)}, "larger than 64 KiB")):
        gone = Comparison(replace(old, prompts=prompts), new, DeclaredDigests()).of(None)
        assert problem in (gone.problem or "")


def test_an_edited_test_case_voids_the_pass_of_its_agents() -> None:
    checks = "checks: {scenario_ids: [s], judges: [polite], simulations_count: 10}"
    before = BASE.replace(checks, checks.replace("scenario_ids: [s]", "scenarios: [refund]"))
    assert outcomes(compared(before, BASE)) == {"desk": ("again", "checks", "scenario refund is new")}
    changed = before.replace("refund:", "refund:\n    max_turns: 9")
    assert outcomes(compared(changed, before))["desk"] == ("again", "scenario refund (max_turns)")
    renamed = before.replace("[refund", "[money").replace("refund:", "money:")
    assert outcomes(compared(renamed, before)) == {}
    [part] = [each for each in compared(before, BASE).parts if each.name == "desk"]
    assert any("refund" in line for each in part.fields for line in each.lines)


def test_a_quarantine_is_shown_once() -> None:
    until = datetime.now(UTC).date() + timedelta(days=30)
    quarantined = f"gate: {{passed: any}}, quarantine: [{{scenario: sc-1, reason: Full, until: {until}}}]"
    [part] = compared(BASE.replace("scenario_ids: [sc-1]", f"scenario_ids: [sc-1, sc-2], {quarantined}")).parts
    fields = {each.path: "".join(each.lines) for each in part.fields}
    assert [path for path, lines in fields.items() if "Full" in lines] == ["quarantine"], fields


def test_each_scenario_is_digested_once_for_all_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = Mock(wraps=scenario_digest)
    monkeypatch.setattr("tornado_resource.runs.inputs.scenario_digest", digest)
    sessions = "".join(
        f"  s-{number}: {{pathway_id: p{number}, scenarios: [refund, cancel]}}\n" for number in range(50)
    )
    after = BASE.replace("sessions:\n", f"sessions:\n{sessions}")
    assert len(compared(after, after).runs) == 53
    assert sorted(call.args[0]["name"] for call in digest.call_args_list) == ["Refund", "Refund", "cancel", "cancel"]


def test_each_environment_is_resolved_once_however_long_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = Mock(wraps=resolve)
    monkeypatch.setattr("tornado_resource.stacks.since.resolve", resolved)
    chain = "".join(f"  e{number}: {{promotes_from: e{number - 1}}}\n" for number in range(1, 300))
    content = f"version: 1\nsessions: {{a: {{pathway_id: p}}}}\nenvironments:\n  e0: {{}}\n{chain}"
    document = check_content(content.encode(), "s.yaml")
    names = [f"e{number}" for number in reversed(range(300))]
    found = Comparison(document, document, DeclaredDigests()).of_all(names)
    assert [each.environment.name for each in found] == names
    assert sorted(call.args[1] for call in resolved.call_args_list) == sorted([*names, *names])


def test_what_many_agents_use_of_a_judge_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []

    def digest(value: object) -> str:
        read.append(value)
        return "0" * 64

    monkeypatch.setattr(check_config, "digest", digest)
    agents = "".join(f"  a-{n}: {{agent_id: ag-{n}, checks: {{scenario_ids: [x], judges: [j]}}}}\n" for n in range(9))
    document = check_content(f"version: 1\njudges: {{j: {{prompt: Polite?}}}}\nagents:\n{agents}".encode(), "s.yaml")
    Comparison(document, document, DeclaredDigests()).of(None)
    assert len([value for value in read if isinstance(value, dict)]) == 2, "once before and once after"
