"""States that are damaged at every place: each command ends with one line and an exit code, no traceback."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.api import KEY, client_of, json_response
from tests.support.damage import damaged_copies
from tests.support.paths import EXAMPLES
from tests.support.soak import IS_SOAK
from tornado_resource.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tornado_resource.bland.client import Client

COMMANDS: Final = ("status", "wait", "report", "doctor", "check-state")
CONFIG: Final = {"bland:apiKey": {"value": KEY, "secret": True}, "bland:baseUrl": {"value": "http://127.0.0.1:1"}}
STATUS: Final = {
    "status": "COMPLETED_ALL_PASSED",
    "total_scenarios": 2,
    "passed_scenarios": 2,
    "failed_scenarios": 0,
    "iterations": [],
}

UNUSABLE: Final[tuple[Any, ...]] = (
    None,
    [],
    5,
    "x",
    True,
    {},
    {"deployment": 5},
    {"deployment": {"resources": [None]}},
)
DAMAGE: Final[tuple[Any, ...]] = (5, "\x1b[31m\n::error::x\0", [])
"""What stands in the place of a value: each command meets all in `make soak`, else the commands share them."""
STEP: Final = 1 if IS_SOAK else 9


def recorded(name: str) -> Any:
    """A recorded state with ids that could be, and an interrupted creation."""
    text = (EXAMPLES / f"states/{name}.json").read_text(encoding="utf-8")
    state = json.loads(text.replace("@", "").replace("/session_id", "-id").replace("dev/", "dev-"))
    resources = state["deployment"]["resources"]
    state["deployment"]["pending_operations"] = [{"type": "creating", "resource": resources[-1]}]
    return state


def respond(request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path.endswith("/active") or "/version/" in path:
        return json_response({"error": "none"}, 404)
    return json_response({"scenarios": []} if path.endswith("/scenarios") else STATUS)


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The state that `pulumi` prints: its key `export`."""
    held: dict[str, Any] = {}

    def pulumi_json(*arguments: str) -> Any:
        return CONFIG if arguments[0] == "config" else held["export"]

    def client(*_arguments: Any, **_options: Any) -> Client:
        return client_of(respond)

    (tmp_path / "sessions.yaml").write_text("version: 1\nsessions: {a: {pathway_id: pw-1}}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tornado_resource.stacks.reader.pulumi_json", pulumi_json)
    monkeypatch.setattr("tornado_resource.bland.client.Client", client)
    monkeypatch.setattr("tornado_resource.core.files._write", lambda path, content, _mode: path.write_text(content))
    monkeypatch.setattr("tornado_resource.core.files._sync_folder", lambda _folder: None)
    return held


@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_state_is_one_clear_line(
    command: str, state: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    codes: Counter[int] = Counter()
    first = 3 * COMMANDS.index(command) % STEP
    for variant in [*UNUSABLE, *[*damaged_copies(recorded("passed"), DAMAGE)][first::STEP]]:
        state["export"] = variant
        code = main([command, "--stack", "dev"])
        captured = capsys.readouterr()
        codes[code] += 1
        assert code in {0, 1, 2, 3}, captured.err
        assert "Traceback" not in captured.err
        assert all(line.isprintable() for line in (captured.out + captured.err).splitlines())
        if code == 2:
            assert captured.err.count("\n") == 1
            assert len(captured.err) < 2000
    assert codes.total() >= 800 / STEP
    assert codes[2] > 0
