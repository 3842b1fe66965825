"""`comment`: one comment for each stack, updated by the next run, and never a reason to fail."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.forges import APP, COMMIT, MEMBER, TOKEN, Forge, serve_forge
from tornado_resource.cli import main
from tornado_resource.cli.comment import CUT_COMMENT, comment_body, mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = "<!-- tornado-resource: our%20agents/staging -->"


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    (tmp_path / "Pulumi.yaml").write_text("name: our agents\nruntime: python\n")
    (tmp_path / "summary.md").write_text("## Passed\n")
    monkeypatch.chdir(tmp_path)
    with serve_forge() as served:
        yield served


@pytest.fixture
def github(forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forge:
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "acme/agents",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_SHA": COMMIT,
        "GITHUB_TOKEN": TOKEN,
    }
    set_all(monkeypatch, variables)
    return forge


@pytest.fixture
def gitlab(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> Forge:
    forge.user = {"login": "project_12_bot", "type": "User", "id": 77}
    variables = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{forge.url}/api/v4",
        "CI_PROJECT_ID": "12",
        "CI_MERGE_REQUEST_PROJECT_ID": "12",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": COMMIT,
        "GITLAB_TOKEN": TOKEN,
    }
    set_all(monkeypatch, variables)
    return forge


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def comment(capsys: pytest.CaptureFixture[str], *arguments: str, stack: str = "staging") -> str:
    """Run the command, and return what it prints."""
    assert main(["comment", "--stack", stack, *arguments]) == 0
    printed = capsys.readouterr()
    assert TOKEN not in printed.out + printed.err
    return (printed.out + printed.err).rstrip()


@pytest.mark.parametrize("where", ["github", "gitlab"])
def test_the_comment_of_a_stack_is_written_once_and_then_updated(
    where: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge: Forge = request.getfixturevalue(where)
    for number in range(230):
        forge.say(f"{number}", MEMBER)
    forge.say(f"{MARK}\nwritten by somebody else", MEMBER)
    noun = "pull request" if where == "github" else "merge request"
    assert comment(capsys) == f"wrote a comment on {noun} 7"
    assert comment(capsys, stack="production") == f"wrote a comment on {noun} 7"
    forge.say(f"Look: {MARK}", forge.user or APP)
    (tmp_path / "summary.md").write_text("## Failed\n")
    assert comment(capsys) == f"updated the comment on {noun} 7"
    production = MARK.replace("staging", "production")
    assert forge.bodies[231:] == [f"{MARK}\n## Failed\n", f"{production}\n## Passed\n", f"Look: {MARK}"]


def test_the_token_of_a_person_updates_only_their_comments(github: Forge, capsys: pytest.CaptureFixture[str]) -> None:
    github.user = MEMBER
    github.say(f"{MARK}\nwritten by an app", APP)
    assert comment(capsys) == "wrote a comment on pull request 7"
    assert comment(capsys) == "updated the comment on pull request 7"
    assert github.bodies == [f"{MARK}\nwritten by an app", f"{MARK}\n## Passed\n"]


@pytest.mark.parametrize("where", ["github", "gitlab"])
def test_after_a_merge_it_is_the_request_that_has_the_commit(
    where: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    forge: Forge = request.getfixturevalue(where)
    (tmp_path / "event.json").write_text('{"ref": "refs/heads/main"}')
    monkeypatch.delenv("CI_MERGE_REQUEST_IID", raising=False)
    assert "request has this commit: nothing to comment on" in comment(capsys)
    forge.requests = [7, 6]
    assert "wrote a comment on" in comment(capsys)


def test_the_ref_names_the_pull_request_where_the_event_does_not(
    github: Forge, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_PATH", "gone.json")
    monkeypatch.setenv("GITHUB_REF", "refs/pull/7/merge")
    assert comment(capsys) == "wrote a comment on pull request 7"
    assert len(github.comments) == 1


def test_standard_input_is_a_report_too(
    github: Forge, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"## Plan\n")))
    comment(capsys, "-", stack="plan")
    assert github.bodies == ["<!-- tornado-resource: our%20agents/plan -->\n## Plan\n"]


def test_a_fork_has_a_token_that_cannot_write(github: Forge, capsys: pytest.CaptureFixture[str]) -> None:
    github.refusal = 403
    told = comment(capsys)
    assert told.startswith("::warning title=tornado-resource::no comment was written: POST repos/acme/agents/issues/7")
    assert (
        "HTTP 403 (Resource not accessible by integration); the job needs `permissions: pull-requests: write`" in told
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("GITHUB_TOKEN", "", "GITHUB_TOKEN is not set: pass `${{ github.token }}`"),
        ("GITHUB_TOKEN", "tökén", "the token has characters that cannot be sent"),
        ("GITHUB_TOKEN", "another-token", "HTTP 401 (Bad credentials Bearer [secret])"),
        ("GITHUB_REPOSITORY", "", "GITHUB_REPOSITORY is not set"),
        ("GITHUB_REPOSITORY", "acme/agents/../x", "GITHUB_REPOSITORY is invalid"),
        ("GITHUB_API_URL", "http://github.example", "the API URL in the environment is not an https URL"),
        ("GITHUB_API_URL", "https://[", "the API URL in the environment is not an https URL"),
        ("GITHUB_API_URL", "http://127.0.0.1:1", "no comment was written: GET user: "),
        ("GITHUB_ACTIONS", "", "it works in GitHub Actions and GitLab CI only"),
    ],
)
@pytest.mark.usefixtures("github")
def test_what_is_wrong_is_a_warning_and_fails_nothing(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    shown = comment(capsys)
    assert told in shown
    assert value == "" or value not in shown.partition("Bearer")[2]


def test_a_missing_file_or_project_is_a_warning(
    github: Forge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "gone.md: no such file or directory" in comment(capsys, "gone.md")
    (tmp_path / "Pulumi.yaml").write_text("runtime: python\n")
    assert "Pulumi.yaml has no name" in comment(capsys)
    assert github.comments == []


def test_gitlab_needs_a_token_of_its_own(
    gitlab: Forge, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "")
    assert comment(capsys).startswith("no comment was written: GITLAB_TOKEN is not set")
    assert gitlab.sent == []


def test_a_long_report_is_cut_at_a_line_and_says_so() -> None:
    first = mark("agents", "dev")
    assert comment_body(first, "x", 100) == f"{first}\nx"
    lines = [f"line {number} \U0001f7e2" for number in range(200)]
    cut = comment_body(first, "\n".join(["```diff", *lines]), 1_000)
    assert len(cut) + cut.count("\U0001f7e2") <= 1_000
    assert cut.startswith(f"{first}\n```diff\nline 0 ")
    assert cut.endswith(f"\U0001f7e2\n```\n\n{CUT_COMMENT}")
    closed = comment_body(first, "\n".join(["```", "a", "```", *lines]), 1_000)
    assert closed.endswith(f"\U0001f7e2\n\n{CUT_COMMENT}")


def test_a_name_cannot_end_the_mark() -> None:
    assert mark("a --> b", "org/x/s") == "<!-- tornado-resource: a%20--%3E%20b/org/x/s -->"
