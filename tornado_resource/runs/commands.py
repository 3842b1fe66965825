"""The commands that messages show. Each names its stack, so that it can be run as it is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from tornado_resource.declarations.model import OnConflict
    from tornado_resource.runs.order import Address


def up(stack: str) -> str:
    """Return the command that updates a stack."""
    return f"pulumi up --stack {stack}"


def adopt(stack: str, name: str, session_id: str) -> str:
    """Return the command by which a declared session takes over a running one."""
    return f"pulumi config set --path tornado:adopt.{name} {clean(session_id)} --stack {stack} && {up(stack)}"


def on_conflict(stack: str, name: str, value: OnConflict) -> str:
    """Return the command that overrides the `on_conflict` of a session for one update.

    Pulumi keeps the setting in the stack's file. Without the last command, later runs would follow it too.
    """
    key = f"tornado:onConflict.{name}"
    return (
        f"pulumi config set --path {key} {value} --stack {stack} && {up(stack)}; "
        f"pulumi config rm --path {key} --stack {stack}"
    )


def rename(address: Address, urn: str) -> str:
    """Return the command that gives a recorded resource the name that its declaration has now."""
    return f"pulumi state rename '{urn}' {address.resource} --stack {address.stack} && {up(address.stack)}"


def forget(address: Address, resource_type: str) -> str:
    """Return the command that removes a resource from the state and leaves its run alone."""
    return f"pulumi state delete '{address.urn(resource_type)}' --stack {address.stack}"
