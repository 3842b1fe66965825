"""Promotion inside a Pulumi program: what another stack has recorded, checked before anything is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from tornado_resource.clock import SYSTEM
from tornado_resource.declarations.publishing import obstacles
from tornado_resource.errors import ConfigurationError
from tornado_resource.gate.verifying import Subject
from tornado_resource.promotion.checking import Source, check
from tornado_resource.text import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.gatekeeper import Gatekeeper
    from tornado_resource.promotion.checking import Promoted
    from tornado_resource.settings import Settings

READ = ("environment", "sessions", "verdicts")
"""The outputs that are read of the other stack."""


def promote(environment: Environment, settings: Settings, gatekeeper: Gatekeeper) -> pulumi.Output[Promoted]:
    """Read the stack that *environment* promotes from, check every session, and carry the versions that passed.

    The output fails with a `pulumi.RunError` that tells all that speaks against it; what depends on it is then not
    started.
    """
    stack = _full_name(environment.promotes_from or "")
    reference = pulumi.StackReference(stack)

    def judge(outputs: Sequence[Any]) -> Promoted:
        source = Source(stack, **dict(zip(READ, outputs, strict=True)))
        promoted = check(environment, source, SYSTEM.now(), settings.promote_without)
        blocks = obstacles(promoted.environment.declarations) | dict(promoted.blocks)
        _tell(promoted, settings.promote_without)
        if blocks:
            raise pulumi.RunError(_refuse(environment, promoted, blocks, gatekeeper))
        return promoted

    return pulumi.Output.all(*(reference.get_output(name) for name in READ)).apply(judge)


def blocked(title: str, declarations: Sequence[Declaration], blocks: Mapping[str, str]) -> str:
    """Write a title that counts the sessions in question, and for each of them its place and what speaks against it."""
    places = {declaration.name: declaration.place for declaration in declarations}
    lines = [f"{title} ({len(blocks)} of {count(len(places), 'session')}):"]
    lines += [f"  {name} ({places[name]}): {blocks[name]}" for name in places if name in blocks]
    return "\n".join(lines)


def _full_name(source: str) -> str:
    """Name a stack as StackReference wants it; a name without slashes is one of this project."""
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}/"
    full = source if "/" in source else own + source
    if full == own + pulumi.get_stack():
        message = f"promotes_from names {full}, which is this stack itself"
        raise pulumi.RunError(message)
    return full


def _tell(promoted: Promoted, without: str | None) -> None:
    """Say what is carried from where, in the preview and in the update."""
    stack, waived = promoted.record.source, promoted.record.waived
    allowed = [note for name, note in promoted.notes.items() if name not in promoted.blocks]
    if allowed:
        pulumi.log.info("\n  ".join([f"promotes from stack {stack}:", *allowed]))
    if waived:
        pulumi.log.warn(f"{count(len(waived), 'session')} promoted without a pass (tornado:promoteWithout): {without}")
    elif without is not None:
        pulumi.log.warn("tornado:promoteWithout was not needed: pulumi config rm tornado:promoteWithout")


def _refuse(environment: Environment, promoted: Promoted, blocks: Mapping[str, str], gatekeeper: Gatekeeper) -> str:
    """Write the reports of a promotion that is refused, and the message."""
    subjects = [
        Subject(each.name, "", each.gate, each.request, place=str(each.place))
        for each in environment.declarations
        if each.gate is not None
    ]
    advice = (
        f"Let them pass there first: pulumi up --stack {environment.promotes_from}. To go on without, on record: "
        f'pulumi config set tornado:promoteWithout "REASON" (docs/promotion.md)'
    )
    title = f"promotion from {promoted.record.source} refused, and nothing was started"
    lines = [blocked(title, environment.declarations, blocks), advice]
    try:
        gatekeeper.refuse(subjects, blocks, promoted.record)
    except ConfigurationError as error:
        lines.append(str(error))
    return "\n".join(lines)
