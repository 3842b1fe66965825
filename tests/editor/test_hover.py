"""What an editor shows about a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

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
