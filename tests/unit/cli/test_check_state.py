"""`tornado-resource check-state`: reads the state only, and names each provider and base URL that is not ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.paths import EXAMPLES
from tornado_resource.cli import check_state, main
from tornado_resource.stacks.fields import ENCRYPTED

if TYPE_CHECKING:
    from collections.abc import Callable

STATE: dict[str, Any] = json.loads((EXAMPLES / "states/passed.json").read_text(encoding="utf-8"))
URL = "https://bland.example"
PROVIDER_URN = "urn:pulumi:dev::agents::pulumi:providers:pulumi-python::default"
URN = "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::a"


def tampered(number: int = 1) -> dict[str, Any]:
    resources = [{"urn": URN, "inputs": {"__provider": "x"}} for _ in range(number)]
    return {"version": 3, "deployment": {"resources": resources}}


def with_base_url(value: Any, place: str = "inputs") -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": [{"urn": PROVIDER_URN, place: {"bland:baseUrl": value}}]}}


def secret(**content: str) -> dict[str, str]:
    return {ENCRYPTED: "1b47061264138c4ac30d75fd1eb44270", **content}


def written(content: Any) -> str:
    path = Path("state.json")
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BLAND_BASE_URL", raising=False)


@pytest.fixture
def pulumi(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, ...]]]:
    """Make `pulumi` print a state, in clear if it is asked for secrets, and a base URL as the config.

    Returns the list of the commands that are run.
    """

    def tell(state: Any, base_url: str | None = None, in_clear: Any = None) -> list[tuple[str, ...]]:
        ran: list[tuple[str, ...]] = []
        config = {} if base_url is None else {"bland:baseUrl": {"value": base_url, "secret": False}}

        def pulumi_json(*arguments: str) -> Any:
            ran.append(arguments)
            if arguments[0] == "config":
                return config
            if arguments == ("stack", "ls"):
                return [{"name": "dev", "current": True}]
            return in_clear if "--show-secrets" in arguments else state

        monkeypatch.setattr("tornado_resource.stacks.reader.pulumi_json", pulumi_json)
        return ran

    return tell


def test_quiet_says_nothing_of_a_clean_state(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-state", "--quiet", written(STATE)]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["check-state", "-q", written(tampered())]) == 1
    assert URN in capsys.readouterr().out


def test_json_has_every_foreign_provider_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    number = check_state.MAX_FOREIGN_SHOWN + 1
    assert main(["check-state", "--format", "json", written(tampered(number))]) == 1
    captured = capsys.readouterr()
    found = json.loads(captured.out)["foreign_providers"]
    assert len(found) == number
    assert found[0]["urn"] == URN
    assert found[0].keys() == {"urn", "path", "found"}
    assert captured.err.startswith(f"{URN}: ")
    assert main(["check-state", "--format", "json", written(STATE)]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"foreign_providers": [], "foreign_base_urls": []}
    assert captured.err == "state.json: no foreign provider or base URL in the state\n"


@pytest.mark.parametrize("state", [STATE, {"version": 3, "deployment": None}, {"deployment": {}}])
def test_a_state_without_foreign_code_is_exit_0(
    state: Any, pulumi: Callable[..., list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    ran = pulumi(state)
    assert main(["check-state", "--stack", "dev"]) == 0
    assert capsys.readouterr().out == "stack dev: no foreign provider or base URL in the state\n"
    assert ran == [("stack", "export", "--stack", "dev")]
    assert main(["check-state", written(state)]) == 0
    assert capsys.readouterr().out == "state.json: no foreign provider or base URL in the state\n"


def test_foreign_code_is_exit_1_with_the_urn(
    pulumi: Callable[..., list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(tampered())
    line = f"{URN}: deployment.resources[0].inputs.__provider: 1 characters of another provider\n"
    for arguments, shown in (([], "stack dev"), ([written(tampered())], "state.json")):
        assert main(["check-state", *arguments]) == 1
        captured = capsys.readouterr()
        assert captured.out == line
        assert captured.err.startswith(
            f"{shown}: 1 foreign provider in the state. Pulumi would run their code: run no "
        )


def test_many_findings_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-state", written(tampered(102))]) == 1
    captured = capsys.readouterr()
    assert captured.out.count("\n") == check_state.MAX_FOREIGN_SHOWN
    assert "102 foreign providers in the state (2 more). " in captured.err


def test_what_a_state_says_is_made_fit_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\n::error::x\x1b]0;x\x07"
    state = {"deployment": {"resources": [{"urn": evil, f"{evil}": {"__provider": evil}}]}}
    assert main(["check-state", written(state)]) == 1
    captured = capsys.readouterr()
    assert all(line.isprintable() for line in captured.out.splitlines())
    assert captured.out.count("\n") == 1
    assert not captured.out.startswith("::")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "it is not JSON (line 1, column 1)"),
        ("{", "it is not JSON (line 1, column 2)"),
        ("[]", "it is not the state of a stack"),
        ("null", "it is not the state of a stack"),
        ('{"deployment": []}', "it is not the state of a stack"),
        ('{"deployment": {"inputs": {"__provider": "x"}, "inputs": {}}}', "it has a name twice in one object"),
        ('{"a": ' * 100_000, "it is nested too deeply"),
        ('{"a": NaN}', "it has a number that is not finite"),
        ('{"a": 1e999}', "it has a number that is not finite"),
        (f'{{"a": {"9" * 5000}}}', "it has a number with too many digits"),
    ],
)
def test_a_file_that_is_no_state_is_exit_2(content: str, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-state", written(content)]) == 2
    expected = f"state.json: {fault}; expected a file that `pulumi stack export --file` wrote\n"
    assert capsys.readouterr() == ("", expected)


def test_only_regular_files_are_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe")
    Path("bytes").write_bytes(b'{"a": "\xff"}')
    monkeypatch.setattr(check_state, "MAX_EXPORT_BYTES", 10_240)
    Path("large").write_bytes(b" " * 10_241)
    for file, fault in {
        "pipe": "not a regular file",
        ".": "is a directory",
        "none": "no such file or directory",
        "large": "larger than 10 kib",
        "bytes": "it is not UTF-8",
    }.items():
        assert main(["check-state", file]) == 2
        assert capsys.readouterr().err.startswith(f"{file}: {fault}; expected a file that")


def test_a_file_and_a_stack_are_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-state", "--stack", "dev", "state.json"]) == 2
    assert "a file and --stack: name one of them" in capsys.readouterr().err


def test_a_foreign_base_url_is_exit_1_with_the_urn(
    pulumi: Callable[..., list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(with_base_url(URL), "https://other.example")
    Path("Pulumi.yaml").write_text("name: agents\n", encoding="utf-8")
    for arguments, shown in (([], "stack dev"), ([written(with_base_url(URL))], "state.json")):
        assert main(["check-state", *arguments]) == 1
        captured = capsys.readouterr()
        assert captured.out == f"{PROVIDER_URN}: deployment.resources[0].inputs.bland:baseUrl: {URL}\n"
        assert captured.err.startswith(f"{shown}: 1 foreign base URL in the state. `pulumi refresh` and ")


def test_a_base_url_of_the_stacks_config_is_not_foreign(pulumi: Callable[..., list[tuple[str, ...]]]) -> None:
    ran = pulumi(with_base_url(URL), f"{URL}/")
    assert main(["check-state", "--stack", "dev"]) == 0
    assert ran == [("stack", "export", "--stack", "dev"), ("config", "--show-secrets", "--stack", "dev")]


@pytest.mark.parametrize("url", ["https://api.bland.ai", URL])
def test_a_base_url_of_our_own_needs_no_config(
    url: str, pulumi: Callable[..., list[tuple[str, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_BASE_URL", URL)
    ran = pulumi(with_base_url(url, "outputs"))
    assert main(["check-state", "--stack", "dev"]) == 0
    assert len(ran) == 1


def test_in_a_file_the_settings_of_the_project_count() -> None:
    Path("Pulumi.yaml").write_text("name: agents\n", encoding="utf-8")
    Path("Pulumi.dev.yaml").write_text(f"config:\n  bland:baseUrl: {URL}\n", encoding="utf-8")
    assert main(["check-state", written(with_base_url(URL))]) == 0


@pytest.mark.parametrize(("recorded", "code"), [(URL, 0), ("https://evil.example", 1)])
def test_a_secret_base_url_is_compared_in_clear(
    recorded: str, code: int, pulumi: Callable[..., list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    in_clear = with_base_url(secret(plaintext=json.dumps(recorded)))
    ran = pulumi(with_base_url(secret(ciphertext="v1:x")), URL, in_clear)
    assert main(["check-state", "--stack", "dev"]) == code
    assert ("stack", "export", "--stack", "dev", "--show-secrets") in ran
    assert capsys.readouterr().out.endswith("bland:baseUrl: https://evil.example\n" if code else "in the state\n")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (secret(ciphertext="v1:x"), "an encrypted base URL, which only the stack can decrypt (--stack)"),
        (5, "no text"),
        ("https://user:password@evil.example", "34 characters that are no base URL"),
        ("\n::error::x\x1b]0;x\x07", "17 characters that are no base URL"),
    ],
)
def test_a_base_url_that_may_be_a_secret_is_not_shown(
    value: Any, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-state", written(with_base_url(value))]) == 1
    assert capsys.readouterr().out.endswith(f"inputs.bland:baseUrl: {found}\n")


def test_providers_and_base_urls_are_listed_apart(capsys: pytest.CaptureFixture[str]) -> None:
    state = tampered(2)
    state["deployment"]["resources"] += with_base_url(URL)["deployment"]["resources"]
    assert main(["check-state", "--format", "json", written(state)]) == 1
    captured = capsys.readouterr()
    listed = json.loads(captured.out)
    assert (len(listed["foreign_providers"]), len(listed["foreign_base_urls"])) == (2, 1)
    assert "state.json: 2 foreign providers in the state. " in captured.err
    assert "state.json: 1 foreign base URL in the state. " in captured.err


@pytest.mark.parametrize("plaintext", ["{", '{"a":' * 100_000])
def test_a_secret_that_cannot_be_read_is_exit_2(
    plaintext: str, pulumi: Callable[..., list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(with_base_url(secret(ciphertext="v1:x")), URL, with_base_url(secret(plaintext=plaintext)))
    assert main(["check-state", "--stack", "dev"]) == 2
    assert "the state of stack dev is damaged: a secret cannot be read" in capsys.readouterr().err
