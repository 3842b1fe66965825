"""The API key goes to no base URL that only the state names, and to each that the stack's own config names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support import http_server
from tests.support.project import PROGRAM

if TYPE_CHECKING:
    from tests.support.project import Project

DECLARED = """\
version: 1
scenarios:
  refund: {tester_persona_prompt: You were charged twice.}
sessions:
  support-line: {pathway_id: pw-1, version_number: 1, scenarios: [refund], publish: production}
"""
CHECK_STATE = ("tornado-resource", "check-state", "--stack", "dev")
UP, REFRESH, DESTROY = ((command, "--yes", "--skip-preview") for command in ("up", "refresh", "destroy"))


def plant(project: Project, url: str) -> None:
    """Write a base URL into the state, as anybody can who may write to the backend."""

    def edit(state: dict[str, Any]) -> None:
        for resource in state["resources"]:
            if resource["type"] == "pulumi:providers:pulumi-python":
                resource.setdefault("inputs", {})["bland:baseUrl"] = url

    project.edit_state(edit)


def test_a_planted_base_url_gets_no_request(project: Project) -> None:
    received: list[str] = []

    def respond(method: str, path: str, _body: bytes) -> http_server.Response:
        received.append(f"{method} {path}")
        return 500, b"{}", {}

    project.declare(DECLARED)
    project.up()
    assert project.run(*CHECK_STATE)[0] == 0
    with http_server.serve(respond) as url:
        plant(project, url)
        code, printed = project.run(*CHECK_STATE)
        assert code == 1
        assert f"inputs.bland:baseUrl: {url}\n" in printed
        for command in (REFRESH, DESTROY):
            printed = project.pulumi(*command, expect=None)
            assert f"refused to send the API key to {url}: the state names this base URL" in printed, command
            assert "Traceback" not in printed
        program = project.folder / "__main__.py"
        program.write_text("# everything is removed\n", encoding="utf-8")
        assert "refused to send the API key" in project.up(None)
        program.write_text(PROGRAM, encoding="utf-8")
        project.up()
    assert received == []
    assert project.run(*CHECK_STATE)[0] == 0


def test_a_base_url_of_the_config_is_used_by_every_command(project: Project) -> None:
    only_config: Any = {"BLAND_BASE_URL": ""}
    project.declare(DECLARED)
    project.configure("bland:baseUrl", project.sandbox.url)
    for command in (UP, REFRESH):
        project.pulumi(*command, **only_config)
    assert project.run(*CHECK_STATE, **only_config)[0] == 0

    renewed = project.sandbox.url.replace("127.0.0.1", "localhost")
    project.configure("bland:baseUrl", renewed)
    assert "If you have changed it since, run `pulumi up`" in project.pulumi(*REFRESH, expect=None, **only_config)
    assert project.run(*CHECK_STATE, **only_config)[0] == 1
    project.pulumi(*REFRESH, "--run-program", **only_config)
    project.pulumi(*DESTROY, **only_config)


def test_a_base_url_of_another_config_file_is_used_with_that_file(project: Project) -> None:
    only_config: Any = {"BLAND_BASE_URL": ""}
    project.declare(DECLARED)
    file = ("--config-file", str(project.folder.parent / "other.yaml"))
    project.pulumi("config", "set", "bland:baseUrl", project.sandbox.url, *file)
    for command in (UP, REFRESH):
        project.pulumi(*command, *file, **only_config)
    assert "set BLAND_BASE_URL too" in project.pulumi(*REFRESH, expect=None, **only_config)
    project.pulumi(*DESTROY, *file, **only_config)
