"""What the docs name exists, and what exists is documented."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support.paths import ROOT
from tornado_resource.agents.resource import CheckRun
from tornado_resource.bland.content import Digests
from tornado_resource.cli import COMMANDS
from tornado_resource.cli import main as run
from tornado_resource.cli.output import ExitCode
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Environment, Gate
from tornado_resource.program.run_resource import INTERNAL
from tornado_resource.releases.promotion import SourceStack, VersionNow, check_promotion
from tornado_resource.runs.model import RunVerdict
from tornado_resource.stacks.settings import KEYS
from tornado_resource.tornado.resource import TornadoSession

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 130


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_docs(command: str) -> None:
    assert f"`tornado-resource {command}" in doc("command-line.md")


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_in_the_docs_with_its_meaning(code: ExitCode) -> None:
    assert f"| **{code.value}** | {code.meaning} |\n" in doc("command-line.md")


@pytest.mark.parametrize(
    "name",
    [
        *sorted({*TornadoSession.output_names, *CheckRun.output_names} - {*INTERNAL}),
        *RunVerdict.__slots__,
    ],
)
def test_every_output_is_in_the_docs(name: str) -> None:
    table = doc("state.md").partition("## What the stack records")[2].partition("\n## ")[0]
    assert re.search(rf"[`.]{name}`", table)


def test_every_key_of_a_declaration_is_in_the_docs() -> None:
    schema = json.loads((ROOT / "schemas/sessions.schema.json").read_text(encoding="utf-8"))
    keys = [
        *schema["properties"],
        *schema["$defs"]["session"]["properties"],
        *schema["$defs"]["environment"]["properties"],
        *schema["$defs"]["scenario"]["properties"],
        *schema["$defs"]["assertion"]["properties"],
    ]
    assert [key for key in keys if f"`{key}`" not in doc("declarations.md")] == []


@pytest.mark.parametrize("key", KEYS)
def test_every_config_key_is_in_the_docs(key: str) -> None:
    assert f"`tornado:{key}`" in doc("configuration.md")


def test_links_between_documents_work() -> None:
    for path in DOCUMENTS:
        for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", path.read_text(encoding="utf-8")):
            linked = path.parent / target if target else path
            assert linked.exists(), f"{path.name}: {target}"
            assert not anchor or anchor in anchors(linked), f"{path.name}: {target}#{anchor}"


def anchors(path: Path) -> list[str]:
    """Return the anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_source_files_that_documents_name_exist(path: Path) -> None:
    named = re.findall(r"`([\w./-]+/[\w./-]+\.(?:py|css|html|mod|toml|lock|yml))`", path.read_text(encoding="utf-8"))
    missing = [
        name for name in named if not any((folder / name).exists() for folder in (ROOT, ROOT / "tornado_resource"))
    ]
    assert missing == []


