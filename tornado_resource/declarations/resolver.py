"""From a checked document to the declarations of one environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from tornado_resource.core.positions import Problem
from tornado_resource.declarations.document import dotted
from tornado_resource.declarations.model import Declaration, Environment, Gate, request_from, unreachable_gate
from tornado_resource.declarations.reader import read
from tornado_resource.declarations.references import MISSING_PATHWAY, reference_problems, unknown_environment
from tornado_resource.declarations.releases import obstacles
from tornado_resource.declarations.schema import schema_problems
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tornado_resource.declarations.document import Document, KeyPath

Layer = tuple["KeyPath", Mapping[str, Any]]
"""The path of a part of the file, and its values."""
Carry = Literal["version", "pass", "unknown", "never"]
"""What a session takes from the environment that it is promoted from.

`version`: the version that passed. `pass`: only the pass, since it runs on another pathway there. `unknown`: one of the
two, but that environment is in another file. `never`: nothing, since it has no gate there.
"""


def load(path: str, environment: str | None = None, *, stack: str | None = None) -> Environment:
    """Return the declarations in a file for one environment.

    Args:
        path: the file.
        environment: the environment, which the file must list; None for the one of *stack*.
        stack: the stack's name. If the file has no environments, every stack gets its sessions.

    Raises:
        ConfigurationError: the file cannot be opened.
        DeclarationError: the file is invalid; the error has all problems.

    """
    document = check_document(path)
    resolved, problems = resolve(document, environment, stack=stack)
    if problems:
        raise DeclarationError(problems)
    return resolved


def check_document(path: str) -> Document:
    """Return the file at *path*, checked against the schema and for unknown names.

    Raises:
        ConfigurationError: the file cannot be opened.
        DeclarationError: the file is invalid; the error has all problems.

    """
    document = read(path)
    problems = {*document.problems, *schema_problems(document), *reference_problems(document)}
    if problems:
        raise DeclarationError(sorted(problems))
    return document


def environment_names(document: Document) -> list[str]:
    """Return the environments that a checked document lists, in the file's order."""
    return list(document.data.get("environments") or {})


def resolve(
    document: Document, environment: str | None, *, stack: str | None = None
) -> tuple[Environment, list[Problem]]:
    """Return the declarations of one environment, and the problems that only merging can show (as `load`)."""
    name, listed = environment or stack, environment_names(document)
    # A stack's name is no request for an environment: in a file without any, every stack gets the base sessions.
    is_unknown = name not in listed if listed and name else bool(environment)
    if is_unknown:
        position = document.position(("environments",), of_key=True)
        problem = Problem(position, "environments", unknown_environment(name or "", listed))
        return Environment(name, ()), [problem]
    settings = _settings(document, name)
    declarations, problems = _declarations(document, name)
    found = Environment(name, declarations, settings.get("promotes_from"), settings.get("max_age"))
    return found, [*problems, *_unreachable(document, found), *_unpublishable(document, found)]


def carries(document: Document, environment: Environment) -> dict[str, Carry]:
    """Return, by session, what it takes from the environment that *environment* promotes from; empty if it does not."""
    source = environment.promotes_from
    if source is None:
        return {}
    if source not in environment_names(document):
        return dict.fromkeys((each.name for each in environment.declarations), "unknown")
    there = {each.name: each for each in _declarations(document, source)[0] if each.gate is not None}
    return {each.name: _carry(each, there.get(each.name)) for each in environment.declarations}


def session_names(document: Document, environment: str | None) -> list[str]:
    """Return the names of an environment's sessions in the file's order; those that only it declares come last."""
    own = _settings(document, environment).get("sessions") or {}
    base = document.data["sessions"]
    names = [name for name in base if not (name in own and own[name] is None)]
    return [*names, *(name for name in own if name not in base and own[name] is not None)]


def layers(document: Document, environment: str | None, name: str) -> list[Layer]:
    """Return the layers that a session is merged from, in order of increasing precedence.

    Base defaults, the environment's defaults, the base session, the environment's session.
    """
    data, own = document.data, _settings(document, environment)
    above: KeyPath = ("environments", environment or "")
    candidates: list[tuple[KeyPath, Any]] = [
        (("defaults",), data.get("defaults")),
        ((*above, "defaults"), own.get("defaults")),
        (("sessions", name), data["sessions"].get(name)),
        ((*above, "sessions", name), (own.get("sessions") or {}).get(name)),
    ]
    return [(path, values) for path, values in candidates if values]


def merge(target: Any, patch: Any) -> Any:
    """Return *target* with a JSON Merge Patch (RFC 7396) applied; neither argument is changed."""
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
    home: KeyPath = ("environments", environment or "", "sessions", name) if is_own else ("sessions", name)
    position = document.position(home, of_key=True)
    if "pathway_id" not in values:
        suffix = f" in environment {environment}" if environment is not None else ""
        return Problem(position, dotted(home), MISSING_PATHWAY.format(where=suffix))
    # What is promoted must be what passed before, not a new repair (design, section 3).
    repaired: Literal["allow", "refuse"] = "refuse" if settings.get("promotes_from") else "allow"
    kept = {key: values[key] for key in ("on_conflict", "on_destroy", "rerun", "triggers") if key in values}
    gate = Gate.of(values.get("gate"), repaired=repaired)
    return Declaration(
        name=name,
        request=request_from(values),
        gate=gate,
        position=position,
        publish=values.get("publish", settings.get("publish") if gate is not None else None),
        **kept,
    )


def _unreachable(document: Document, environment: Environment) -> Iterator[Problem]:
    """Yield a problem for each gate that requires more scenarios than the session declares."""
    for declaration in environment.declarations:
        passed = declaration.gate.passed if declaration.gate is not None else None
        text = unreachable_gate(passed, declaration.request.get("scenario_ids"))
        if text is not None:
            keys = ("gate", "passed")
            own = [path for path, values in layers(document, environment.name, declaration.name) if _has(values, keys)]
            yield Problem(document.position((*own[-1], *keys)), f"sessions.{declaration.name}.gate.passed", text)


def _has(values: Any, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True


def _unpublishable(document: Document, environment: Environment) -> Iterator[Problem]:
    if all(declaration.publish is None for declaration in environment.declarations):
        return
    carried = [name for name, carry in carries(document, environment).items() if carry != "pass"]
    for name, fault in obstacles(environment.declarations, carried).items():
        own = [path for path, values in layers(document, environment.name, name) if "publish" in values]
        path: KeyPath = (*own[-1], "publish") if own else ("environments", environment.name or "", "publish")
        yield Problem(document.position(path), f"sessions.{name}.publish", fault)


def _settings(document: Document, environment: str | None) -> Mapping[str, Any]:
    environments = document.data.get("environments") or {}
    return environments.get(environment) or {}
