"""The states after past updates, from files that may be anything, and from Pulumi Cloud."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.core.strict_json import parse_json
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks import history
from tornado_resource.stacks.history import MAX_STATE_BYTES, read_history

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URN = "urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev"


def state_of(number: int) -> dict[str, Any]:
    return {"resources": [{"urn": URN, "type": "pulumi:pulumi:Stack", "outputs": {"number": number}}]}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi/history/agents/dev"
    folder.mkdir(parents=True)

    def write_update(number: int, kind: str = "update", state: Any = None, *, is_compressed: bool = False) -> None:
        content = {"version": 3, "checkpoint": {"latest": state_of(number) if state is None else state}}
        for name, value in {"history": {"kind": kind}, "checkpoint": content}.items():
            text = json.dumps(value).encode()
            file = folder / f"dev-{1700000000000000000 + number}.{name}.json{'.gz' * is_compressed}"
            file.write_bytes(gzip.compress(text) if is_compressed else text)

    return write_update


def numbers(limit: int = 10, stack: str = "dev", project: str = "agents") -> list[int]:
    """The numbers of the updates that can be read."""
    states = read_history(stack, project, limit)
    return [state[URN]["outputs"]["number"] for state in states if state is not None]


def unreadable() -> int:
    return [*read_history("dev", "agents", 10)].count(None)


def test_the_last_updates_come_newest_first(write: Callable[..., None]) -> None:
    for number in (3, 1, 2):
        write(number)
    write(4, "refresh")
    assert numbers() == [3, 2, 1]
    assert numbers(2) == [3, 2]
    assert numbers(2, "organization/agents/dev") == [3, 2]


def test_compressed_states_are_read(write: Callable[..., None]) -> None:
    write(1)
    write(2, is_compressed=True)
    assert numbers() == [2, 1]


def test_other_stacks_and_projects_have_their_own(write: Callable[..., None]) -> None:
    write(1)
    assert numbers(stack="staging") == []
    assert numbers(project="other") == []
    assert numbers(project="..") == []


def test_what_cannot_be_read_is_counted(write: Callable[..., None], tmp_path: Path) -> None:
    write(1)
    write(2, state=[])
    write(3, state={"resources": [None, {"urn": 3}, *state_of(3)["resources"]]})
    folder = tmp_path / ".pulumi/history/agents/dev"
    (folder / "dev-1800000000000000000.history.json").write_text("{", encoding="utf-8")
    os.mkfifo(folder / "dev-1800000000000000001.history.json")
    (folder / "dev-1800000000000000002.history.json.gz").write_bytes(b"\x1f\x8b")
    (folder / "dev-1800000000000000003.history.json").write_text('{"kind": "update"}', encoding="utf-8")
    assert numbers() == [3, 1]
    assert unreadable() == 5


def test_pulumi_cloud_is_asked_for_each_state(monkeypatch: pytest.MonkeyPatch) -> None:
    updates = [{"kind": "update", "version": 7}, {"kind": "refresh", "version": 6}, {"kind": "update", "version": 5}]
    updates += [{"kind": "update"}, {"kind": "update", "version": 4}]
    asked: list[tuple[str, ...]] = []

    def pulumi(*arguments: str) -> Any:
        asked.append(arguments)
        if arguments[1] == "history":
            return updates
        if arguments[-1] == "4":
            message = "it was deleted"
            raise ConfigurationError(message)
        return {"version": 3, "deployment": state_of(int(arguments[-1]))}

    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://api.pulumi.com")
    monkeypatch.setattr("tornado_resource.stacks.history.pulumi_json", pulumi)
    assert numbers() == [7, 5]
    assert unreadable() == 2
    assert asked[0] == ("stack", "history", "--stack", "dev", "--page-size", "10")
    assert asked[1] == ("stack", "export", "--stack", "dev", "--version", "7")


@pytest.mark.parametrize("url", ["postgres://user:secret@host/db", "s3://bucket"])
def test_other_backends_have_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", url)
    with pytest.raises(ConfigurationError, match="shows no past states: --history needs") as raised:
        read_history("dev", "agents", 10)
    assert url.partition(":")[0] in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("bomb", [b" " * MAX_STATE_BYTES, b"[]," * 500_000], ids=["text", "values"])
def test_a_state_that_is_too_large_is_not_parsed(
    write: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bomb: bytes
) -> None:
    """Half a megabyte of gzip became lists that took 4.5 GB."""
    write(1)
    write(2, is_compressed=True)
    [file] = tmp_path.rglob("*.checkpoint.json.gz")
    file.write_bytes(gzip.compress(b"[" + bomb + b"0]", 1))
    parsed: list[bytes] = []

    def parse(text: bytes) -> Any:
        parsed.append(text)
        return parse_json(text)

    monkeypatch.setattr(history, "parse_json", parse)
    assert numbers() == [1]
    assert unreadable() == 1
    assert max(map(len, parsed)) < 1_000


def test_all_states_together_are_bounded(write: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        write(number)
    monkeypatch.setattr(history, "MAX_HISTORY_BYTES", 500)
    assert numbers() == [3, 2]
    assert unreadable() == 2


def test_a_state_is_read_when_it_is_asked_for(write: Callable[..., None], tmp_path: Path) -> None:
    write(1)
    write(2)
    states = read_history("dev", "agents", 10)
    assert next(states) is not None
    for file in tmp_path.rglob("*.checkpoint.json"):
        file.unlink()
    assert next(states) is None