SHOWN = {
    "README.md": README,
    "docs/index.md": doc("index.md"),
    "docs/promotion.md": doc("promotion.md"),
    "docs/scenarios.md": doc("scenarios.md"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_declarations_that_people_copy_are_valid_and_name_a_version(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/angry.md").write_text("You are angry.\n", encoding="utf-8")
    [sample] = re.findall(r"```yaml\n(# sessions.yaml\n.*?)```", SHOWN[name], re.DOTALL)
    (tmp_path / "sessions.yaml").write_text(sample, encoding="utf-8")
    assert run(["validate", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []
    if "promotes_from" in sample:
        assert run(["plan", "-e", "production"]) == 0


@pytest.mark.parametrize("folder", [".", "examples/agents"])
def test_the_projects_to_copy_name_a_version_for_every_session(
    folder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT / folder)
    assert run(["validate", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []


def test_the_live_table_in_the_docs_is_the_recorded_one() -> None:
    recorded = (ROOT / "tests/examples/terminal/table-running-80.txt").read_text(encoding="utf-8")
    assert recorded in doc("gate.md")


@pytest.mark.parametrize("name", ["history", "sessions", "verdicts"])
def test_the_id_of_a_schema_is_where_this_repository_has_it(name: str) -> None:
    addresses = set(re.findall(r"https://github.com/([\w-]+/tornado-resource)", README))
    assert len(addresses) == 1
    file = f"schemas/{name}.schema.json"
    schema = json.loads((ROOT / file).read_text(encoding="utf-8"))
    assert schema["$id"] == f"https://raw.githubusercontent.com/{addresses.pop()}/main/{file}"


@pytest.mark.parametrize("command", COMMANDS)
def test_options_for_scripts_are_those_of_the_commands_that_the_docs_name(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = doc("command-line.md").partition("## For scripts")[2].partition("\n\n`")[0]
    rows = re.findall(r"^\| `(--[a-z]+)(?: ([a-z]+))?.*? \| (.*?) \|", table, re.MULTILINE)
    assert len(rows) == 5
    assert run([command, "--help"]) == 0
    shown = capsys.readouterr().out
    for option, value, commands in rows:
        takes = shown.partition(option)[2].partition("]")[0] if option in shown else None
        assert (takes is not None and value in takes) is (f"`{command}`" in commands), option


def test_the_message_about_standard_input_in_the_docs_is_the_real_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = b"version: 1\nsessions:\n  billing:\n    pathway_id: p\n    gate: all\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(declared)))
    assert run(["validate", "-"]) == 2
    assert f"$ generate-sessions | tornado-resource validate -\n{capsys.readouterr().err}" in doc("command-line.md")


def test_the_scenario_file_in_the_docs_is_valid(tmp_path: Path) -> None:
    from tornado_resource.sandbox.scenario_file import read_scripts

    sample = re.search(r"```yaml\n(.*?)```", doc("sandbox.md"), re.DOTALL)
    assert sample is not None
    (tmp_path / "s.yaml").write_text(sample[1], encoding="utf-8")
    scripts = read_scripts(tmp_path / "s.yaml")
    assert (len(scripts.pathways), len(scripts.agents), len(scripts.judges)) == (2, 2, 2)


def test_the_workflow_in_the_docs_is_the_one_of_the_template() -> None:
    [sample] = re.findall(r"```yaml\n# .github/workflows/tornado.yml\n(.*?)```", doc("pipelines.md"), re.DOTALL)
    template = ROOT / "tornado_resource/template/.github/workflows/tornado.yml"
    assert sample == template.read_text(encoding="utf-8")


def test_make_targets_in_the_docs_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|\$ )make ([a-z]+)", README + contributing)):
        assert f"\n{target}:" in makefile


def test_problems_of_a_promotion_are_worded_as_documented() -> None:
    table = doc("promotion.md").partition("## What must be true")[2].partition("\n## ")[0]
    documented = [text.rstrip(" …") for text in re.findall(r"\| `([^`]+)` \|\n", table)]
    assert len(documented) == 9
    assert [text for text in documented if text not in promotion_problems()] == []


def promotion_problems() -> str:
    """Every problem that a promotion can have, on a line each."""
    declared = Declaration("a", {"pathway_id": "p", "version_number": 3}, Gate(), Position("s.yaml", 1, 1))
    verdict = {"outcome": "passed", "session_id": "A", "version": 7, "finished_at": "2026-04-13T10:00:00.000Z"}
    session = {"session_id": "B", "pathway_id": "p"}
    sources = [
        SourceStack("staging", "dev", {"a": session}, {"a": verdict}),
        SourceStack("staging", "staging", {"a": session}, {"a": {**verdict, "version": None}}),
        SourceStack("staging", "staging", {}, {"a": {"outcome": "failed"}}),
        SourceStack("staging"),
    ]
    environment = Environment("production", (declared,), "staging", "24h")
    now = datetime(2026, 4, 14, 12, 0, tzinfo=UTC)
    patched = {**verdict, "content": "sha256:0", "full_run": False}
    sources.append(SourceStack("staging", "staging", {"a": session}, {"a": patched}))
    version = {"a": VersionNow(Digests("sha256:1"))}
    results = [check_promotion(environment, source, now).compared_with(version) for source in sources]
    return "\n".join(text for result in results for text in result.problems.values())
