"""`diff` for sessions and agents alike."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.recorded_stack import PASSED, checked, record
from tests.support.results import PATHWAY_ID, gated_run_of
from tornado_resource.cli import main
from tornado_resource.runs.verdict import unknown_result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.runs.model import Result

AGENT = "/v2/agents/ag-sales"
PATHWAY = f"/v1/pathway/{PATHWAY_ID}/version"
DIFF = ["diff", "--stack", "dev"]


def snapshot(semver: str, prompt: str) -> dict[str, Any]:
    behavior = {"nodes": [{"id": "start", "data": {"prompt": prompt}}], "edges": []}
    return {"id": f"v-{semver[2]}", "semver": semver, "snapshot": {"behavior": behavior}}


def pathway(prompt: str) -> dict[str, Any]:
    return {"nodes": [{"id": "start", "data": {"prompt": prompt}}], "edges": []}


RESPONSES: Mapping[str, Any] = {
    f"{AGENT}/versions/latest": snapshot("1.2.0", "Be brief.\nBe kind."),
    f"{AGENT}/versions/1.1.0": snapshot("1.1.0", "Be brief."),
    f"{AGENT}/versions": [{"id": "v-1", "semver": "1.1.0"}],
    f"{AGENT}/environments": [
        {"env_type": "staging", "current_version_id": "v-2"},
        {"env_type": "production", "current_version_id": "v-1"},
    ],
    f"{PATHWAY}/7": pathway("Hello."),
    f"{PATHWAY}/0": pathway("Hi."),
}
STATUSES = {"booking": {**PASSED, "forked_version": 7}, "sales": checked("sales")}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return record(monkeypatch, STATUSES, check_runs=["sales"], responses=RESPONSES)


@pytest.mark.usefixtures("stack")
def test_both_kinds_are_compared_with_what_is_live(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DIFF, "--against", "live"]) == 0
    lines = [line.partition(" (sha")[0].rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "booking: version 7",
        "  ~ node start",
        "      data.prompt:",
        "        - Hello.",
        "        + Hi.",
        "",
        "sales: version 1.2.0",
        "  ~ node start",
        "      data.prompt:",
        "          Be brief.",
        "        - Be kind.",
    ]


def test_an_agent_is_compared_by_name_without_other_requests(
    stack: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*DIFF, "sales", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (list(found), found["sales"]["before"]["label"]) == (["sales"], "version 1.2.0")
    assert found["sales"]["after"]["label"] == "live: version 1.1.0"
    assert not [path for path in stack if path.startswith("/v1")]


@pytest.mark.parametrize(
    ("name", "versions", "labels"),
    [
        ("sales", ["1.1.0", "pinned"], ["version 1.1.0", "pinned: version 1.2.0"]),
        ("sales", ["v-1", "latest"], ["version 1.1.0", "version 1.2.0"]),
        ("booking", ["live", "7"], ["live", "version 7"]),
    ],
)
def test_any_two_versions_are_compared(
    name: str, versions: list[str], labels: list[str], stack: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*DIFF, name, "--versions", *versions, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)[name]
    assert [found[side]["label"] for side in ("before", "after")] == labels
    assert not [path for path in stack if path.endswith(("/status", "/s-sales"))], "no run is read"


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["sales", "--against", "repairs"], 3, "sales: a check run makes no repairs"),
        (["sales", "--versions", "9.0.0", "live"], 3, "sales: version 9.0.0 of agent ag-sales: HTTP 404"),
        (["booking", "--versions", "latest", "7"], 3, "booking: found `latest`, expected the number of a version, or"),
        (["booking", "--versions", "8", "7"], 3, f"booking: the API does not show version 8 of pathway {PATHWAY_ID}"),
        (["--versions", "1", "2"], 2, "--versions needs the name of a session or agent"),
        (["sales", "--versions", "1", "2", "--against", "live"], 2, "--versions needs the name"),
        (["sale"], 2, "stack dev has no session or agent sale with a gate; did you mean `sales`?"),
    ],
)
def test_what_cannot_be_compared_is_said(
    arguments: list[str], code: int, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*DIFF, *arguments]) == code
    assert problem in capsys.readouterr().err


def carried(name: str, request: Mapping[str, Any], kind: str, **versions: Any) -> Result:
    """What passed in the stack staging and counts here (`retest: false`)."""
    gated = replace(gated_run_of(name), request=request, kind=kind)
    found = unknown_result(gated, "it passed in stack staging")
    return replace(found, verdict=replace(found.verdict, outcome="passed", promoted=True, **versions))


def test_what_passed_in_another_stack_is_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = [
        carried("booking", {"pathway_id": PATHWAY_ID}, "tornado", version=7),
        carried("sales", {"agent_id": "ag-sales", "env": "staging"}, "check_run", version_id="v-2", semver="1.2.0"),
        carried("hidden", {}, "tornado", version=7),
    ]
    paths = record(monkeypatch, {}, responses=RESPONSES, carried=taken)
    assert main([*DIFF, "--format", "json"]) == 3
    found = capsys.readouterr()
    labels = [[each[side]["label"] for side in ("before", "after")] for each in json.loads(found.out).values()]
    assert labels == [["version 7", "live"], ["version 1.2.0", "live: version 1.1.0"]]
    assert found.err == "hidden: the pathway is unknown: the outputs of the stack do not show it\n"
    assert not [path for path in paths if "tornado" in path or "check-runs" in path], "no run is read"

    assert main([*DIFF, "sales", "--against", "staging"]) == 0
    assert "version 1.2.0 there" in capsys.readouterr().out
    assert main([*DIFF, "sale"]) == 2
    assert "did you mean `sales`?" in capsys.readouterr().err


@pytest.mark.usefixtures("stack")
def test_the_same_agent_is_compared_with_another_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DIFF, "sales", "--against", "staging"]) == 0
    out = capsys.readouterr().out
    assert "version 1.2.0 there" in out
    assert "version 1.2.0 here" in out
    assert "no difference" in out
