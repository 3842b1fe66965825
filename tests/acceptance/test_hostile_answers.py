"""Responses of the API that try to write into terminals, logs, outputs and reports, through real `pulumi` runs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.support.hostile_api import HostileApi, serving
from tests.support.payloads import PAYLOADS, commands, shows, strings
from tests.support.project import KEY

if TYPE_CHECKING:
    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"
NO_GATE = ONE.replace("pw-1", "pw-1, gate: none")
HOSTILE = [
    "a\n\x1b]0;x\x07\n::error::x",
    "<{%fg 196%}>\r##[error]\u202e::add-mask::passed",
]


def test_the_state_holds_the_key_only_encrypted(project: Project) -> None:
    project.declare(ONE)
    project.pulumi("config", "set", "--secret", "bland:apiKey", KEY)
    with serving(HostileApi(f"your key {KEY} is {base64.b64encode(KEY.encode()).decode()}")) as url:
        printed = project.up(expect=None, BLAND_BASE_URL=url, BLAND_API_KEY="")
    written = printed.encode() + b"".join(
        path.read_bytes() for path in project.folder.parent.rglob("*") if path.is_file()
    )
    assert KEY.encode() not in written
    assert base64.b64encode(KEY.encode()) not in written
    assert "[secret]" in printed


def test_two_updates_and_all_outputs_show_no_control_and_no_command(project: Project) -> None:
    """The second update shows the outputs that changed: Pulumi prints several lines of a text line by line."""
    project.declare(ONE)
    project.configure("tornado:reports", "reports")
    payloads = [*PAYLOADS.values()]
    api = HostileApi(HOSTILE[0], more=payloads)
    with serving(api) as url:
        printed = project.up(expect=None, BLAND_BASE_URL=url)
        api.text, api.status, api.more = HOSTILE[1], "STUCK", payloads[::-1]
        printed += project.up(None, "--diff", BLAND_BASE_URL=url)
        printed += project.up(expect=None, BLAND_BASE_URL=url, GITHUB_ACTIONS="true")
        code, waited = project.run("tornado-resource", "status", "--stack", "dev", BLAND_BASE_URL=url)
        printed += waited + project.pulumi("refresh", "--yes", "--skip-preview", BLAND_BASE_URL=url)
    printed += project.pulumi("stack") + project.pulumi("stack", "output")
    assert code == 1
    assert "gate failed: 1 failed of 1 session" in printed
    assert not shows(printed.replace("\t", ""))
    assert [line for line in commands(printed) if not line.lstrip().startswith("::error file=sessions.yaml,")] == []
    for text in strings(project.outputs()):
        assert not shows(text)
        assert "\n" not in text
        assert "<{%" not in text
        assert not commands(text)
    for report in (project.folder / "reports").iterdir():
        assert not shows(report.read_text(encoding="utf-8").replace("\t", ""))
        assert not commands(report.read_text(encoding="utf-8"))


def test_a_start_with_an_unusable_id_records_nothing_and_blocks_nothing(project: Project) -> None:
    project.declare(NO_GATE)
    api = HostileApi("no", session_id="../../x")
    with serving(api) as url:
        printed = project.up(expect=None, BLAND_BASE_URL=url)
        assert (
            "error: tornado: sessions.yaml:3:3: start on pathway pw-1: the session_id of the response is `" in printed
        )
        assert "no session is active on the pathway after 4 attempts" in printed
        assert "run `pulumi up --stack dev` again" in printed
        assert not shows(printed)
        assert project.resources() == []
        api.session_id, api.created_at = None, "14 April 2026, 10:15 (UTC+0)"
        project.up(BLAND_BASE_URL=url)
        assert project.outputs()["sessions"]["support-line"]["created_at"] == api.created_at, "byte for byte"
        project.pulumi("destroy", "--yes", "--skip-preview", BLAND_BASE_URL=url)


def test_a_key_in_plain_text_is_an_error_with_the_command(project: Project) -> None:
    project.declare(NO_GATE)
    project.pulumi("config", "set", "--plaintext", "bland:apiKey", KEY)
    printed = project.up(expect=None)
    code, doctored = project.run("tornado-resource", "doctor", "--stack", "dev")
    for text in (printed, doctored):
        assert (
            "bland:apiKey is stored in plain text: set it again with `pulumi config set --secret bland:apiKey" in text
        )
        assert KEY not in text
    assert (code, project.requests()) == (2, [])


@pytest.mark.parametrize("is_config", [True, False])
def test_pulumis_own_debug_file_holds_only_a_key_of_the_config(project: Project, is_config: bool) -> None:  # noqa: FBT001
    """As `docs/security.md` says."""
    project.declare(NO_GATE)
    environment = {}
    if is_config:
        project.pulumi("config", "set", "--secret", "bland:apiKey", KEY)
        environment = {"BLAND_API_KEY": ""}
    file = project.folder.parent / "grpc.json"
    printed = project.up(0, "-v=9", "--logtostderr", PULUMI_DEBUG_GRPC=str(file), **environment)
    assert (KEY in file.read_text(encoding="utf-8")) is is_config
    assert (KEY in printed) is is_config
