"""What is said about a declarations file by all that reads it."""

from __future__ import annotations

from tornado_resource.declarations.resolver import check_document, check_environments, environment_names, resolve
from tornado_resource.declarations.schedule import make_plan
from tornado_resource.errors import TornadoError


def messages(path: str) -> str:
    """Validate and plan a file, and return what would be said."""
    try:
        document = check_document(path)
        names: list[str | None] = [*environment_names(document)]
        check_environments(document, names or [None])
        make_plan(document, resolve(document, (names or [None])[0]))
    except TornadoError as error:
        return str(error)
    return ""
