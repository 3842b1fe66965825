"""Write the repository's address and the version of `pyproject.toml` wherever a user copies them from.

`python tools/addresses.py` writes the files; a test compares them. Run it after a change of either in `pyproject.toml`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION: Final[str] = PROJECT["version"]
REPOSITORY: Final[str] = PROJECT["urls"]["Repository"]
FILES: Final = (
    "README.md",
    "docs/getting-started.md",
    "docs/pipelines.md",
    "docs/tutorial.md",
    "examples/agents/.github/workflows/agents.yml",
    "examples/agents/.github/workflows/nightly.yml",
    "examples/agents/.github/workflows/pull-request.yml",
    "examples/agents/.pre-commit-config.yaml",
    "examples/agents/requirements.txt",
    "mkdocs.yml",
    "pyproject.toml",
    "schemas/history.schema.json",
    "schemas/sessions.schema.json",
    "schemas/verdicts.schema.json",
    "tornado_resource/schemas/history.schema.json",
    "tornado_resource/schemas/sessions.schema.json",
    "tornado_resource/schemas/verdicts.schema.json",
    "tornado_resource/template/.github/workflows/tornado.yml",
    "tornado_resource/template/requirements.txt",
    "tornado_resource/template/sessions.yaml",
)
_ADDRESS: Final = re.compile(r"((?:github|githubusercontent)\.com/|uses: )[\w-]+/tornado-resource\b")
_VERSION: Final = re.compile(r"(tornado-resource(?:@|\b[^\n]*\n +rev: )v)\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")


def updated(text: str, repository: str = REPOSITORY, version: str = VERSION) -> str:
    """Return a file's text with this address and version in it."""
    owner_and_name = repository.removeprefix("https://github.com/")
    text = _ADDRESS.sub(rf"\1{owner_and_name}", text)
    return _VERSION.sub(rf"\g<1>{version}", text)


def main() -> int:
    """Write the files, and name those that changed."""
    for name in FILES:
        file = ROOT / name
        before = file.read_text(encoding="utf-8")
        after = updated(before)
        if after != before:
            file.write_text(after, encoding="utf-8")
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
