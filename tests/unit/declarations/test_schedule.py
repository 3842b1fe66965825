from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.declarations.resolver import check_document, resolve
from tornado_resource.declarations.schedule import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from tornado_resource.declarations.schedule import Plan

TEXT = """\
version: 1
defaults: {timeout_ms: 120000, gate: {passed: any}}
sessions:
  a: {pathway_id: p}
  b: {pathway_id: q, timeout_ms: 60000}
  c: {pathway_id: p, gate: {repaired: refuse}}
  d: {pathway_id: p}
"""


def planned(folder: Path) -> Plan:
    (folder / "s.yaml").write_text(TEXT, encoding="utf-8")
    document = check_document(str(folder / "s.yaml"))
    return make_plan(document, resolve(document, None))


def test_sessions_on_one_pathway_run_in_the_files_order(tmp_path: Path) -> None:
    sessions = planned(tmp_path).runs
    assert {entry.declaration.name: entry.after for entry in sessions} == {"a": None, "b": None, "c": "a", "d": "c"}


def test_the_worst_case_adds_up_on_a_pathway_with_a_minute_of_grace_each(tmp_path: Path) -> None:
    assert planned(tmp_path).cost.minutes == 3 * (2 + 1)


def test_each_value_has_the_position_of_the_layer_that_set_it(tmp_path: Path) -> None:
    origins = planned(tmp_path).runs[2].origins
    lines = {key: position.line for key, position in origins.items()}
    assert lines == {"timeout_ms": 2, "gate.passed": 2, "pathway_id": 6, "gate.repaired": 6}


def test_a_value_that_an_environment_removes_has_no_origin(tmp_path: Path) -> None:
    text = (
        "version: 1\nsessions: {a: {pathway_id: p, rerun: always, gate: {passed: any}}}\n"
        "environments: {e: {sessions: {a: {rerun: null, gate: none}}}}\n"
    )
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    document = check_document(str(tmp_path / "s.yaml"))
    [session] = make_plan(document, resolve(document, "e")).runs
    assert {key: position.line for key, position in session.origins.items()} == {"pathway_id": 2, "gate": 3}


@pytest.mark.parametrize(
    ("shared", "shown"),
    [
        ("triggers: {" + ", ".join(f"t{n}: 1" for n in range(100)) + "}", 163),
        ("triggers: {a: " + "x" * 100_000 + "}", 19),
        ("triggers: {a: " + "x" * 1_000_000 + "}", 1),
        ("persona_id: x", 1666),
    ],
)
def test_a_plan_has_the_first_sessions_and_counts_the_rest(tmp_path: Path, shared: str, shown: int) -> None:
    sessions = "".join(f"  s{n}: {{}}\n" for n in range(2_000))
    text = f"version: 1\ndefaults: {{pathway_id: p, timeout_ms: 60000, {shared}}}\nsessions:\n{sessions}"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    document = check_document(str(tmp_path / "s.yaml"))
    plan = make_plan(document, resolve(document, None))
    assert (len(plan.runs), len(plan.more)) == (shown, 2000 - shown)
    assert plan.cost.minutes == 4000


PROMOTING = """\
version: 1
sessions:
  same: {pathway_id: p, publish: production}
  copied: {pathway_id: q}
  ungated: {pathway_id: r}
  left-out: {pathway_id: s}
environments:
  staging: {sessions: {ungated: {gate: none}, left-out: null}}
  production: {promotes_from: staging, sessions: {copied: {pathway_id: q2, version_number: 3, publish: staging}}}
  elsewhere: {promotes_from: acme/agents/staging}
"""


def test_what_each_session_takes_from_the_environment_before(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(PROMOTING, encoding="utf-8")
    document = check_document(str(tmp_path / "s.yaml"))
    carries = {
        name: {entry.declaration.name: entry.carries for entry in make_plan(document, resolve(document, name)).runs}
        for name in ("staging", "production", "elsewhere")
    }
    assert set(carries["staging"].values()) == {None}
    assert carries["production"] == {"same": "version", "copied": "pass", "ungated": "never", "left-out": "never"}
    assert set(carries["elsewhere"].values()) == {"unknown"}


def test_what_is_published_with_the_versions_that_are_certain(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(PROMOTING, encoding="utf-8")
    document = check_document(str(tmp_path / "s.yaml"))
    releases = make_plan(document, resolve(document, "production")).releases
    assert [(each.subject_id, each.environment, each.version) for each in releases] == [
        ("p", "production", None),
        ("q2", "staging", 3),
    ]
