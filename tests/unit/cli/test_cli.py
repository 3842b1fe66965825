from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tornado_resource
from tests.support.paths import ROOT
from tornado_resource.cli import COMMANDS, main

EXAMPLES = ROOT / "tests/examples"
INVALID = sorted((EXAMPLES / "invalid").glob("*.yaml"))
VALID = sorted((EXAMPLES / "valid").glob("*.yaml"))
WARNED = "version: 1\nsessions:\n  a: {pathway_id: p, triggers: {reason: it is #4411\n}}\n"
RUNS = {"sessions": "{}", "agents": "{agent_id: a}"}


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_is_exit_2_with_its_exact_message(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    assert main(["validate", path.name]) == 2
    captured = capsys.readouterr()
    assert captured.err == path.with_suffix(".txt").read_text(encoding="utf-8")
    assert captured.out == ""


def test_there_are_enough_invalid_examples() -> None:
    assert len(INVALID) >= 60


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_file_is_exit_0(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(path), "--all-environments"]) == 0
    assert "no problems" in capsys.readouterr().out


def test_problems_of_all_files_show_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", *map(str, INVALID[:3]), "/no/such/file", str(VALID[0])]) == 2
    error = capsys.readouterr().err
    assert all(path.name in error for path in INVALID[:3])
    assert "/no/such/file: no such file or directory" in error


