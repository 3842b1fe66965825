"""The states after past updates, from files that may be anything, and from Pulumi Cloud."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.results import (
    check_result_of,
    check_run_of,
    gated_check_run_of,
    gated_run_of,
    judge_of,
    report_of,
    result_of,
    status_of,
)
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.urns import SESSION_TYPE, STACK_TYPE, type_of
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.trends import trends
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.stacks import history
from tornado_resource.stacks.history import MAX_STATE_BYTES, read_history, read_kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import Result
    from tornado_resource.stacks.history import Kept

URN = "urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev"


def state_of(number: int) -> dict[str, Any]:
    return {"resources": [{"urn": URN, "type": "pulumi:pulumi:Stack", "outputs": {"number": number}}]}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi/history/agents/dev"
    folder.mkdir(parents=True)

    def write_update(
        number: int, kind: str = "update", state: Any = None, environment: Any = None, *, is_compressed: bool = False
    ) -> None:
        content = {"version": 3, "checkpoint": {"latest": state_of(number) if state is None else state}}
        described = {"kind": kind, "environment": environment}
        for name, value in {"history": described, "checkpoint": content}.items():
            text = json.dumps(value).encode()
            file = folder / f"dev-{1700000000000000000 + number}.{name}.json{'.gz' * is_compressed}"
            file.write_bytes(gzip.compress(text) if is_compressed else text)

    return write_update


def numbers(limit: int = 10, stack: str = "dev", project: str = "agents") -> list[int]:
    """The numbers of the updates that can be read."""
    updates = read_history(stack, project, limit)
    return [each.resources[URN]["outputs"]["number"] for each in updates if each is not None]


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


def test_an_update_has_the_address_of_its_run_in_ci(write: Callable[..., None]) -> None:
    found: list[Any] = [{"ci.build.url": "https://ci/1"}, {"ci.build.url": 3}, [], None]
    for number, environment in enumerate(found):
        write(number, environment=environment)
    urls = [each.run_url for each in read_history("dev", "agents", 10) if each is not None]
    assert urls == [None, None, None, "https://ci/1"]


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


def keep(file: Path, report: Report, **changes: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(json.loads(verdicts_json(report)) | changes), encoding="utf-8")


def outcomes(kept: Kept) -> list[dict[str, Any]]:
    """Of each update, the outcomes by the ids of the runs."""
    verdicts = [
        next(each["outputs"]["verdicts"] for urn, each in update.resources.items() if type_of(urn) == STACK_TYPE)
        for update in kept.updates
    ]
    return [{each["session_id"]: each["outcome"] for each in found.values()} for found in verdicts]


def report_at(minute: int, *results: Result) -> Report:
    now = f"2026-04-14T10:{minute:02}:00Z"
    return replace(report_of(*results), stack="dev", project="agents", written_at=now, run_url=f"https://ci/{minute}")


def passed(name: str = "a", session_id: str = "s-1") -> Result:
    gated = gated_run_of(name, session_id, urn=f"urn:pulumi:dev::agents::{SESSION_TYPE}::{name}")
    return result_of(gated, status_of("COMPLETED_ALL_PASSED", ("sc-1",), ()))


def test_kept_files_come_newest_first_whatever_they_are_called(tmp_path: Path) -> None:
    keep(tmp_path / "verdicts-9.json", report_at(1, passed()))
    keep(tmp_path / "run-1/reports/verdicts.json", report_at(3, passed(session_id="s-3")))
    keep(tmp_path / "run-2/verdicts.json", report_at(2, passed(session_id="s-2")), project="agents", stack="acme/x/dev")
    (tmp_path / "history.json").write_text("[]", encoding="utf-8")
    kept = read_kept(tmp_path, "organization/agents/dev", "agents", 2)
    assert outcomes(kept) == [{"s-3": "passed"}, {"s-2": "passed"}]
    assert [each.run_url for each in kept.updates] == ["https://ci/3", "https://ci/2"]
    assert (kept.foreign, kept.unreadable) == ({}, {})


def test_kept_files_make_the_same_trends_as_states(tmp_path: Path) -> None:
    check_run = check_result_of(gated_check_run_of("support"), check_run_of("PASSED", judge_of("resolved", 1.0)))
    carried = replace(passed("there"), verdict=replace(passed("there").verdict, promoted=True))
    keep(tmp_path / "verdicts.json", report_at(1, passed(), check_run, carried))
    found = trends(read_kept(tmp_path, "dev", "agents", 5).updates)
    assert [(each.name, each.kind, each.passed) for each in found.sessions] == [
        ("a", "tornado", 1),
        ("support", "check_run", 1),
    ]
    assert [(each.kind, each.part_id, each.passed) for each in found.parts] == [
        ("scenario", "sc-1", 1),
        ("judge", "resolved", 1),
    ]


def test_files_of_other_stacks_are_counted_and_left_out(tmp_path: Path) -> None:
    keep(tmp_path / "verdicts-1.json", report_at(1, passed()))
    keep(tmp_path / "verdicts-2.json", report_at(2, passed()), stack="prod")
    keep(tmp_path / "verdicts-3.json", report_at(3, passed()), project="oth\x1ber")
    keep(tmp_path / "verdicts-4.json", report_at(4, passed()), stack="acme/agents/prod")
    kept = read_kept(tmp_path, "dev", "agents", 5)
    assert len(kept.updates) == 1
    assert kept.foreign == {"agents/prod": 2, r"oth\x1ber/dev": 1}


def test_damaged_kept_files_are_named_with_the_reason(tmp_path: Path) -> None:
    keep(tmp_path / "verdicts.json", report_at(1, passed()))
    good = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))
    damages: dict[str, Any] = {
        "list": [],
        "empty": {},
        "time": good | {"written_at": "soon"},
        "sessions": good | {"sessions": []},
        "entry": good | {"sessions": {"a": None, "b": {"kind": [], "scenarios": [], "session_id": "s-7"}}},
        "scenarios": good | {"sessions": {"a": {"session_id": "s-8"}}},
    }
    for name, damage in damages.items():
        (tmp_path / f"verdicts-{name}.json").write_text(json.dumps(damage), encoding="utf-8")
    (tmp_path / "verdicts-cut.json").write_text('{"stack": ', encoding="utf-8")
    os.mkfifo(tmp_path / "verdicts-pipe.json")
    kept = read_kept(tmp_path, "dev", "agents", 5)
    assert [*kept.updates[0].resources.values()][1]["outputs"]["session_id"] == "s-1"
    assert len(kept.updates) == 1
    faults = {file.rpartition("verdicts-")[2]: fault for file, fault in kept.unreadable.items()}
    assert faults.pop("cut.json").startswith("it is not JSON")
    assert (faults.pop("pipe.json"), faults.pop("time.json")) == ("Not a regular file", "its `written_at` is no time")
    assert faults == dict.fromkeys([f"{name}.json" for name in damages if name != "time"], "it is no verdicts.json")


def test_a_folder_without_kept_files_says_what_is_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ConfigurationError, match=r"has no file named verdicts\*\.json, in it or below it"):
            read_kept(folder, "dev", "agents", 5)
    monkeypatch.setattr(history, "MAX_FILES", 1)
    for number in range(2):
        keep(tmp_path / f"verdicts-{number}.json", report_at(number, passed()))
    with pytest.raises(ConfigurationError, match="has more than 1 files"):
        read_kept(tmp_path, "dev", "agents", 5)
