"""The variables of environments: against the sandbox in both forms, and which of them a version lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.agents import FORMS, Bench, answering, bench
from tornado_resource.bland.agents import list_versions, read_latest_version
from tornado_resource.bland.variables import (
    MAX_LISTED_VARIABLES,
    Variables,
    find_missing_variables,
    missing_variables,
    read_variables,
    referenced_variables,
)
from tornado_resource.errors import NotFound, OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SCRIPT = """\
pathways: {}
agents:
  a-1:
    variables:
      staging: {API_HOST: staging.example.com, RETRIES: 0, OLD: "", GONE: null}
"""
SECRET = "sk-value-that-nobody-reads"


@pytest.fixture(params=FORMS)
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(SCRIPT, tmp_path / "s.yaml", request.param) as api:
        yield api


async def test_names_are_read_and_values_are_not(api: Bench) -> None:
    found = await read_variables(api.client, "a-1", "staging")
    assert found == Variables(frozenset({"API_HOST", "RETRIES"}), frozenset({"OLD", "GONE"}))
    assert "example.com" not in repr(found)
    assert await read_variables(api.client, "a-1", "production") == Variables(frozenset())
    with pytest.raises(NotFound):
        await read_variables(api.client, "a-9", "staging")
    with pytest.raises(Rejected, match=r"^variables of agent a-1 in nowhere: HTTP 400"):
        await read_variables(api.client, "a-1", "nowhere")


async def test_what_the_newest_version_lacks_is_listed(api: Bench) -> None:
    snapshot = {"settings": {"systemPrompt": "Call {{env.API_HOST}} or {{ env.api_host }}, then {{env.NEW}}."}}
    await api.post("/_sandbox/agents/a-1/versions", {"snapshot": snapshot})
    version = await read_latest_version(api.client, "a-1")
    variables = await read_variables(api.client, "a-1", "staging")
    assert version.snapshot is not None
    assert missing_variables("staging", referenced_variables(version.snapshot), variables) == (
        "the version refers to environment variables without a value in staging: NEW, api_host (there is API_HOST). "
        "Calls would fail (AGENT_VARIABLE_UNRESOLVED): set the values in Bland (Configure, Environments, Variables)"
    )


def test_one_empty_variable_is_said_to_be_empty() -> None:
    text = missing_variables("staging", ["OLD"], Variables(frozenset(), frozenset({"OLD"})))
    assert text is not None
    assert "an environment variable without a value in staging: OLD (empty). " in text
    assert missing_variables("staging", ["OLD"], Variables(frozenset({"OLD"}))) is None


def test_a_long_list_is_cut() -> None:
    text = missing_variables("staging", [f"V{number}" for number in range(99)], Variables(frozenset()))
    assert text is not None
    assert f"and {99 - MAX_LISTED_VARIABLES} more. " in text


@pytest.mark.parametrize(
    ("snapshot", "names"),
    [
        ({}, ()),
        ({"a": "{{name}} {{environment}} {{env}} env.X {env.X} {{env.X"}, ()),
        ({"a": "{{env.B}}{{env.A}}{{env.B}}"}, ("A", "B")),
        ({"a": [{"b": {"{{ENV . K_1}}": 5}}, None, 1.5, True, "{{env.\n9}}"]}, ("9", "K_1")),
        ({"a": '{"url": "https://{{env.HOST}}/v1?x={{x}}"}'}, ("HOST",)),
    ],
    ids=str,
)
def test_references_are_found_wherever_they_are(snapshot: dict[str, Any], names: tuple[str, ...]) -> None:
    assert referenced_variables(snapshot) == names


def test_a_deep_snapshot_is_read_to_its_end() -> None:
    snapshot: Any = "{{env.DEEP}}"
    for _ in range(100_000):
        snapshot = [snapshot]
    assert referenced_variables({"a": snapshot}) == ("DEEP",)


@pytest.mark.parametrize(
    ("content", "with_value", "without_value"),
    [
        (["A", "B"], "AB", ""),
        ([{"key": "A", "value": SECRET}, {"name": "B", "value": ""}], "A", "B"),
        ([{"variable_key": "A", "value": None, "is_secret": True}], "A", ""),
        ([{"variable_key": "A"}], "A", ""),
        ([{"variable_key": "A", "value": ""}, {"variable_key": "A", "value": 1}], "A", ""),
        ([{"variable_key": "A", "value": [SECRET]}, {"variable_key": "B", "value": False}], "AB", ""),
    ],
    ids=str,
)
def test_other_forms_are_read(content: Any, with_value: str, without_value: str) -> None:
    found = Variables.parse(content)
    assert found == Variables(frozenset(with_value), frozenset(without_value))
    assert SECRET not in repr(found)


@pytest.mark.parametrize("body", ["null", "{}", '[{"value": 1}]', "[5]", '{"data": [], "errors": [{"error": "E"}]}'])
async def test_a_list_that_hides_a_name_is_none(body: str) -> None:
    with pytest.raises(OutcomeUnknown):
        await read_variables(answering(body), "a-1", "staging")


VERSIONS = """\
pathways: {}
agents:
  a-1: {versions: [{name: Draft}, {semver: 1.0.0}, {name: Newest}], variables: {staging: {OTHER: 1}}}
"""


@pytest.mark.parametrize("form", FORMS)
async def test_a_start_needs_the_variables_of_its_own_version(tmp_path: Path, form: str) -> None:
    """The API shows the snapshot of the newest version and of published ones: nothing is certain of the others."""
    async with bench(VERSIONS, tmp_path / "s.yaml", form) as api:

        async def missing(version_id: str, agent_id: str = "a-1") -> str | None:
            return await find_missing_variables(api.client, agent_id, "staging", version_id)

        newest = await read_latest_version(api.client, "a-1")
        listed = (await list_versions(api.client, "a-1")).versions
        assert [await missing(each.version_id) for each in listed] == [None, None, None]
        body = {"snapshot": {"prompt": "{{env.HOST}}"}}
        saved = (await api.post("/_sandbox/agents/a-1/versions", body)).get("data", {}).get("id")
        found = await read_latest_version(api.client, "a-1")
        assert found.version_id != newest.version_id, saved
        text = await missing(found.version_id)
        assert text is not None
        assert "without a value in staging: HOST" in text
        await api.post("/v2/agents/a-1/publish", {"version_id": found.version_id})
        await api.post("/_sandbox/agents/a-1/versions", {})
        assert await missing(found.version_id) == text
        assert await missing("v-of-a-branch") is await missing(found.version_id, "a-9") is None