def test_problems_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(EXAMPLES / "invalid/gate-unknown-key.yaml"), "--format", "json"]) == 2
    written = json.loads(capsys.readouterr().out)
    assert written["valid"] is False
    assert written["problems"][0]["line"] == 5
    assert written["problems"][0]["path"] == "sessions.support-line.gate.pass"
    assert main(["validate", str(VALID[0]), "--format", "json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert (written["valid"], written["problems"], written["warnings"]) == (True, [], [])


@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_a_warning_is_shown_and_is_no_problem(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(WARNED, encoding="utf-8")
    assert main(["validate", "s.yaml", "--format", output]) == 0
    captured, path = capsys.readouterr(), "sessions.a.triggers.reason"
    message = "what follows ` #` is a comment; quote the text if it belongs to it"
    if output == "json":
        row = {"file": "s.yaml", "line": 3, "column": 46, "path": path, "message": message}
        assert json.loads(captured.out)["warnings"] == [row]
    elif output == "github":
        place = "file=s.yaml,line=3,col=46,title=tornado-resource"
        assert f"::warning {place}::{path}: {message}\n" in captured.out
    else:
        assert captured.err == f"warning: s.yaml:3:46: {path}: {message}\n"
        assert captured.out.endswith("\ns.yaml: 1 session, no problems\n")


UNVERSIONED = """\
version: 1
sessions:
  a: {pathway_id: p}
  b: {pathway_id: q, version_number: latest}
  c: {pathway_id: r}
environments:
  dev: {}
  staging: {sessions: {a: {version_number: 3}}}
  pinned: {defaults: {version_number: latest}}
  production: {promotes_from: staging}
"""


@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_a_version_that_the_api_chooses_is_noted_once(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(UNVERSIONED, encoding="utf-8")
    assert main(["validate", "s.yaml", "--format", output]) == 0
    printed = capsys.readouterr().out
    message = (
        "no version_number in a, c (environments dev, staging): the API chooses which version is tested; "
        "declare `version_number: latest`"
    )
    if output == "json":
        row = {"file": "s.yaml", "line": 2, "column": 1, "path": "sessions", "message": message}
        assert json.loads(printed)["notes"] == [row]
    elif output == "github":
        place = "file=s.yaml,line=2,col=1,title=tornado-resource"
        assert printed == f"::notice {place}::sessions: {message}\ns.yaml: 3 sessions in 4 environments, no problems\n"
    else:
        assert printed == f"note: s.yaml:2:1: sessions: {message}\ns.yaml: 3 sessions in 4 environments, no problems\n"


@pytest.mark.parametrize("environment", ["pinned", "production"])
@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_a_version_that_is_declared_or_carried_needs_no_note(
    output: str,
    environment: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(UNVERSIONED, encoding="utf-8")
    for command in ("validate", "plan"):
        assert main([command, "s.yaml", "--environment", environment, "--format", output]) == 0
        captured = capsys.readouterr()
        assert "no version_number" not in captured.out + captured.err


@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_a_plan_notes_once_that_the_api_chooses_the_version(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(UNVERSIONED, encoding="utf-8")
    assert main(["plan", "s.yaml", "--environment", "dev", "--format", output]) == 0
    printed = capsys.readouterr().out
    message = "no version_number in a, c: the API chooses which version is tested; declare `version_number: latest`"
    assert printed.count(message) == 1
    if output == "json":
        assert json.loads(printed)["note"] == message


def test_a_file_that_cannot_be_read_is_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    fault = (
        "/no/such/file: no such file or directory; name the declarations file (tornado:declarations, or the argument)"
    )
    assert main(["validate", "/no/such/file", "--format", "json"]) == 2
    captured = capsys.readouterr()
    [problem] = json.loads(captured.out)["problems"]
    assert problem == {"file": None, "line": None, "column": None, "path": "", "message": fault}
    assert captured.err == ""
    assert main(["validate", "/no/such/file", "--format", "github"]) == 2
    assert capsys.readouterr().out == f"::error title=tornado-resource::{fault}\n"


@pytest.mark.parametrize("output", ["text", "github"])
def test_quiet_prints_problems_alone(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(VALID[0]), "--quiet", "--format", output]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["validate", str(INVALID[0]), "-q", "--format", output]) == 2
    assert INVALID[0].name in "".join(capsys.readouterr())


@pytest.mark.parametrize("output", ["text", "github", "markdown"])
@pytest.mark.parametrize("compared", [[], ["--against", str(VALID[0])]], ids=["alone", "compared"])
def test_a_quiet_plan_prints_problems_alone(
    output: str, compared: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(EXAMPLES / "valid/smallest.yaml"), "--quiet", "--format", output, *compared]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["plan", str(INVALID[0]), "-q", "--format", output, *compared]) == 2
    assert INVALID[0].name in "".join(capsys.readouterr())


def test_a_quiet_plan_still_warns_and_still_is_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(WARNED, encoding="utf-8")
    assert main(["plan", str(file), "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("warning: ")
    assert main(["plan", str(file), "--quiet", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["sessions"]


def standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_standard_input_is_validated_and_planned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    standard_input(monkeypatch, b"version: 1\nsessions: {a: {pathway_id: p}}\n")
    assert main(["validate", "-"]) == 0
    assert capsys.readouterr().out.endswith("\n<stdin>: 1 session, no problems\n")
    standard_input(monkeypatch, b"version: 1\nsessions: {a: {pathway_id: p}}\n")
    assert main(["plan", "-"]) == 0
    assert "<stdin>:2:28" in capsys.readouterr().out
    standard_input(monkeypatch, b"version: 1\nsessions: {a: {pathway_id: p, gates: all}}\n")
    assert main(["validate", "-"]) == 2
    assert capsys.readouterr().err == "<stdin>:2:31: sessions.a.gates: unknown key; did you mean `gate`?\n"


def test_no_more_of_standard_input_is_read_than_a_file_may_have(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/zero").open(encoding="utf-8") as endless:
        monkeypatch.setattr("sys.stdin", endless)
        assert main(["validate", "-"]) == 2
    assert "<stdin>:1:1: more than 1 MiB" in capsys.readouterr().err


def test_problems_beyond_the_first_thousand_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, number in (("a.yaml", 700), ("b.yaml", 1200)):
        names = ", ".join(f"a{each}: 1" for each in range(number))
        Path(name).write_text(f"version: 1\nsessions: {{{names}}}\n", encoding="utf-8")
    assert main(["validate", "a.yaml", "b.yaml"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[-1]) == (1001, "… and 900 more problems")
    assert main(["validate", "a.yaml", "b.yaml", "--format", "json"]) == 2
    written = json.loads(capsys.readouterr().out)
    assert (len(written["problems"]), written["more_problems"]) == (1000, 900)
    assert main(["plan", "b.yaml", "--format", "github"]) == 2
    assert capsys.readouterr().out.endswith("\n… and 200 more problems\n")


def test_github_gets_ten_annotations_and_the_rest_as_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voice").mkdir()
    monkeypatch.chdir(tmp_path / "voice")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    names = ", ".join(f"a{each}: 1" for each in range(35))
    Path("sessions.yaml").write_text(f"version: 1\nsessions: {{{names}}}\n", encoding="utf-8")
    assert main(["validate", "sessions.yaml", "/no/such/file", "--format", "github"]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith("::error ") for line in lines] == [True] * 10 + [False] * 27
    assert lines[0].startswith("::error file=voice/sessions.yaml,line=2,col=")
    assert lines[9] == "::error title=tornado-resource::and 27 more: see the next lines of this log"
    assert lines[10].startswith("sessions.yaml:2:")
    assert lines[36].startswith("/no/such/file: no such file")


def test_problems_as_annotations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a,b.yaml").write_text("version: 1\nsessions: {a: {pathway_id: '100%'}}\n", encoding="utf-8")
    assert main(["validate", "a,b.yaml", "--format", "github"]) == 2
    line = capsys.readouterr().out
    assert line.startswith(
        "::error file=a%2Cb.yaml,line=2,col=28,title=tornado-resource::sessions.a.pathway_id: found '100%25'"
    )


def test_an_unlisted_environment_is_exit_2(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["validate", "--environment", "stagign"]) == 2
    assert "expected one of dev, staging, production; did you mean `staging`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "recorded", "arguments"),
    [
        ("text", "plan.text.txt", ["--environment", "production"]),
        ("json", "plan.json.txt", ["--environment", "production"]),
        ("github", "plan.github.txt", ["--environment", "production"]),
        ("text", "mixed.text.txt", ["mixed.yaml", "--environment", "staging"]),
        ("json", "mixed.json.txt", ["mixed.yaml", "--environment", "staging"]),
        ("text", "mixed-production.text.txt", ["mixed.yaml", "--environment", "production"]),
        ("github", "mixed-production.github.txt", ["mixed.yaml", "--environment", "production"]),
        ("text", "agents.text.txt", ["agents.yaml"]),
        ("json", "agents.json.txt", ["agents.yaml"]),
        ("text", "checks.text.txt", ["checks.yaml", "--environment", "staging"]),
        ("text", "checks.production.txt", ["checks.yaml", "--environment", "production"]),
        ("json", "checks.json.txt", ["checks.yaml", "--environment", "production"]),
    ],
)
def test_the_plan_is_the_recorded_one(
    output: str,
    recorded: str,
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Golden: look at the change before you copy it."""
    monkeypatch.chdir(EXAMPLES / "plan")
    assert main(["plan", *arguments, "--format", output]) == 0
    assert capsys.readouterr().out == Path(recorded).read_text(encoding="utf-8")


def test_a_file_of_both_kinds_or_of_agents_only_is_summed_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES / "plan")
    assert main(["validate", "mixed.yaml", "agents.yaml"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "mixed.yaml: 1 session and 3 agents in 2 environments, no problems",
        "agents.yaml: 1 agent, no problems",
    ]


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("text", "\n\n… and 667 more sessions: a plan shows at most 20,000 values\n"),
        ("json", '"more_sessions": 667\n}\n'),
        ("github", "\n… and 667 more sessions: a plan shows at most 20,000 values\n"),
    ],
)
def test_a_long_plan_counts_what_it_does_not_show(
    output: str, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions = "".join(f"  s{number}: {{}}\n" for number in range(2_000))
    (tmp_path / "sessions.yaml").write_text(
        f"version: 1\ndefaults: {{pathway_id: p, triggers: {{a: 1, b: 2, c: 3}}}}\nsessions:\n{sessions}"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "--format", output]) == 0
    assert capsys.readouterr().out.endswith(told)


def test_a_long_plan_counts_sessions_and_agents_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {section: "".join(f"  {section[0]}{n}: {value}\n" for n in range(990)) for section, value in RUNS.items()}
    (tmp_path / "sessions.yaml").write_text(
        "version: 1\ndefaults: {pathway_id: p, triggers: {a: 1, b: 2, c: 3, d: 4, e: 5}}\n"
        f"sessions:\n{runs['sessions']}agents:\n{runs['agents']}"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["plan"]) == 0
    assert capsys.readouterr().out.endswith("\n\n… and 814 more agents: a plan shows at most 20,000 values\n")


def test_a_plan_of_an_agent_leaves_the_name_of_an_environment_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It once said agent instead of pathway in all of the sentence."""
    (tmp_path / "sessions.yaml").write_text(
        "version: 1\nagents: {a: {agent_id: g}}\n"
        "environments: {pathway-tests: {}, production: {promotes_from: pathway-tests}}\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "-e", "production"]) == 0
    assert "runs on the version that passed in pathway-tests\n" in capsys.readouterr().out


def test_a_plan_needs_an_environment_if_there_are_some(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["plan"]) == 2
    assert "--environment dev|staging|production" in capsys.readouterr().err
    assert main(["plan", "-e", "nowhere"]) == 2
    assert main(["plan", str(INVALID[0])]) == 2


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["validate", "--nonsense"], ["validate", "-e", "a", "--all-environments"]]
)
def test_wrong_usage_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Usage:" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_the_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Exit codes:" in text
    assert "130  Ctrl-C" in text


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["validte"], "no such command `validte`; did you mean `validate`?"),
        (["statsu", "--stack", "dev"], "no such command `statsu`; did you mean `status`?"),
        (["frobnicate"], "no such command `frobnicate`\n"),
        (["wait", "--stak", "dev"], "Did you mean '--stack'?"),
        (["validate", "--formt", "json"], "Did you mean '--format'?"),
    ],
)
def test_a_mistyped_word_gets_the_nearest_known_one(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert hint in error
    assert "Usage: tornado-resource" in error


def test_the_package_is_a_program() -> None:
    command = [sys.executable, "-m", "tornado_resource", "validate", str(INVALID[0])]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert INVALID[0].name in result.stderr


def test_characters_that_a_terminal_lacks_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "✓.yaml").write_bytes(VALID[0].read_bytes())
    result = subprocess.run(
        [sys.executable, "-m", "tornado_resource", "validate", "✓.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\\u2713.yaml:") == 2, "in the note and in the summary"


def test_ctrl_c_is_exit_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_path: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tornado_resource.cli.validate.read_declarations", interrupt)
    assert main(["validate"]) == 130
    assert capsys.readouterr().err == "\ninterrupted\n"


def test_the_schema_command_prints_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "schemas/sessions.schema.json").read_text(encoding="utf-8")


def test_the_schema_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "schemas/sessions.json"
    assert main(["schema", "--output", str(file)]) == 0
    assert capsys.readouterr() == ("", "")
    assert file.read_bytes() == (ROOT / "schemas/sessions.schema.json").read_bytes()


@pytest.mark.parametrize(("name", "cause"), [("", "is a directory"), ("a/b", "file exists"), ("x\0", "embedded null")])
def test_a_schema_that_cannot_be_written_is_exit_2(
    name: str, cause: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").touch()
    assert main(["schema", "-o", f"{tmp_path}/{name}"]) == 2
    error = capsys.readouterr().err
    assert cause in error
    assert error.endswith("; name a file that can be written to\n")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--port", "99999", "99999 is not in the range"),
        ("--scenario-file", "/no/such", "/no/such: no such file or directory; name a scenario file that can be read"),
        ("--scenario-file", "tests/examples/invalid/not-utf8.yaml", "not-utf8.yaml: not UTF-8; name a scenario file"),
        ("--scenario-file", "tests/examples/invalid/empty.yaml", "empty.yaml: the file: null is not of type"),
        ("--db", "/no/such/folder/s.sqlite", "/no/such/folder/s.sqlite: "),
        ("--db", "pyproject.toml", "pyproject.toml: "),
    ],
)
def test_the_sandbox_refuses_what_it_cannot_serve(
    option: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["sandbox", option, value]) == 2
    assert message in capsys.readouterr().err


def test_public_names_exist_and_are_imported_lazily() -> None:
    for name in tornado_resource.__all__:
        assert getattr(tornado_resource, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tornado_resource.nothing  # noqa: B018 - the access is the test


def test_a_wheel_contains_all_packages_and_data(tmp_path: Path) -> None:
    """An installed wheel works without the source tree."""
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, symlinks=True, ignore=shutil.ignore_patterns(".*", "tests", "build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    command = [*pip, "--no-build-isolation", "--target", str(tmp_path / "site"), str(source)]
    subprocess.run(command, check=True, cwd=tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import tornado_resource.cli as cli;"
        f"assert cli.__file__.startswith({str(tmp_path)!r}); assert cli.main(['validate', {str(VALID[0])!r}]) == 0;"
        "from tornado_resource.sandbox.scenario_file import read_scripts; read_scripts();"
        "from tornado_resource.sandbox.app import PAGE_FILE; assert PAGE_FILE.exists();"
        "from tornado_resource.reports.html import html; import tornado_resource.cli.doctor, tornado_resource.cli.wait"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
