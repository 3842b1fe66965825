"""What `rollback` shows and refuses, in this process; the way back itself is in the acceptance tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tornado_resource.bland.content import Digests
from tornado_resource.cli import main
from tornado_resource.cli.rollback import NO_HISTORY, NOTHING_LEFT, UNREAD
from tornado_resource.core.urns import RELEASE_TYPE, SESSION_TYPE, make_urn
from tornado_resource.errors import ConfigurationError, Rejected
from tornado_resource.stacks.reader import Stack
from tornado_resource.stacks.recorded import read_outputs
from tornado_resource.stacks.rollback import Pass, Passes

if TYPE_CHECKING:
    from pathlib import Path

DECLARED = """\
version: 1
sessions:
  support-line: {pathway_id: pw-1, version_number: 6, publish: production}
  billing: {pathway_id: pw-2, version_number: 1, publish: production}
  quiet: {pathway_id: pw-3}
"""
PREVIOUS: Final[list[dict[str, Any]]] = [
    {"version": 5, "sessions": ["s-5"], "passed_at": "2026-04-05T10:00:00Z"},
    {"version": 4},
]
RELEASE: Final[dict[str, Any]] = {
    "pathway_id": "pw-1",
    "environment": "production",
    "version": 6,
    "content": f"sha256v2:{'6' * 64}",
    "sessions": ["s-6"],
    "passed_at": "2026-04-06T10:00:00Z",
    "previous": PREVIOUS,
}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stack on a backend that shows no past states."""
    run = {"session_id": "s-6", "pathway_id": "pw-1", "declared": {"pathway_id": "pw-1", "version_number": 6}}
    other = {"session_id": "s-1", "pathway_id": "pw-2", "declared": {"pathway_id": "pw-2", "version_number": 1}}
    recorded = read_outputs(
        {
            make_urn("dev", "p", SESSION_TYPE, "support-line"): {"outputs": run},
            make_urn("dev", "p", SESSION_TYPE, "billing"): {"outputs": other},
            make_urn("dev", "p", RELEASE_TYPE, "support-line"): {"outputs": RELEASE},
        }
    )
    known = Stack("dev", {}, tuple(recorded.runs.values()), project="p", recorded=recorded)

    def no_history(*_: Any) -> Any:
        raise ConfigurationError("no")  # noqa: EM101

    monkeypatch.setattr("tornado_resource.cli.rollback.read_stack", lambda _name: known)
    monkeypatch.setattr("tornado_resource.cli.rollback.read_history", no_history)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sessions.yaml").write_text(DECLARED, encoding="utf-8")


@pytest.mark.usefixtures("stack")
def test_it_shows_what_there_is_and_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rollback", "--stack", "dev"]) == 0
    printed = capsys.readouterr().out
    assert "  live now   version 6  sha256v2:666666666666  passed at 2026-04-06T10:00:00Z (s-6)\n" in printed
    assert "  published  version 5  passed at 2026-04-05T10:00:00Z (s-5)\n" in printed
    assert "  published  version 4  when it passed is unknown\n" in printed
    assert '  tornado-resource rollback support-line --stack dev --to 5 --reason "REASON" --yes\n' in printed
    assert '        instead_of: "s-6"\n' in printed
    assert "billing (pathway pw-2, production):\n  stack dev has published nothing for it\n" in printed
    assert printed.endswith(f"Note: {NO_HISTORY}.\n")


SIX, FIVE = (Digests.of(f"sha256v2:{number * 64}") for number in "65")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> dict[int, Digests | None]:
    """What the API shows of the versions of pathway pw-1. A version that is missing cannot be read."""
    shown: dict[int, Digests | None] = {}

    async def read(_client: Any, pathway_id: str, version: int) -> Digests | None:
        assert pathway_id == "pw-1"
        if version not in shown:
            message = f"version {version} of pathway pw-1"
            raise Rejected(message, "HTTP 401", status_code=401)
        return shown[version]

    monkeypatch.setattr("tornado_resource.versions.reading.read_digests", read)
    monkeypatch.setenv("BLAND_API_KEY", "key-for-tests-0123456789")
    monkeypatch.setitem(RELEASE, "previous", [PREVIOUS[0] | {"content": f"sha256v2:{'5' * 64}"}, PREVIOUS[1]])
    return shown


