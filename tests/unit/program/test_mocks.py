"""A program under Pulumi's mocks: its unit tests start nothing, send nothing and keep their signal handlers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM, TESTS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/testing.md").read_text(encoding="utf-8"), re.DOTALL)
MORE = """

import signal

HANDLERS = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]


def test_the_signal_handlers_are_those_of_python():
    assert HANDLERS == [signal.default_int_handler, signal.SIG_DFL]


@pulumi.runtime.test
def test_deploy():
    from tornado_resource import deploy

    deploy()


def test_deploy_has_declared_the_sessions():
    assert declared["TornadoSession", "billing"]["pathway_id"] == "pw-1"


@pulumi.runtime.test
def test_a_check_run_is_declared_and_not_waited_for():
    from tornado_resource import AgentRelease, CheckRun, wait_for

    ended = [{"judge": "polite", "reason": "too strict", "until": "2026-01-31"}]
    run = CheckRun("support", agent_id="ag-1", version="1.4.0", gate={"passed": "80%"}, quarantine=ended)
    verdict = wait_for(run)
    release = AgentRelease("support", agent_id="ag-1", verdict=verdict, runs=[run.run_id])

    def check(found):
        verdict, *agents = found
        assert (verdict["outcome"], verdict["kind"], agents) == ("incomplete", "check_run", ["ag-1", "ag-1"])
        given = declared["CheckRun", "support"]
        assert (given["version_id"], given["env"], given["gate"]) == ("1.4.0", "staging", {"passed": "80%"})
        assert given["quarantine"] == ended

    return pulumi.Output.all(verdict, run.agent_id, release.agent_id).apply(check)


class Edited(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return "sc-1", {**args.inputs, "drift": ["max_turns"]}

    def call(self, args):
        return {}


@pulumi.runtime.test
def test_a_scenario_that_was_edited_has_its_id():
    from tornado_resource import TornadoScenario

    pulumi.runtime.set_mocks(Edited())

    def check(found):
        assert found == "sc-1"

    return TornadoScenario("edited", pathway_id="pw-1").stored_id.apply(check)
"""


def test_the_program_of_the_docs_passes_its_tests(tmp_path: Path) -> None:
    (tmp_path / "infra.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "test_infra.py").write_text(TESTS + MORE, encoding="utf-8")
    (tmp_path / "sessions.yaml").write_text("version: 1\nsessions: {billing: {pathway_id: pw-1}}\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BLAND_BASE_URL": "http://127.0.0.1:9", "HOME": str(tmp_path)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "error::RuntimeWarning",
        str(tmp_path),
    ]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, "8 passed" in result.stdout) == (0, True), result.stdout
