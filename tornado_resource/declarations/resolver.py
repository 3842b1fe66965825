"""From a checked document to the declarations of one environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from tornado_resource.core.positions import Problem
from tornado_resource.declarations.document import dotted
from tornado_resource.declarations.model import Declaration, Environment, Gate, request_from
from tornado_resource.declarations.reader import read
from tornado_resource.declarations.references import MISSING_PATHWAY, reference_problems, unknown_environment
from tornado_resource.declarations.releases import obstacles
from tornado_resource.declarations.schema import schema_problems
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tornado_resource.declarations.document import Document, Path

Layer = tuple["Path", Mapping[str, Any]]
"""Where a part of the file stands, and its values."""
Carry = Literal["version", "pass", "unknown", "never"]
"""What a session takes from the environment before it.

The version that passed; only the pass, since it runs on another pathway there; one of the two, which that environment
alone knows; or never anything, since it has no gate there.
"""


def load(path: str, environment: str | None = None) -> Environment:
    """Read, check and resolve the declarations at *path* for one environment (with none: the sessions as they are).

    Raises:
        ConfigurationError: the file cannot be opened.
        DeclarationError: anything is wrong in it; all problems at once.

    """
    document = check_document(path)
    resolved, problems = resolve(document, environment)
    if problems:
        raise DeclarationError(problems)
    return resolved


def check_document(path: str) -> Document:
    """Read the file and check its form and its names. Raises as `load` does."""
    document = read(path)
    problems = {*document.problems, *schema_problems(document), *reference_problems(document)}
    if problems:
        raise DeclarationError(sorted(problems))
    return document


def environment_names(document: Document) -> list[str]:
    """The environments that a checked document lists, in the file's order."""
    return list(document.data.get("environments") or {})


def resolve(document: Document, environment: str | None) -> tuple[Environment, list[Problem]]:
    """Resolve a checked document for one environment; the problems are those that merging brings to light."""
    listed = environment_names(document)
    if listed and environment is not None and environment not in listed:
        position = document.position(("environments",), of_key=True)
        return Environment(environment, ()), [
            Problem(position, "environments", unknown_environment(environment, listed))
        ]
    settings = _settings(document, environment)
    declarations, problems = _declarations(document, environment)
    found = Environment(environment, declarations, settings.get("promotes_from"), settings.get("max_age"))
    return found, [*problems, *_unpublishable(document, found)]


def carries(document: Document, environment: Environment) -> dict[str, Carry]:
    """By session, what it takes from the environment that *environment* promotes from; nothing where it does not."""
    source = environment.promotes_from
    if source is None:
        return {}
    if source not in environment_names(document):
        return dict.fromkeys((each.name for each in environment.declarations), "unknown")
    there = {each.name: each for each in _declarations(document, source)[0] if each.gate is not None}
    return {each.name: _carry(each, there.get(each.name)) for each in environment.declarations}


def session_names(document: Document, environment: str | None) -> list[str]:
    """The sessions of an environment in the file's order: its own new ones come last."""
    own = _settings(document, environment).get("sessions") or {}
    base = document.data["sessions"]
    names = [name for name in base if not (name in own and own[name] is None)]
    return [*names, *(name for name in own if name not in base and own[name] is not None)]


def layers(document: Document, environment: str | None, name: str) -> list[Layer]:
    """What a session is merged from, the weakest first (design: defaults, environment's, session, environment's)."""
    data, own = document.data, _settings(document, environment)
    above: Path = ("environments", environment or "")
    candidates: list[tuple[Path, Any]] = [
        (("defaults",), data.get("defaults")),
        ((*above, "defaults"), own.get("defaults")),
        (("sessions", name), data["sessions"].get(name)),
        ((*above, "sessions", name), (own.get("sessions") or {}).get(name)),
    ]
    return [(path, values) for path, values in candidates if values]


def merge(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396) and return the result; neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value) if isinstance(value, dict) else value
    return merged


def _declarations(document: Document, environment: str | None) -> tuple[tuple[Declaration, ...], list[Problem]]:
    settings = _settings(document, environment)
    resolved = [_declare(document, environment, settings, name) for name in session_names(document, environment)]
    declarations = tuple(each for each in resolved if isinstance(each, Declaration))
    return declarations, [each for each in resolved if isinstance(each, Problem)]


def _carry(here: Declaration, there: Declaration | None) -> Carry:
    if there is None:
        return "never"
    return "version" if here.pathway_id == there.pathway_id else "pass"


def _declare(
    document: Document, environment: str | None, settings: Mapping[str, Any], name: str
) -> Declaration | Problem:
    values: dict[str, Any] = {}
    parts = layers(document, environment, name)
    for _, part in parts:
        values = merge(values, part)
    is_own = name not in document.data["sessions"]
    home: Path = ("environments", environment or "", "sessions", name) if is_own else ("sessions", name)
    position = document.position(home, of_key=True)
    if "pathway_id" not in values:
        suffix = f" in environment {environment}" if environment is not None else ""
        return Problem(position, dotted(home), MISSING_PATHWAY.format(where=suffix))
    strictness: Literal["allow", "refuse"] = "refuse" if settings.get("promotes_from") else "allow"
    kept = {key: values[key] for key in ("on_conflict", "on_destroy", "rerun", "triggers") if key in values}
    gate = Gate.of(values.get("gate"), repaired=strictness)
    return Declaration(
        name=name,
        request=request_from(values),
        gate=gate,
        position=position,
        publish=values.get("publish", settings.get("publish") if gate is not None else None),
        **kept,
    )


def _unpublishable(document: Document, environment: Environment) -> Iterator[Problem]:
    if all(declaration.publish is None for declaration in environment.declarations):
        return
    carried = [name for name, carry in carries(document, environment).items() if carry != "pass"]
    for name, fault in obstacles(environment.declarations, carried).items():
        own = [path for path, values in layers(document, environment.name, name) if "publish" in values]
        path: Path = (*own[-1], "publish") if own else ("environments", environment.name or "", "publish")
        yield Problem(document.position(path), f"sessions.{name}.publish", fault)


def _settings(document: Document, environment: str | None) -> Mapping[str, Any]:
    environments = document.data.get("environments") or {}
    return environments.get(environment) or {}
