"""What a declarations file of a pull request, or its name, can make the commands print."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.hostile_files import BASE, invalid_files, scalar
from tests.support.payloads import PAYLOADS, commands, every_payload, shows
from tests.support.soak import IS_SOAK
from tornado_resource.cli import main
from tornado_resource.declarations.resolver import load
from tornado_resource.errors import DeclarationError
from tornado_resource.reports.ci import MAX_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str]]

FORMATS: Final = ("text", "json", "github")
ANNOTATION: Final = re.compile(r"::(error|notice) ([a-z]+=[^:,\n]*,){0,3}title=tornado-resource::[^\n]*")
KINDS: Final = list(invalid_files("x"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def run_(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run_


def write(text: str, name: str = "s.yaml") -> None:
    Path(name).write_bytes(text.encode("utf-8", "replace"))


def assert_inert(output: str, text: str) -> None:
    assert not shows(text)
    assert "<{%" not in text
    if output == "github" and text.startswith("::"):
        lines = text.rstrip("\n").split("\n")
        annotations, log = lines[:MAX_COMMANDS], lines[MAX_COMMANDS:]
        if log == [] and annotations[-1].endswith(", no problems"):
            log = [annotations.pop()]
        assert [line for line in annotations if not ANNOTATION.fullmatch(line)] == []
        assert not any(commands(line.replace("%0A", "\n").split("::", 2)[2]) for line in annotations)
        assert not commands("\n".join(log))
    else:
        assert not commands(text)


def test_there_are_ninety_payloads() -> None:
    assert len(set(PAYLOADS.values())) >= 90


@every_payload
def test_no_invalid_file_can_control_a_terminal_or_a_runner(run: Run, text: str) -> None:
    files = invalid_files(text)
    for number, content in enumerate(files.values()):
        write(content, f"{number}.yaml")
    names = [f"{number}.yaml" for number in range(len(files))]
    turn = list(PAYLOADS.values()).index(text)
    for number, output in enumerate(FORMATS):
        chosen = names if IS_SOAK else names[(turn + number) % len(FORMATS) :: len(FORMATS)]
        code, shown = run("validate", *chosen, "--format", output)
        assert code == 2
        assert_inert(output, shown)
        assert all(name in shown for name in chosen)
    assert_inert("text", run("plan", "-e", "e", names[1])[1])  # it prints problems as `validate` does


@every_payload
@pytest.mark.parametrize("output", FORMATS)
def test_no_plan_can_control_a_terminal_or_a_runner(run: Run, text: str, output: str) -> None:
    if re.search("[\ud800-\udfff]", text):
        return  # YAML cannot carry them
    key = text[:80]
    write(f"version: 1\nsessions: {{a: {{pathway_id: p, triggers: {{{scalar(key)}: {scalar(text)}}}}}}}\n")
    code, shown = run("plan", "s.yaml", "--format", output)
    assert code == 0
    assert_inert(output, shown)
    if output == "json":
        assert json.loads(shown)["sessions"][0]["triggers"] == {key: text}


@every_payload
@pytest.mark.parametrize("output", FORMATS)
def test_no_name_of_a_file_or_folder_can(run: Run, text: str, output: str) -> None:
    name = re.sub("[/\0\ud800-\udfff]", "_", text)[:60] or "_"
    (Path.cwd() / name).mkdir(exist_ok=True)
    write("version: 2\nsessions: {a: {}}\n", f"{name}/{name}.yaml")
    write(BASE, f"{name}/valid.yaml")
    names = (f"{name}/{name}.yaml", f"{name}/valid.yaml", name, f"{name}/none", f"{name}/valid.yaml/x")
    for command in ("validate", "plan"):
        for each in names:
            _, shown = run(command, "--format", output, "--", each)
            assert_inert(output if command == "validate" or shown.startswith("::") else "text", shown)


@every_payload
def test_no_environment_stack_or_option_can(run: Run, text: str) -> None:
    write(BASE + "environments: {dev: {}}\n")
    for output in FORMATS:
        for command in ("validate", "plan"):
            code, shown = run(command, "s.yaml", "-e", text, "--format", output)
            assert code == 2 if text else code in {0, 2}
            assert_inert(output, shown)
    for arguments in (("validate", f"--x{text}"), (f"x{text}",), ("validate", "--format", text)):
        code, shown = run(*arguments)
        assert code == 2
        assert_inert("text", shown)
    for stack in filter(None, [text]):
        with pytest.raises(DeclarationError) as caught:
            load("s.yaml", stack=stack)
        assert_inert("text", str(caught.value))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("output", FORMATS)
def test_a_file_outside_of_the_project_is_never_quoted(run: Run, kind: str, output: str) -> None:
    content = invalid_files("secret")[kind]
    write(content)
    _, inside = run("validate", "s.yaml", "--format", output)
    (Path.cwd() / "project").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir("project")
        Path("link.yaml").symlink_to("../s.yaml")
        code, outside = run("validate", "link.yaml", "--format", output)
    assert code == 2
    assert "secret" not in outside
    assert "outside the project" in outside
    assert re.findall(r"yaml:(\d+:\d+)", inside) == re.findall(r"yaml:(\d+:\d+)", outside)[1:]