@pytest.mark.usefixtures("reads", "stack")
def test_what_was_edited_since_is_listed_as_such_and_not_advised(
    reads: dict[int, Digests | None], capsys: pytest.CaptureFixture[str]
) -> None:
    reads |= {5: SIX, 4: None}
    assert main(["rollback", "support-line", "--stack", "dev"]) == 0
    printed = capsys.readouterr().out
    assert (
        "  published  version 5  sha256v2:555555555555  passed at 2026-04-05T10:00:00Z (s-5), edited since\n" in printed
    )
    assert "To go back" not in printed
    assert "config:" not in printed
    assert "  no pass before that of the live version is known; name a version with --to\n" in printed
    reads[4] = FIVE
    assert main(["rollback", "support-line", "--stack", "dev"]) == 0
    printed = capsys.readouterr().out
    assert "when it passed is unknown, of unknown content\n" in printed
    assert f"  {NOTHING_LEFT}\n" in printed
    for more in ([], ["--yes", "--reason", "x"]):
        assert main(["rollback", "support-line", "--stack", "dev", "--to", "5", *more]) == (2 if more else 0)
        assert "version 5 was edited since: sha256v2:555555555555 passed" in "".join(capsys.readouterr())


@pytest.mark.usefixtures("reads", "stack")
def test_what_could_not_be_read_is_said_and_published_by_nobody(
    reads: dict[int, Digests | None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rollback", "support-line", "--stack", "dev"]) == 0
    printed = capsys.readouterr().out
    assert "To go back to version 5, with nothing started:\n" in printed
    assert f"Note: {UNREAD}: version 4 of pathway pw-1: HTTP 401\n" in printed
    reads[4] = None
    assert main(["rollback", "support-line", "--stack", "dev", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unread"] == "version 5 of pathway pw-1: HTTP 401"
    assert [each["doubt"] for each in found["releases"]["support-line"]["passes"]] == [None, None]
    assert main(["rollback", "support-line", "--stack", "dev", "--yes", "--reason", "x"]) == 2
    unread = "nothing was changed: could not read version 5 to check that it is unchanged since it passed: version 5 of"
    assert unread in capsys.readouterr().err


@pytest.mark.usefixtures("reads", "stack")
def test_without_a_run_of_the_session_nothing_is_printed_to_commit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tornado_resource.cli.rollback._run_of", lambda *_: ("", None))
    assert main(["rollback", "support-line", "--stack", "dev"]) == 0
    assert capsys.readouterr().out.splitlines()[4] == "  stack dev has no run of it"


@pytest.mark.usefixtures("stack")
def test_the_json_has_what_a_pipeline_declares(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rollback", "support-line", "--stack", "dev", "--reason", "INC-7", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rollback = found["releases"]["support-line"]["rollback"]
    assert (rollback["version"], rollback["instead_of_version"], rollback["reason"]) == (5, 6, "INC-7")
    assert found["unknown"] == NO_HISTORY
    assert [*found["releases"]] == ["support-line"]


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--yes"], "--yes needs --reason"),
        (["--reason", "x" * 301], "--reason: expected at most 300 characters on one line"),
        (["--reason", "a\nb"], "--reason: expected at most 300 characters on one line"),
        (["--yes", "--reason", "x"], "--yes rolls back one session or agent: name one of support-line, billing"),
        (["quiet"], "stack dev publishes no session or agent quiet"),
        (["suport-line"], "did you mean `support-line`?"),
        (["billing", "--yes", "--reason", "x"], "billing: nothing was changed: stack dev has published nothing for it"),
        (
            ["support-line", "--to", "7", "--yes", "--reason", "x"],
            "version 7 is not known to have passed in stack dev; others: 5, 4",
        ),
    ],
)
def test_what_cannot_be_gone_back_to_changes_nothing(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rollback", "--stack", "dev", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("stack")
def test_a_stack_that_publishes_nothing_has_no_way_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sessions.yaml").write_text("version: 1\nsessions: {quiet: {pathway_id: pw-3}}\n", encoding="utf-8")
    assert main(["rollback", "--stack", "dev"]) == 2
    assert "no session or agent of its environment declares `publish`" in capsys.readouterr().err


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("name", ["support-line", "billing"])
def test_only_the_release_is_updated_also_the_first_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[str] = []

    def pulumi_up(_stack: str, *given: str) -> int:
        options.extend(given)
        return 0

    known = Passes(None, (Pass(5, None, "s-5", "2026-04-05T10:00:00Z"),))
    monkeypatch.setattr("tornado_resource.cli.rollback.passes_of", lambda *_: known)
    monkeypatch.setattr("tornado_resource.cli.rollback.set_config", lambda *_: None)
    monkeypatch.setattr("tornado_resource.cli.rollback.pulumi_up", pulumi_up)
    assert main(["rollback", name, "--stack", "dev", "--to", "5", "--reason", "INC-7", "--yes"]) == 1
    assert options == ["--target", make_urn("dev", "p", RELEASE_TYPE, name)]
