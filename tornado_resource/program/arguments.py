"""What the resources have in common: which arguments are known already, and how invalid ones are reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from tornado_resource.core.text import clean
from tornado_resource.core.urns import STACK_TYPE, make_urn, parents_of, type_of, types_of
from tornado_resource.errors import TornadoError
from tornado_resource.program.sdk import NO_ORGANIZATION, inherited_aliases, organization

if TYPE_CHECKING:
    from collections.abc import Awaitable


class InvalidArgument(TornadoError, pulumi.RunError):
    """An argument of a resource is invalid. Pulumi shows a `RunError` without a traceback."""


def refuse_to_import(resource: str, opts: pulumi.ResourceOptions | None, instead: str) -> None:
    """Check that the options of a resource do not name what exists: Pulumi passes a dynamic provider nothing but an id.

    Args:
        resource: the resource's class and name, for the message.
        opts: its options.
        instead: what to do instead; `{id}` stands for the id.

    Raises:
        InvalidArgument: they have `import_` or `id`.

    """
    for option in ("import_", "id"):
        existing = getattr(opts, option, None)
        if existing is not None:
            printable = clean(existing) if isinstance(existing, str) else "…"
            message = f"{resource}: the resource option {option} is not supported; {instead.format(id=printable)}"
            raise InvalidArgument(message)


def with_path(key: str, text: str) -> str:
    """Return a problem of an argument with its path: that of a part of it, such as `scenario_ids[1]`, names it too."""
    return text if text.startswith((f"{key}[", f"{key}.")) else f"{key}: {text}"


def is_plain(value: Any) -> bool:
    """Return whether a value is known and can be checked: no output or awaitable in it."""
    if isinstance(value, Mapping):
        return all(is_plain(entry) for entry in value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(entry) for entry in value)
    return value is None or isinstance(value, str | int | float)


async def own_urn(own_type: str, name: str, opts: pulumi.ResourceOptions | None) -> str:
    """Return the URN that a resource will have. Unlike the property `urn`, it is known before the resource exists."""
    parent = opts.parent if opts is not None else None
    above = await parent.urn.future() if parent is not None else None
    parents = types_of(above) if above is not None and type_of(above) != STACK_TYPE else ""
    return make_urn(pulumi.get_stack(), pulumi.get_project(), own_type, name, parents)


async def alias_urns(own_type: str, name: str, opts: pulumi.ResourceOptions | None) -> list[str]:
    """Return the URNs that a resource may have been recorded under before, by `aliases` of its own and its parent's."""
    options = opts if opts is not None else pulumi.ResourceOptions()
    aliases = [await pulumi.Output.from_input(alias).future() for alias in options.aliases or ()]
    present = list(filter(None, aliases))
    own = [alias if isinstance(alias, str) else await _alias_urn(own_type, name, opts, alias) for alias in present]
    inherited = [await urn.future() for urn in inherited_aliases(own_type, name, present, options.parent)]
    return list(dict.fromkeys([*own, *filter(None, inherited)]))


def aliases(old_name: str | None) -> list[pulumi.Alias] | None:
    """Return the option by which Pulumi knows a resource that had another name; None if it had none."""
    return [pulumi.Alias(name=old_name)] if old_name is not None else None


async def _alias_urn(own_type: str, name: str, opts: pulumi.ResourceOptions | None, alias: Any) -> str:
    """Return the URN of a `pulumi.Alias`, of which each part that is not given is the resource's own."""
    own = opts.parent if opts is not None else None
    parent = own if alias.parent is ... else alias.parent
    above = await parent.urn.future() if isinstance(parent, pulumi.Resource) else parent
    return make_urn(
        alias.stack if isinstance(alias.stack, str) else pulumi.get_stack(),
        alias.project if isinstance(alias.project, str) else pulumi.get_project(),
        alias.type_ if isinstance(alias.type_, str) else own_type,
        alias.name if isinstance(alias.name, str) else name,
        types_of(above) if isinstance(above, str) and type_of(above) != STACK_TYPE else "",
    )


async def parents(urn: Awaitable[str]) -> str | None:
    """Return the types of the components that a resource is in: an input, as Pulumi does not pass them to `create`."""
    return parents_of(await urn) or None


def parents_input(urn: Awaitable[str], opts: pulumi.ResourceOptions | None) -> dict[str, Awaitable[str | None]]:
    """Return the input `parents`; none without a parent: the SDK spends time on each input, even on None."""
    return {"parents": parents(urn)} if opts is not None and opts.parent is not None else {}


async def secret_names(inputs: Mapping[str, Any]) -> list[str] | None:
    """Return the names of those inputs that are secret, wholly or in part; None if there are none.

    Pulumi tells a provider the values of inputs, but not which of them are secret.
    """
    return sorted([name for name, value in inputs.items() if await _is_secret(value)]) or None


async def _is_secret(value: Any) -> bool:
    if isinstance(value, pulumi.Output):
        return await value.is_secret() or await _is_secret(await value.future())
    if isinstance(value, Mapping):
        return any([await _is_secret(entry) for entry in value.values()])
    return isinstance(value, list | tuple) and any([await _is_secret(entry) for entry in value])


def resource_path(name: str) -> str:
    """Return `[organization/]stack/name`, an input of the resource: Pulumi does not pass it to `create`."""
    own = [] if organization() == NO_ORGANIZATION else [organization()]
    return "/".join([*own, pulumi.get_stack(), name])
