"""All problems of a file at once: what merging shows of the runs that are valid, beside the problems of the others."""

from __future__ import annotations

import pytest

from tornado_resource.declarations.remainder import MAX_REMAINDER_PROBLEMS
from tornado_resource.declarations.resolver import check_content
from tornado_resource.errors import DeclarationError

UNPUBLISHED = "  b: {pathway_id: pw-b, version_number: 3, gate: none, publish: staging}\n"
PROBLEM = "sessions.b.publish: `publish` needs a gate, and this has `gate: none`"


def problems_of(text: str) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        check_content(f"version: 1\n{text}".encode(), "sessions.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    "faulty",
    [
        "sessions:\n  a: {pathway_id: pw-a, rerun: maybe}\n",
        "sessions:\n  a: {pathway_id: pw-a, rerun: on_drift, rerun: always}\n",
        "agents:\n  a: {agent_id: ag-a, env: dev}\nsessions:\n",
        "scenarios: {only-of-a: {}}\nsessions:\n  a: {pathway_id: pw-a, tags: x, scenarios: [only-of-a]}\n",
        "environments: {dev: {sessions: {a: {rerun: maybe}}}, prod: }\nsessions:\n  a: {pathway_id: pw-a}\n",
        "environments: {a.b: {sessions: {a: {pathway_id: pw-a, rerun: maybe}}}}\nsessions:\n",
    ],
)
def test_a_valid_run_is_resolved_beside_an_invalid_one(faulty: str) -> None:
    found = problems_of(faulty + UNPUBLISHED)
    line = faulty.count("\n") + 2
    assert len(found) == 2
    assert [each for each in found if each.startswith(f"sessions.yaml:{line}:") and PROBLEM in each]


@pytest.mark.parametrize(
    "faulty",
    [
        "defaults: {rerun: maybe}\nsessions:\n",
        "judges: {polite: {id: [j-1]}}\nsessions:\n",
        "environments: {dev: {promotes_from: prod}}\nsessions:\n",
    ],
)
def test_runs_are_not_resolved_from_what_is_invalid(faulty: str) -> None:
    found = problems_of(faulty + UNPUBLISHED)
    assert found
    assert not any(PROBLEM in each for each in found)


def test_a_file_with_nothing_else_has_the_problem_of_its_only_run() -> None:
    [problem] = problems_of("sessions:\n  a: {pathway_id: pw-a, rerun: maybe}\n")
    assert "sessions.a.rerun" in problem


def test_an_environment_named_like_a_path_may_be_no_mapping() -> None:
    found = problems_of("environments: {dev.sessions.a: 5}\nsessions:\n  a: {pathway_id: pw-a, rerun: maybe}\n")
    assert ["environments.dev.sessions.a" in each for each in found] == [True, False]


def test_many_problems_are_enough_for_one_reading() -> None:
    many = "".join(f"  x{number}: {{pathway_id: pw, rerun: maybe}}\n" for number in range(MAX_REMAINDER_PROBLEMS + 1))
    found = problems_of(f"sessions:\n{many}{UNPUBLISHED}")
    assert len(found) == MAX_REMAINDER_PROBLEMS + 1
    assert not any(PROBLEM in each for each in found)
