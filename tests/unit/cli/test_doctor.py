from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.paths import ROOT
from tests.support.recorded_stack import recorded_run
from tornado_resource.cli import main
from tornado_resource.cli.doctor import _scenario_row
from tornado_resource.stacks.reader import Stack
from tornado_resource.stacks.scenarios import ScenarioChange, StoredScenario

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from tornado_resource.bland.address import Endpoint

EXPECTED = """\
locked    stack dev is locked by ann@host
          if that process is gone: pulumi cancel --yes --stack dev
pending   stack dev: the creation of support-line was cut off
          pulumi up --stack dev, then pulumi refresh --yes --clear-pending-creates --stack dev
pending   stack dev: Pulumi still warns of an interrupted creation of old, which was recorded since
          pulumi refresh --yes --clear-pending-creates --stack dev
"""


def test_the_commands_for_locks_and_pending_creations_name_the_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pending = recorded_run("support-line", is_replaced=True, is_interrupted=True)
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, (pending,), locked_by="ann@host", settled=("old",))

    async def no_session(_endpoint: Endpoint, pathway_ids: Sequence[str]) -> list[None]:
        return [None for _ in pathway_ids]

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    monkeypatch.setattr("tornado_resource.cli.doctor._active_sessions", no_session)
    assert main(["doctor", "--stack", "dev"]) == 1
    assert capsys.readouterr().out.startswith(EXPECTED)


def test_quiet_leaves_what_needs_an_action(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stack = Stack("dev", {"bland:apiKey": "a-long-key"})

    async def no_session(_endpoint: Endpoint, pathway_ids: Sequence[str]) -> list[None]:
        return [None for _ in pathway_ids]

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    monkeypatch.setattr("tornado_resource.cli.doctor._active_sessions", no_session)
    assert main(["doctor", "--stack", "dev"]) == 0
    assert capsys.readouterr().out != ""
    assert main(["doctor", "--stack", "dev", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["doctor", "--stack", "dev", "--quiet", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"findings": []}
    locked = replace(stack, locked_by="ann@host")
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: locked)
    assert main(["doctor", "--stack", "dev", "-q"]) == 1
    assert capsys.readouterr().out.splitlines() == EXPECTED.splitlines()[:2]
    assert main(["doctor", "--stack", "dev", "--format", "json"]) == 1
    first, *others = json.loads(capsys.readouterr().out)["findings"]
    assert first == {
        "kind": "locked",
        "text": "stack dev is locked by ann@host",
        "cure": "if that process is gone: pulumi cancel --yes --stack dev",
    }
    assert {(row["kind"], row["cure"]) for row in others} == {("free", None)}


def test_a_secret_pathway_is_not_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded_run("billing", pathway_id="pw-in-clear", is_secret=True)
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, (run,))

    async def no_session(_endpoint: Endpoint, pathway_ids: Sequence[str]) -> list[None]:
        return [None for _ in pathway_ids]

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    monkeypatch.setattr("tornado_resource.cli.doctor._active_sessions", no_session)
    assert main(["doctor", "--stack", "dev"]) == 0
    printed = capsys.readouterr().out
    assert "billing (pathway [secret]): no session runs" in printed
    assert "in-clear" not in printed


def test_a_stack_without_a_declarations_file_is_compared_by_its_state(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = recorded_run("billing", pathway_id="pw-1")
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, (run,))

    async def no_session(_endpoint: Endpoint, pathway_ids: Sequence[str]) -> list[None]:
        return [None for _ in pathway_ids]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    monkeypatch.setattr("tornado_resource.cli.doctor._active_sessions", no_session)
    assert main(["doctor", "--stack", "dev"]) == 0
    assert "billing (pathway pw-1): no session runs" in capsys.readouterr().out
    stack = replace(stack, runs=())
    assert main(["doctor", "--stack", "dev"]) == 2
    assert "sessions.yaml: no such file" in capsys.readouterr().err
    stack = replace(stack, runs=(run,), config={**stack.config, "tornado:declarations": "lost.yaml"})
    assert main(["doctor", "--stack", "dev"]) == 2
    assert "lost.yaml: no such file" in capsys.readouterr().err


def test_an_edited_scenario_is_put_back_by_a_plain_update() -> None:
    stored = StoredScenario("refund@pw-1", "sc-1", "pw-1", {"name": "Refund"}, manage=True, drift=False)
    row = _scenario_row(stored, ScenarioChange(("enabled",)), "dev")
    assert row.cure == ("to put it back: pulumi up --stack dev (add --refresh if rerun is on_failure or on_change)")
