"""yaml-language-server, which is what editors run, with the schema that `tornado-resource schema` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.language_server import LanguageServer
from tornado_resource.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    folder = tmp_path_factory.mktemp("editor")
    assert main(["schema", "--output", str(folder / "sessions.schema.json")]) == 0
    program = packages / "yaml-language-server/bin/yaml-language-server"
    with LanguageServer(["node", str(program), "--stdio"], folder) as server:
        yield server
