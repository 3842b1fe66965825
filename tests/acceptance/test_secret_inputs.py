"""Secret inputs and triggers are in clear nowhere, and every command works with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

PROGRAM = """\
import pulumi
from tornado_resource import PathwayRelease, TornadoScenario, TornadoSession, wait_for

config = pulumi.Config()
pathway = config.require_secret("pathway")
prompt = config.require_secret("prompt")
refund = TornadoScenario("refund", pathway_id=pathway, tester_persona_prompt=prompt)
session = TornadoSession(
    "support-line",
    pathway_id=pathway,
    persona_id=config.require_secret("persona"),
    version_number=1,
    scenarios=[refund],
    triggers={"token": config.require_secret("token")},
)
verdict = wait_for(session)
pulumi.export("verdict", verdict)
PathwayRelease("support-line", pathway_id=pathway, verdict=verdict)
"""
SECRETS = {
    "pathway": "pathway-in-clear",
    "prompt": "prompt-in-clear",
    "persona": "persona-in-clear",
    "token": "token-in-clear",
}
DEPLOYED = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"


def test_secret_triggers_of_the_config_hide_no_verdict(project: Project) -> None:
    project.declare(DEPLOYED)
    project.pulumi("config", "set", "--secret", "--path", "tornado:triggers.token", "token-in-clear")
    printed = project.up(0, "--diff") + json.dumps(project.deployment())
    assert project.outputs()["verdicts"]["support-line"]["outcome"] == "passed"
    project.pulumi("config", "set", "--secret", "--path", "tornado:triggers.token", "another-token-in-clear")
    printed += project.pulumi("preview", "--diff") + project.up(0, "--diff") + json.dumps(project.deployment())
    assert len(project.bodies()) == 2
    assert "in-clear" not in printed


def test_secret_inputs_are_in_clear_nowhere(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, program=PROGRAM)
    project.pulumi("config", "set-all", *(f"--secret={key}={value}" for key, value in SECRETS.items()))
    project.configure("tornado:reports", "reports")
    printed = project.up(0, "--diff")
    printed += project.up(0, "--refresh")
    assert len(project.bodies()) == 1
    project.pulumi("config", "set", "--secret", "token", "another-token-in-clear")
    printed += project.pulumi("preview", "--diff")
    printed += project.pulumi("stack", "export") + project.pulumi("stack", "output", "--json")
    project.declare(DEPLOYED)  # which `doctor` reads
    for command in ("status", "wait", "doctor", "report"):
        code, said = project.run("tornado-resource", command, "--stack", "dev")
        assert code == 0, said
        printed += said
    printed += "".join(path.read_text(encoding="utf-8") for path in (project.folder / "reports").iterdir())
    assert "in-clear" not in printed
    assert "[secret]" in (project.folder / "reports/verdicts.json").read_text(encoding="utf-8")
    project.pulumi("destroy", "--yes", "--skip-preview")
