"""`tornado-resource migrate`, against a running sandbox."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tornado_resource.cli import main
from tornado_resource.declarations.resolver import load
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = """\
pathways:
  pw-1: {scenarios: [{id: sc-1, name: Cancels}, {id: sc-2}]}
  pw-2: {}
  pw-3: {}
  pw-copy: {}
  pw-own: {}
agents:
  ag-1: {name: Support, source_pathway_id: pw-1}
  ag-2: {name: Sales, source_pathway_id: pw-2}
  ag-3: {name: Twin, source_pathway_id: pw-2}
  ag-4: {name: Gone, source_pathway_id: pw-gone}
  ag-5: {name: Known, source_pathway_id: pw-5}
  ag-6: {name: Copy, source_pathway_id: pw-copy}
  ag-7: {name: Own, source_pathway_id: pw-own}
"""
DECLARATIONS = """\
version: 1
scenarios:
  refund: {assertions: [{type: LLM_JUDGE, config: {prompt: Did it refund?}}]}
sessions:
  line: {pathway_id: pw-1, version_number: latest, scenarios: [refund], scenario_ids: [sc-1], rerun: always}
  sales: {pathway_id: pw-2, version_number: latest}
  alone: {pathway_id: pw-3, version_number: latest}
  gone: {pathway_id: pw-gone, version_number: latest}
  known: {pathway_id: pw-5, version_number: latest}
agents:
  old: {agent_id: AG-5}
environments:
  dev: {}
  # After a release.
  production: {sessions: {line: {pathway_id: pw-copy, rerun: on_failure}, sales: {rerun: always}}}
  nightly:
    sessions:
      line: {rerun: on_change}  # every night
      own: {pathway_id: pw-own, version_number: latest}
"""


@pytest.fixture
def http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    script = tmp_path / "script.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    with Sandbox(script=script) as sandbox:
        monkeypatch.setenv("BLAND_BASE_URL", sandbox.url)
        monkeypatch.setenv("BLAND_API_KEY", "sk-any-key")
        monkeypatch.chdir(tmp_path)
        Path("sessions.yaml").write_text(DECLARATIONS, encoding="utf-8")
        headers = {"authorization": "sk-any-key"}
        with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client:
            yield client


def test_a_diff_that_applies_and_only_reads(http: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines()[:4] == [
        "note: pathway pw-2: several agents were migrated from it (ag-2, ag-3); nothing is written for it",
        "note: pathway pw-3: no agent replaces it; nothing is written for it",
        "note: pathway pw-5: agent ag-5, which replaces it, is declared already; nothing is written for it",
        "note: pathway pw-gone: the API no longer has it, so its scenarios cannot be read",
    ]
    assert "note: own-agent: environment nightly: version_number not taken over" in printed.err
    assert (
        "+  production: {agents: {line-agent: {agent_id: ag-6, rerun: on_failure}, own-agent: null}, "
        "sessions: {line: {pathway_id: pw-copy, rerun: on_failure}, sales: {rerun: always}}}\n"
    ) in printed.out
    assert {row["method"] for row in http.get("/_sandbox/requests").json()} == {"GET"}
    assert Path("sessions.yaml").read_text(encoding="utf-8") == DECLARATIONS

    subprocess.run(["git", "apply", "-p0", "-"], input=printed.out, text=True, check=True)
    environment = load("sessions.yaml", "dev")
    assert [each.name for each in environment.sessions] == ["line", "sales", "alone", "gone", "known"]
    _, line, gone = environment.agents
    nightly = {each.name: each for each in load("sessions.yaml", "nightly").agents}
    assert (nightly["line-agent"].rerun, nightly["own-agent"].agent_id) == ("on_change", "ag-7")
    assert (line.name, line.agent_id, line.rerun) == ("line-agent", "ag-1", "always")
    assert line.checks is not None
    assert [each.fields["name"] for each in line.checks.scenarios] == ["refund", "Cancels"]
    assert [each["name"] for each in line.checks.judges] == ["refund 1"]
    assert (gone.agent_id, gone.checks) == ("ag-4", None)


@pytest.mark.usefixtures("http")
def test_a_whole_file_that_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--output", "new.yaml"]) == 0
    assert capsys.readouterr().out.startswith("new.yaml: sessions.yaml with 4 agents\n")
    assert len(load("new.yaml", "production").agents) == 3
    assert main(["migrate", "-o", "new.yaml"]) == 2
    assert "new.yaml exists already" in capsys.readouterr().err


@pytest.mark.usefixtures("http")
def test_a_file_without_such_pathways_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("own.yaml").write_text("version: 1\nsessions: {a: {pathway_id: pw-3}}\n", encoding="utf-8")
    assert main(["migrate", "own.yaml"]) == 2
    assert "no agent was migrated from a pathway of own.yaml: pw-3" in capsys.readouterr().err
