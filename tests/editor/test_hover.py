"""What an editor shows about a key."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.edited_file import EVERY_KEY, MODELINE, Line, lines
from tornado_resource.declarations.schema import schema_text

if TYPE_CHECKING:
    from tests.support.language_server import LanguageServer

NAMED = [line for line in lines(json.loads(schema_text())) if line.is_named]


@pytest.mark.parametrize("line", NAMED, ids=lambda line: ".".join(line.path))
def test_every_key_is_explained(line: Line, server: LanguageServer) -> None:
    server.open(MODELINE + EVERY_KEY)
    shown = server.hover(line.number + 1, line.column + 1).replace("\\", "").replace("&nbsp;", " ")
    assert f"#### {line.schema['title']}\n" in shown
    assert " ".join(line.schema["description"].split()) in " ".join(shown.split())


@pytest.mark.parametrize("line", NAMED, ids=lambda line: ".".join(line.path))
def test_every_key_has_an_example_that_is_shown(line: Line, server: LanguageServer) -> None:
    server.open(MODELINE + EVERY_KEY)
    blocks = re.findall(r"```yaml\n(.*?)```", server.hover(line.number + 1, line.column + 1), re.DOTALL)
    expected = [*line.schema.get("examples", []), *line.schema.get("then", {}).get("examples", [])]
    assert expected
    assert sorted(map(_texts, blocks)) == sorted(_texts(yaml.safe_dump(example)) for example in expected)


def _texts(written: str) -> str:
    """Return YAML as JSON with all scalars as texts: they can be written with quotes and without."""
    return json.dumps(yaml.load(written, yaml.BaseLoader), sort_keys=True)  # noqa: S506 - this loader makes texts only
