"""`plan --since` and `--against`: what a reviewer sees of a change, from git and offline."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.repository import commit_all, run_git
from tornado_resource.cli import main

if TYPE_CHECKING:
    from pathlib import Path

DECLARED = """\
version: 1
scenarios:
  refund: {tester_persona_prompt: {file: ../prompts/refund.md}, max_turns: 9}
sessions:
  line: {pathway_id: p, scenarios: [refund]}
  other: {pathway_id: q, timeout_ms: 300000}
environments:
  staging: {}
  production: {sessions: {other: null}}
"""
SEEN = """\
since HEAD

environment staging: at worst 1 of 2 start, 16 minutes and 5 conversations
  line       runs again: scenario refund (tester_persona_prompt)
  unchanged  other

environment production: at worst 1 of 1 start, 16 minutes and 5 conversations
  line  runs again: scenario refund (tester_persona_prompt)

~ scenario refund (staging, production)
    tester_persona_prompt:
        You want your money back.
      - Be polite.
      + Be angry.

Not seen offline: what was edited in Bland, newer versions, and runs that failed. `pulumi preview` shows it.
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of a repository, whose prompt has changed since the commit."""
    folder = tmp_path / "project"
    for path, text in ((folder / "sessions.yaml", DECLARED), (tmp_path / "prompts/refund.md", prompt("polite"))):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    commit_all(tmp_path)
    (tmp_path / "prompts/refund.md").write_text(prompt("angry"))
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    return folder


def prompt(how: str) -> str:
    return f"You want your money back.\nBe {how}."


@pytest.mark.usefixtures("repository")
def test_a_plan_shows_what_scenarios_declare(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "-e", "staging"]) == 0
    shown = capsys.readouterr().out
    assert shown.endswith('    tester_persona_prompt: "You want your money back.\\nBe angry."\n    max_turns: 9\n')
    assert main(["plan", "-e", "staging", "--format", "markdown"]) == 0
    assert capsys.readouterr().out == f"## Tornado plan\n\n```text\n{shown}```\n"


@pytest.mark.usefixtures("repository")
def test_what_changed_since_a_revision_is_shown_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--since", "HEAD"]) == 0
    assert capsys.readouterr().out == SEEN


def test_one_environment_is_shown_as_markdown_and_json(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--since", "HEAD", "-e", "staging", "--format", "markdown"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("## Tornado plan since HEAD: at worst 1 start\n\n### Environment staging: at worst 1 of 2")
    assert "- **line** runs again: scenario refund (tester\\_persona\\_prompt)\n- **unchanged** other\n" in shown
    assert "```diff\n~   scenario refund\n" in shown
    assert "\n-         Be polite.\n+         Be angry.\n```\n" in shown
    assert "production" not in shown
    assert main(["plan", str(repository / "sessions.yaml"), "--since", "HEAD", "--format", "json"]) == 0
    (staging, _) = json.loads(capsys.readouterr().out)["environments"]
    assert (staging["starts"], staging["worst_case_minutes"]) == (1, 16)
    assert [(each["name"], each["decision"]) for each in staging["runs"]] == [("line", "again"), ("other", "kept")]
    assert staging["changes"][0]["fields"][0]["path"] == "tester_persona_prompt"


def test_a_renamed_session_is_shown_with_its_old_name(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "sessions.yaml").write_text(DECLARED.replace("  other: {p", "  fresh: {p").replace("other: null", ""))
    assert main(["plan", "--since", "HEAD", "-e", "staging"]) == 0
    shown = capsys.readouterr().out
    assert "  fresh  was other, does not run again\n" in shown
    assert "removed" not in shown
    assert main(["plan", "--since", "HEAD", "-e", "staging", "--format", "json"]) == 0
    (staging,) = json.loads(capsys.readouterr().out)["environments"]
    assert [each["former_name"] for each in staging["runs"]] == [None, "other"]


@pytest.mark.usefixtures("repository")
def test_github_shows_what_starts_at_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--since", "HEAD", "--format", "github"]) == 0
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("::notice file=")
    assert first.endswith("sessions.line: environment staging: runs again: scenario refund (tester_persona_prompt)")


def test_another_file_is_compared_with_its_own_prompts(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "old").mkdir()
    (repository / "old/sessions.yaml").write_text(DECLARED.replace("../", ""))
    (repository / "old/prompts").mkdir()
    (repository / "old/prompts/refund.md").write_text(prompt("angry"))
    assert main(["plan", "--against", "old/sessions.yaml"]) == 0
    assert "environment staging: nothing starts\n  unchanged  line, other\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "everything counts as new: there is no sessions.yaml"),
        ("version: 2\n", "everything counts as new: the declarations there are invalid: HEAD:sessions.yaml:1:1: "),
        (
            DECLARED.replace("refund.md", "no.md"),
            "HEAD:sessions.yaml:3:42: scenarios.refund.",
        ),
        (f"# {'x' * 1024**2}\n", "more than 1 MiB"),
    ],
)
def test_a_revision_that_cannot_be_compared_starts_everything(
    repository: Path, content: str | None, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = repository / "sessions.yaml"
    file.unlink() if content is None else file.write_text(content)
    commit_all(repository.parent)
    file.write_text(DECLARED)
    assert main(["plan", "--since", "HEAD"]) == 0
    shown = capsys.readouterr().out
    assert problem in shown
    assert "  line   starts: it is new\n" in shown


def test_a_prompt_outside_of_the_repository_is_a_finding_of_ours(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = repository / "sessions.yaml"
    file.write_text(DECLARED.replace("../prompts/refund.md", "../../refund.md"))
    commit_all(repository.parent)
    assert main(["plan", "--since", "HEAD"]) == 2, "the present file names it, too"
    assert capsys.readouterr().err.startswith(
        "sessions.yaml:3:42: scenarios.refund.tester_persona_prompt.file: the file"
    )
    file.write_text(DECLARED)
    assert main(["plan", "--since", "HEAD"]) == 0, "a change may mend it"
    shown = capsys.readouterr()
    place = "HEAD:sessions.yaml:3:42: scenarios.refund.tester_persona_prompt.file"
    found = "there is no such file in the repository beside HEAD:sessions.yaml"
    assert f"everything counts as new: the declarations there are invalid: {place}: {found}" in shown.out
    assert "fatal" not in shown.out + shown.err


def test_links_are_followed_within_the_repository(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, link = repository.parent / "prompts/refund.md", repository.parent / "prompts/link.md"
    target.write_text(prompt("polite"))
    link.symlink_to("refund.md")
    (repository / "sessions.yaml").write_text(DECLARED.replace("refund.md", "link.md"))
    commit_all(repository.parent)
    assert main(["plan", "--since", "HEAD", "-e", "staging"]) == 0
    assert "nothing starts" in capsys.readouterr().out
    link.unlink()
    link.symlink_to("/etc/hostname")
    commit_all(repository.parent)
    link.unlink()
    link.write_text("x")
    assert main(["plan", "--since", "HEAD", "-e", "staging"]) == 0
    assert "there is no such file" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--since", "nowhere"], "git does not know revision nowhere here; fetch it first"),
        (["--since", "--help"], "git does not know revision --help here"),
        (["--since", "HEAD", "--against", "x.yaml"], "--since excludes --against"),
        (["--against", "x.yaml"], "x.yaml: no such file or directory"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_what_cannot_be_read_is_an_error(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_without_git_or_a_repository_it_says_so(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_git(tmp_path, "mv", ".git", "gone")
    assert main(["plan", "--since", "HEAD"]) == 2
    assert "git: fatal: not a git repository" in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(repository))
    assert main(["plan", "--since", "HEAD"]) == 2
    assert "cannot run git: No such file" in capsys.readouterr().err


@pytest.mark.usefixtures("repository")
def test_what_would_be_over_the_budget_is_said(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "sessions.yaml").write_text(f"{DECLARED}budget: {{runs: 4}}\n")
    assert main(["plan", "--since", "HEAD", "--environment", "staging"]) == 0
    over = "over the budget: 5 conversations at worst, 1 more than `runs: 4` (sessions.yaml:10:16)"
    assert f"1 of 2 start, 16 minutes and 5 conversations; {over}\n" in capsys.readouterr().out
