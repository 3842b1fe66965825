"""Other validators read the schema too, and judge as `tornado-resource validate` does where the schema can say it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.paths import EXAMPLES, ROOT
from tornado_resource.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA: Final = ROOT / "schemas/sessions.schema.json"
SCRIPT: Final = ROOT / "tests/editor/validate.js"
TOO_MUCH: Final = {"alias-bomb", "self-reference"}
"""Files that other YAML readers would expand until the memory is full."""
FILES: Final = sorted(
    path for folder in ("valid", "invalid") for path in (EXAMPLES / folder).glob("*.yaml") if path.stem not in TOO_MUCH
)
OURS, AJV, CHECK_JSONSCHEMA = "tornado-resource", "ajv", "check-jsonschema"
BEYOND_THE_SCHEMA: Final = {
    "budget-of-nulls": "a budget whose limits are all null, unless it removes one of the file in an environment",
    "environment-empty-session": "a session of an environment that is left empty, where `null` or `{}` is meant",
    "environment-promotes-from-itself": "names that refer to nothing, or in a circle",
    "environment-promotes-from-nothing": "names that refer to nothing, or in a circle",
    "environment-removes-pathway": "a session without `pathway_id`, once all is merged",
    "environment-unknown-session": "names that refer to nothing, or in a circle",
    "unknown-judge-of-gate": "names that refer to nothing, or in a circle",
    "environments-promote-in-a-circle": "names that refer to nothing, or in a circle",
    "gate-passed-more-than-declared": "a gate that requires more scenarios than the session names",
    "gate-confirm": "a confirmation of more passes than runs, without runs, or without a version",
    "judge-key-is-a-name": "a judge whose key is the name or the id of another one",
    "max-age-without-promotes-from": "`max_age` without `promotes_from`",
    "pathway-missing": "a session without `pathway_id`, once all is merged",
    "pathway-null": "a session without `pathway_id`, once all is merged",
    "promotion-of-the-live-pathway": "version 0, which names the live pathway, where it is published or promoted",
    "publish-of-the-live-pathway": "version 0, which names the live pathway, where it is published or promoted",
    "scenario-replay-without-messages": "a scenario of the type `REPLAY` without `input_messages`, once all is merged",
    "publish-of-a-copy-without-a-version": "`publish` without a gate or a version, or of two versions",
    "publish-of-two-versions": "`publish` without a gate or a version, or of two versions",
    "publish-without-a-gate": "`publish` without a gate or a version, or of two versions",
    "publish-without-a-version": "`publish` without a gate or a version, or of two versions",
}
"""Files that the schema accepts, with the rule that it cannot say."""
OTHER_YAML: Final = {"custom-tag": AJV, "iterations-underscore": CHECK_JSONSCHEMA, "merge-key": CHECK_JSONSCHEMA}
"""Files that are invalid for us, with the validator whose YAML reader sees a valid one."""


def judged_by_ajv(packages: Path) -> Mapping[str, bool]:
    command = ["node", str(SCRIPT), str(SCHEMA), *map(str, FILES)]
    environment = {**os.environ, "NODE_PATH": str(packages)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    judged: dict[str, bool] = json.loads(result.stdout)
    assert result.stderr == ""
    return judged


def judged_by_check_jsonschema() -> Mapping[str, bool]:
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--output-format", "json", "--schemafile"]
    result = subprocess.run(
        [*command, str(SCHEMA), *map(str, FILES)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    report: dict[str, Any] = json.loads(result.stdout)
    refused = {error["filename"] for error in [*report["errors"], *report["parse_errors"]]}
    return {str(path): str(path) not in refused for path in FILES}


def test_all_validators_agree_but_for_the_documented_files(packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged = {
        OURS: {str(path): main(["validate", str(path)]) == 0 for path in FILES},
        AJV: judged_by_ajv(packages),
        CHECK_JSONSCHEMA: judged_by_check_jsonschema(),
    }
    capsys.readouterr()
    accepted = {path.stem: {name for name in judged if judged[name][str(path)]} for path in FILES}
    differing = {stem: names for stem, names in accepted.items() if len(names) not in {0, 3}}
    assert differing == {
        **{stem: {AJV, CHECK_JSONSCHEMA} for stem in BEYOND_THE_SCHEMA},
        **{stem: {name} for stem, name in OTHER_YAML.items()},
    }
    assert sum(len(names) == 3 for names in accepted.values()) == len(list((EXAMPLES / "valid").glob("*.yaml")))


@pytest.mark.parametrize("rule", sorted({*BEYOND_THE_SCHEMA.values()}))
def test_what_the_schema_cannot_say_is_documented(rule: str) -> None:
    assert f"- {rule}" in (ROOT / "docs/declarations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["sessions", "verdicts"])
def test_the_schema_is_one_by_the_standard(name: str) -> None:
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--check-metaschema"]
    subprocess.run([*command, str(ROOT / f"schemas/{name}.schema.json")], check=True, capture_output=True)
