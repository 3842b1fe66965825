"""The stack's config inside a Pulumi program."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.bland.address import find_endpoint
from tornado_resource.core.text import clean, did_you_mean
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.base_urls import is_one_of, own_urls
from tornado_resource.stacks.settings import KEYS, PREFIX, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tornado_resource.bland.address import Endpoint
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.errors import TornadoError
    from tornado_resource.stacks.rollback import Rollback
    from tornado_resource.stacks.settings import Settings

MAX_TRIGGERS: Final = 100
"""How many triggers a session may have."""
RENAMED: Final = (
    "; if it was renamed, rename its key in the stack's settings file (Pulumi.STACK.yaml) too; to end the rollback: "
    "pulumi config rm --path tornado:rollback.{name} --stack {stack}"
)
_EFFECTS: Final = {"fail": "fails", "adopt": "takes it over", "wait": "waits for its end", "supersede": "cancels it"}


def read_config() -> tuple[Settings, Endpoint]:
    """Return the `tornado:` settings and the API's endpoint (base URL and key).

    Raises:
        ConfigurationError: a value is missing or invalid, or a key is unknown.

    """
    bland = pulumi.Config("bland")
    tornado = pulumi.Config("tornado")
    tornado_config = {f"{PREFIX}{key}": value for key in KEYS if (value := tornado.get(key)) is not None}
    # `pulumi.Config` reads single keys only, and is all that inline programs of the Automation API have. Elsewhere
    # PULUMI_CONFIG holds the whole config, where misspelled keys are found.
    settings = read_settings(
        {**json.loads(os.environ.get("PULUMI_CONFIG") or "{}"), **tornado_config}, pulumi.get_stack()
    )
    is_secret = pulumi.runtime.is_config_secret("bland:apiKey")
    bland_config = {f"bland:{key}": bland.get(key) for key in ("apiKey", "baseUrl")}
    endpoint = find_endpoint(bland_config, os.environ, is_secret=is_secret, stack=pulumi.get_stack())
    if endpoint.warning is not None:
        pulumi.log.warn(endpoint.warning)
    if settings.on_conflict and pulumi.runtime.is_dry_run():
        _warn_of_on_conflict(settings.on_conflict)
    if settings.rerun and pulumi.runtime.is_dry_run():
        stack = pulumi.get_stack()
        pulumi.log.info(
            f"config {PREFIX}rerun is {settings.rerun}, whatever `rerun` of a session or agent says; if it is not for "
            f"this update only, remove it with pulumi config rm {PREFIX}rerun --stack {stack}"
        )
    return settings, endpoint


def configured_url() -> str | None:
    """Return `bland:baseUrl` of the stack's config, as an input with which the provider confirms its own.

    None if there is none, or none that needs it.
    """
    base_url = pulumi.Config("bland").get("baseUrl")
    return None if is_one_of(base_url, own_urls(os.environ)) else base_url


def check_against_declarations(settings: Settings, environment: Environment) -> None:
    """Check that there is a session to run, and the config values that depend on the declarations.

    Raises:
        ConfigurationError: the environment leaves out every session, a session gets too many triggers,
            `tornado:adopt` or `tornado:onConflict` names an unknown session, or `publish` is declared without waiting.

    """
    declarations = environment.declarations
    if environment.left_out and not declarations:
        message = (
            f"{clean(settings.declarations)}: {environment.omission}, and nothing would be tested; "
            f"keep a run there, or remove the stack's runs with pulumi destroy --stack {pulumi.get_stack()}"
        )
        raise ConfigurationError(message)
    _check_triggers(settings.triggers, declarations)
    names = [declaration.name for declaration in declarations]
    _check_names("adopt", settings.adopt, names)
    _check_names("rollback", settings.rollbacks, names, RENAMED)
    _check_rollbacks(settings.rollbacks, declarations)
    if isinstance(settings.on_conflict, Mapping):
        _check_names("onConflict", settings.on_conflict, names)
    publishing = [declaration.name for declaration in declarations if declaration.publish is not None]
    if publishing and not settings.is_waiting:
        message = (
            f"config tornado:wait is false, but `publish` ({', '.join(publishing)}) needs the verdicts that come from "
            f"waiting: pulumi config rm tornado:wait --stack {pulumi.get_stack()}, or remove `publish` here"
        )
        raise ConfigurationError(message)


def config_message(error: TornadoError) -> str:
    """Return the message of `pulumi up` when *error* was found before anything was started."""
    return f"nothing was started: invalid declarations or configuration:\n{error}"


def _warn_of_on_conflict(on_conflict: str | Mapping[str, str]) -> None:
    """Warn in a preview: the setting outlives the conflict that it was made for."""
    values = on_conflict if isinstance(on_conflict, Mapping) else {"": on_conflict}
    for name, value in values.items():
        key = f"--path {PREFIX}onConflict.{name}" if name else f"{PREFIX}onConflict"
        pulumi.log.warn(
            f"config {key.removeprefix('--path ')} is {value}: if another run holds its pathway or agent, "
            f"`pulumi up` {_EFFECTS[value]}; remove it with pulumi config rm {key} --stack {pulumi.get_stack()}"
        )


def ambiguous_session(key: str, name: str, urns: Sequence[str]) -> str:
    """Return why config *key* cannot name a session whose name several resources have."""
    argument = {"adopt": 'adopt="SESSION_ID"', "onConflict": 'on_conflict="…"'}[key]
    first = f"config {PREFIX}{key} names {name!r}, but {len(urns)} runs of this program have that name:"
    cure = (
        f"Give the one that is meant the argument {argument} in the program, and remove the config: "
        f"pulumi config rm --path {PREFIX}{key}.{name} --stack {pulumi.get_stack()}"
    )
    return "\n".join([first, *(f"  {urn}" for urn in urns), cure])


def _check_triggers(added: Mapping[str, Any], declarations: Sequence[Declaration]) -> None:
    """Refuse config that gives a session too many triggers. The session is not to blame for it."""
    for declaration in declarations:
        together = len({*declaration.triggers, *added})
        if added and together > MAX_TRIGGERS:
            message = (
                f"config {PREFIX}triggers: {together} triggers with those of {declaration.name} "
                f"({declaration.position}), expected at most {MAX_TRIGGERS}; remove some of either"
            )
            raise ConfigurationError(message)


def _check_rollbacks(rollbacks: Mapping[str, Rollback], declarations: Sequence[Declaration]) -> None:
    """Refuse a rollback of what publishes nothing, to what is no version of it, or of one release to two versions."""
    firsts: dict[tuple[str, ...], str] = {}
    for declaration in (declaration for declaration in declarations if declaration.name in rollbacks):
        key, version = f"config {PREFIX}rollback.{declaration.name}", rollbacks[declaration.name].version
        if declaration.publish is None:
            run = f"{declaration.name} ({declaration.position})"
            message = f"{key}: {run} declares no `publish`, so there is nothing to roll back"
            raise ConfigurationError(message)
        if isinstance(version, int) != (declaration.section == "sessions"):
            expected = (
                "the number of a version" if declaration.section == "sessions" else "the id of a version of the agent"
            )
            message = f"{key}: found version {clean(str(version))}, expected {expected}"
            raise ConfigurationError(message)
        first = firsts.setdefault((declaration.section, declaration.subject_id, declaration.publish), declaration.name)
        if rollbacks[first].version != version:
            other = f"version {rollbacks[first].version} of {first}"
            message = f"{key}: version {version} differs from {other}, whose release it is"
            raise ConfigurationError(message)


def _check_names(key: str, names_given: Iterable[str], names: list[str], advice: str = "") -> None:
    for name in names_given:
        if name not in names:
            hint = did_you_mean(name, names)
            more = advice.format(name=clean(name, 80), stack=pulumi.get_stack()) if advice else ""
            message = f"config {PREFIX}{key} names {name!r}, expected one of {', '.join(names)}{hint}{more}"
            raise ConfigurationError(message)
