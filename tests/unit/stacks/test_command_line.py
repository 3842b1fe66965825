"""The `pulumi` command of a process, as Linux shows it in `/proc`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tornado_resource.stacks.command_line import MAX_ANCESTORS, CommandLine, pulumi_command


def process(proc: Path, number: int, parent: int, comm: str, *arguments: str) -> None:
    entry = proc / str(number)
    entry.mkdir()
    (entry / "stat").write_text(f"{number} ({comm}) S {parent} {number} 0\n", encoding="utf-8")
    (entry / "comm").write_text(f"{comm}\n", encoding="utf-8")
    (entry / "cmdline").write_text("\0".join([comm, *arguments, ""]), encoding="utf-8")
    (entry / "cwd").symlink_to("/srv/project")


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["refresh", "--yes"], None),
        (["refresh", "--config-file", "ci/dev.yaml", "--yes"], "/srv/project/ci/dev.yaml"),
        (["refresh", "--config-file=/etc/dev.yaml"], "/etc/dev.yaml"),
        (["refresh", "--config-file"], None),
    ],
)
def test_the_nearest_pulumi_above_a_process_is_its_command(
    arguments: list[str], file: str | None, tmp_path: Path
) -> None:
    process(tmp_path, 1, 0, "pulumi")
    process(tmp_path, 2, 1, "pulumi", *arguments)
    process(tmp_path, 3, 2, "sh) S 9 (", "-c", "python --config-file other.yaml")
    process(tmp_path, 4, 3, "python")
    expected = CommandLine(Path("/srv/project"), Path(file) if file is not None else None, "refresh")
    assert pulumi_command(4, tmp_path) == expected


@pytest.mark.parametrize(
    ("arguments", "operation"),
    [
        (["-C", "agents", "destroy", "--yes"], "destroy"),
        (["up", "--refresh"], "up"),
        (["stack", "ls"], None),
        (["destroy", "--stack", "destroy"], "destroy"),
        (["-C", "destroy", "up"], None),
        (["--stack", "refresh", "up", "--yes"], None),
        (["up", "--message", "down"], None),
    ],
)
def test_the_operation_is_known(arguments: list[str], operation: str | None, tmp_path: Path) -> None:
    process(tmp_path, 1, 0, "pulumi", *arguments)
    process(tmp_path, 2, 1, "python")
    command = pulumi_command(2, tmp_path)
    assert command is not None
    assert command.operation == operation


@pytest.mark.parametrize(
    ("arguments", "has_targets"),
    [
        (["up", "--target", "urn"], True),
        (["up", "--target=urn"], True),
        (["up", "--target-replace", "urn"], True),
        (["up", "--target-dependents"], True),
        (["up", "--exclude", "urn"], True),
        (["up", "-t", "urn"], True),
        (["up", "-turn"], True),
        (["up", "-yft", "urn"], True),
        (["preview", "-x=urn"], True),
        (["up", "--yes", "--stack", "target", "-s=dev-t", "-Cagents/text"], False),
        (["up", "-y", "-mtext"], False),
    ],
)
def test_an_update_of_some_resources_is_known(arguments: list[str], tmp_path: Path, *, has_targets: bool) -> None:
    process(tmp_path, 1, 0, "pulumi", *arguments)
    process(tmp_path, 2, 1, "python")
    command = pulumi_command(2, tmp_path)
    assert command is not None
    assert command.has_targets == has_targets


URN = "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::support-line"


@pytest.mark.parametrize(
    ("arguments", "is_replaced"),
    [
        (["up", "--replace", URN], True),
        (["up", "--replace=**TornadoSession::support-line", "--yes"], True),
        (["up", "--replace", "**CheckRun::desk", "--replace", "**::support-*"], True),
        (["up", "--target-replace", "**TornadoSession::support-line"], True),
        (["up", "--replace", "**TornadoSession::support"], False),
        (["up", "--replace", "support-line"], False),
        (["up", "--target", URN], False),
        (["up", "--replace"], False),
    ],
)
def test_what_the_command_replaces_is_known(arguments: list[str], tmp_path: Path, *, is_replaced: bool) -> None:
    process(tmp_path, 1, 0, "pulumi", *arguments)
    process(tmp_path, 2, 1, "python")
    command = pulumi_command(2, tmp_path)
    assert command is not None
    assert command.replaces(URN) == is_replaced


def test_without_a_pulumi_above_there_is_no_command(tmp_path: Path) -> None:
    process(tmp_path, 2, 1, "pulumi")
    process(tmp_path, 1, 0, "systemd")
    assert pulumi_command(2, tmp_path) is None
    assert pulumi_command(5, tmp_path) is None


def test_only_near_ancestors_are_looked_at(tmp_path: Path) -> None:
    process(tmp_path, 1, 0, "pulumi")
    for number in range(2, MAX_ANCESTORS + 3):
        process(tmp_path, number, number - 1, "sh")
    assert pulumi_command(MAX_ANCESTORS + 1, tmp_path) is not None
    assert pulumi_command(MAX_ANCESTORS + 2, tmp_path) is None
