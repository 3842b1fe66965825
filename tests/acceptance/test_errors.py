from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.paths import ROOT
from tests.support.project import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1, gate: none}\n"


def test_all_problems_of_declarations_show_and_nothing_is_sent(project: Project) -> None:
    project.declare((ROOT / "tests/examples/invalid/many-at-once.yaml").read_text(encoding="utf-8"))
    printed = project.up(expect=None)
    expected = (ROOT / "tests/examples/invalid/many-at-once.txt").read_text(encoding="utf-8")
    for line in expected.replace("many-at-once.yaml", "sessions.yaml").splitlines():
        assert line in printed
    assert "Traceback" not in printed
    assert project.requests() == []


def test_a_stack_without_an_environment_shows_the_listed_ones(project: Project) -> None:
    project.declare(ONE + "environments: {staging: {}, production: {}}\n")
    assert "unknown environment 'dev', expected one of staging, production" in project.up(expect=None)
    project.configure("tornado:environment", "staging")
    project.up()
    assert project.outputs()["environment"] == "staging"


def test_an_invalid_key_is_reported_without_the_key(project: Project) -> None:
    project.declare(ONE)
    printed = project.up(expect=None, BLAND_API_KEY=f"{KEY} x")
    assert "pulumi config set --secret bland:apiKey --stack dev" in printed
    assert "Traceback" not in printed
    assert KEY not in printed
    assert project.requests() == []


def test_a_refused_start_shows_one_short_message(project: Project) -> None:
    project.declare(ONE)
    project.fail(kind="status", status=401, path="/start", times=9)
    printed = project.up(expect=None)
    message = "HTTP 401: fault injected by the sandbox; check the API key"
    assert f"error: tornado: sessions.yaml:3:3: start on pathway pw-1: {message}" in printed
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed
    assert project.resources() == []


def files_with(folder: Path, text: str) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_the_key_is_only_in_memory(project: Project) -> None:
    """From the environment and from the config: after runs that pass, one that fails, a refresh and a destroy."""
    project.declare(ONE.replace(", gate: none", ""))
    printed = project.up(0, "--diff")
    project.pulumi("config", "set", "--secret", "bland:apiKey", KEY)
    environment: Any = {"BLAND_API_KEY": ""}
    # Not the same pathway: runs of a session that has just ended could be those of a start whose response was lost.
    project.declare(ONE.replace(", gate: none", "").replace("pw-1", "pw-2"))
    project.fail(kind="status", status=500, body=f'{{"message": "your key {KEY} is invalid"}}', path="/start", times=99)
    printed += project.up(expect=None, **environment)
    project.http.delete("/_sandbox/faults")
    printed += project.up(**environment)
    printed += project.pulumi("refresh", "--yes", "--skip-preview", **environment)
    printed += project.pulumi("stack", "export", **environment)
    printed += project.pulumi("destroy", "--yes", "--skip-preview", **environment)
    assert KEY not in printed
    assert files_with(project.folder.parent, KEY) == []
    assert files_with(project.home, KEY) == []
    assert project.http.get("/_sandbox/requests").text.count(KEY) == 0
