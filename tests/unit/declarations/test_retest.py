"""`retest: false`: where a pass of another environment can stand for a run, and where it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.declarations.budget import cost_of
from tornado_resource.declarations.resolver import load
from tornado_resource.declarations.schedule import predecessors
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

SESSION = "sessions: {a: {pathway_id: p}}\n"
AGENT = "agents: {b: {agent_id: g}}\n"
PROMOTES = "environments: {s: {}, e: {promotes_from: s, retest: false, "


def declared(tmp_path: Path, text: str) -> str:
    path = tmp_path / "s.yaml"
    path.write_text(f"version: 1\n{text}", encoding="utf-8")
    return str(path)


def test_an_environment_decides_for_what_does_not_say_itself(tmp_path: Path) -> None:
    path = declared(
        tmp_path,
        "sessions: {a: {pathway_id: p}, c: {pathway_id: p, scenarios: [s]}}\n"
        "scenarios: {s: {}}\n"
        f"{AGENT}environments:\n"
        "  staging: {}\n"
        "  production: {promotes_from: staging, retest: false, sessions: {a: {retest: true}}}\n",
    )
    assert all(each.retest for each in load(path, "staging").declarations)
    production = load(path, "production")
    assert {each.name: each.retest for each in production.declarations} == {"a": True, "c": False, "b": False}
    assert predecessors(production.declarations) == {}
    assert cost_of(production.declarations).minutes == 16
    assert [each.conversations for each in production.agents] == [0]
    assert (len(load(path, "staging").scenarios), production.scenarios) == (1, ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "sessions: {a: {pathway_id: p, retest: false}}\n",
            "s.yaml:2:39: sessions.a.retest: `retest: false` needs `promotes_from`",
        ),
        (
            f"{AGENT}environments: {{e: {{retest: false}}}}\n",
            "s.yaml:3:28: agents.b.retest: `retest: false` needs `promotes_from`",
        ),
        (
            f"{SESSION}{PROMOTES}sessions: {{a: {{gate: none}}}}}}}}\n",
            "`retest: false` needs a gate, and this has `gate: none`",
        ),
        (
            f"{SESSION}{PROMOTES}sessions: {{a: {{pathway_id: q}}}}}}}}\n",
            "`retest: false` needs the same pathway in s",
        ),
        (
            f"{AGENT}{PROMOTES}agents: {{b: {{agent_id: q}}}}}}}}\n",
            "`retest: false` needs the same agent in s",
        ),
        (
            f"{AGENT}{PROMOTES}agents: {{b: {{env: production}}}}}}}}\n",
            "needs the same `env`: its pass is for the checks of staging, not of production",
        ),
    ],
)
def test_what_no_pass_can_stand_for_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        load(declared(tmp_path, text), "e" if "environments" in text else None)
    assert problem in str(raised.value)


@pytest.mark.parametrize("version", ["v1.4.0", "1.4", "01.4.0", "1.4.0.0", "7."])
def test_what_looks_like_a_version_and_is_none_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(DeclarationError, match=r"expected `latest`, `pinned`, a published version such as 1\.4\.0"):
        load(declared(tmp_path, f"agents: {{a: {{agent_id: g, version: '{version}'}}}}\n"))
