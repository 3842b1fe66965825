"""`tornado-resource import`, against a running sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tornado_resource.cli import main
from tornado_resource.declarations.resolver import load
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = """\
pathways:
  pw-1: {}
judges:
  resolved: {name: Resolved}
agents:
  ag-1:
    name: Support
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}, production: {judges: [resolved]}}
  ag-2: {name: Support, source_pathway_id: pw-old}
"""


@pytest.fixture
def http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    script = tmp_path / "script.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    with Sandbox(script=script) as sandbox:
        monkeypatch.setenv("BLAND_BASE_URL", sandbox.url)
        monkeypatch.setenv("BLAND_API_KEY", "sk-any-key")
        monkeypatch.chdir(tmp_path)
        headers = {"authorization": "sk-any-key"}
        with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client:
            yield client


def add(http: httpx.Client, **fields: Any) -> None:
    body = {"pathway_id": "pw-1", **fields}
    http.post("/v1/agent-testing/scenarios", json=body).raise_for_status()


def test_what_cannot_be_declared_is_said_and_not_counted(
    http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    add(http, name="Null")
    add(http, name="n" * 201)
    assert main(["import", "--pathway", "pw-1"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("sessions.yaml: 1 scenario of pathway pw-1\n")
    assert "the scenario is left out: name: " in printed.err
    assert [each.fields["name"] for each in load("sessions.yaml").scenarios] == ["Null"]


@pytest.mark.usefixtures("http")
def test_an_unknown_pathway_writes_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--pathway", "pw-none"]) == 2
    assert "unknown pathway pw-none: check --pathway" in capsys.readouterr().err
    assert not Path("sessions.yaml").exists()


@pytest.mark.usefixtures("http")
def test_a_file_that_exists_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Path("own.yaml").write_text("own", encoding="utf-8")
    for more in ([], ["--scenarios"]):
        assert main(["import", "--pathway", "pw-1", "--output", "own.yaml", *more]) == 2
        assert "own.yaml exists already" in capsys.readouterr().err
    assert Path("own.yaml").read_text(encoding="utf-8") == "own"


@pytest.mark.parametrize(("categories", "number"), [(("CUSTOM", "EDGE_CASE"), 130), (("CUSTOM",), 100)])
def test_all_scenarios_are_written_or_it_warns(
    http: httpx.Client, capsys: pytest.CaptureFixture[str], categories: tuple[str, ...], number: int
) -> None:
    for index in range(130):
        add(http, name=f"Case {index}", category=categories[index % len(categories)])
    off = http.post("/v1/agent-testing/scenarios", json={"pathway_id": "pw-1", "name": "Off"}).json()
    http.put(f"/v1/agent-testing/scenarios/{off['id']}", json={"enabled": False}).raise_for_status()
    assert main(["import", "--pathway", "pw-1"]) == 0
    printed = capsys.readouterr()
    assert len(load("sessions.yaml").scenarios) == number
    warning = (
        "warning: pathway pw-1: the API lists at most 100 scenarios of a category; 100 were found, "
        "older ones are left out\n"
    )
    assert printed.err == ("" if number == 130 else warning)


def test_agents_are_declared_for_each_environment_with_checks(
    http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "--agent", "ag-1", "--agent", "ag-2", "--agent", "ag-1"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("sessions.yaml: 3 check runs\n")
    assert printed.err.startswith("warning: agent ag-2: no checks in staging or production; first declare `checks`")
    declared = load("sessions.yaml").agents
    assert [(each.name, each.request["agent_id"], each.request["env"]) for each in declared] == [
        ("support", "ag-1", "staging"),
        ("support-production", "ag-1", "production"),
        ("support-2", "ag-2", "staging"),
    ]
    assert "  # Resolved" in Path("sessions.yaml").read_text(encoding="utf-8")
    assert {row["method"] for row in http.get("/_sandbox/requests").json()} == {"GET"}


@pytest.mark.usefixtures("http")
def test_all_agents_are_declared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--all"]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("2 agents in the account\n")
    assert [each.request["agent_id"] for each in load("sessions.yaml").agents] == ["ag-1", "ag-1", "ag-2"]


@pytest.mark.usefixtures("http")
def test_a_project_begins_with_agents(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "mine", "--agent", "ag-1"]) == 0
    assert "Put the id" not in capsys.readouterr().out
    assert [each.name for each in load("mine/sessions.yaml").agents] == ["support", "support-production"]


@pytest.mark.usefixtures("http")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "--pathway", "pw-old"], "pw-old: it was migrated to an agent: import that one with --agent ag-2"),
        (["import", "--agent", "ag-none"], "unknown agent ag-none: check --agent"),
        (["import"], "name what to import: --pathway ID, --agent ID for each agent, or --all agents"),
        (["import", "--all", "--agent", "ag-1"], "name what to import"),
        (["import", "--agent", "ag-1", "--pathway", "pw-1"], "name what to import"),
        (["import", "--agent", "ag-1", "--scenarios"], "--scenarios is for a pathway"),
        (["init", "mine", "--agent", "ag-1", "--pathway", "pw-1"], "--pathway and --agent exclude each other"),
    ],
)
def test_what_cannot_be_imported_writes_nothing(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["script.yaml"]
