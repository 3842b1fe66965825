"""Promotion inside a Pulumi program: what another stack has recorded, checked before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.output import contains_unknowns

from tornado_resource.clock import SYSTEM
from tornado_resource.declarations.publishing import obstacles
from tornado_resource.errors import ConfigurationError
from tornado_resource.promotion.checking import Source, check
from tornado_resource.text import clean, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.gatekeeper import Gatekeeper
    from tornado_resource.promotion.checking import Promoted
    from tornado_resource.settings import Settings

NEEDLESS = "tornado:promoteWithout was not needed: pulumi config rm tornado:promoteWithout"
READ = ("environment", "sessions", "verdicts")
"""The outputs that are read of the other stack."""


def promote(environment: Environment, settings: Settings, gatekeeper: Gatekeeper) -> pulumi.Output[Promoted]:
    """Read the stack that *environment* promotes from, check every session, and carry the versions that passed.

    The output fails with a `pulumi.RunError` that tells all that speaks against it; what depends on it is then not
    started.
    """
    stack = _full_name(environment.promotes_from or "")
    reference = pulumi.StackReference(stack)

    def judge(outputs: Any) -> Promoted:
        known = _known(outputs)
        source = Source(stack, **{name: known.get(name) for name in READ} if isinstance(known, Mapping) else {})
        promoted = check(environment, source, SYSTEM.now(), settings.promote_without)
        _tell(promoted)
        unpublishable = obstacles(promoted.environment.declarations, promoted.awaited)
        if promoted.blocks or unpublishable:
            raise pulumi.RunError(_refuse(environment, promoted, unpublishable, gatekeeper))
        return promoted

    # Secrets among that stack's other outputs would make secrets of all that follows from these; and one that a failed
    # update there has left unknown would leave nothing to this stack's preview.
    return pulumi.Output.unsecret(reference.outputs).apply(judge, run_with_unknowns=True)


def blocked(title: str, declarations: Sequence[Declaration], blocks: Mapping[str, str]) -> str:
    """Write a title that counts the sessions in question, and for each of them its place and what speaks against it."""
    places = {declaration.name: declaration.place for declaration in declarations}
    lines = [f"{title} ({len(blocks)} of {count(len(places), 'session')}):"]
    lines += [f"  {name} ({places[name]}): {blocks[name]}" for name in places if name in blocks]
    return "\n".join(lines)


def _known(value: Any) -> Any:
    """Put None in the place of what an update of the other stack has left unknown."""
    if isinstance(value, Mapping):
        return {key: _known(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_known(entry) for entry in value]
    return None if contains_unknowns(value) else value


def _full_name(source: str) -> str:
    """Name a stack as StackReference wants it; a name without slashes is one of this project."""
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}/"
    full = source if "/" in source else own + source
    if full == own + pulumi.get_stack():
        message = f"promotes_from names {full}, which is this stack itself"
        raise pulumi.RunError(message)
    return full


def _tell(promoted: Promoted) -> None:
    """Say what is carried from where, in the preview and in the update."""
    record = promoted.record
    allowed = [note for name, note in promoted.notes.items() if name not in promoted.blocks]
    if allowed:
        pulumi.log.info("\n  ".join([f"promotes from stack {record.source}:", *allowed]))
    if record.waived:
        without = clean(record.without or "")
        pulumi.log.warn(
            f"{count(len(record.waived), 'session')} promoted without a pass (tornado:promoteWithout): {without}"
        )
    elif record.without is not None:
        pulumi.log.warn(NEEDLESS)


def _refuse(
    environment: Environment, promoted: Promoted, unpublishable: Mapping[str, str], gatekeeper: Gatekeeper
) -> str:
    """Write the reports of what was refused, and the message."""
    names = [each.name for each in environment.declarations]
    reasons = {name: [each[name] for each in (promoted.blocks, unpublishable) if name in each] for name in names}
    against = {name: "; ".join(found) for name, found in reasons.items() if found}
    title = f"promotion from {promoted.record.source} refused, and nothing was started"
    lines = [blocked(title, environment.declarations, against)]
    if promoted.blocks:
        lines.append(
            f"Put that right there (pulumi up --stack {environment.promotes_from}), and run this again. "
            f"To go on without, on record: "
            f'pulumi config set tornado:promoteWithout "REASON" (docs/promotion.md)'
        )
    try:
        gatekeeper.refuse(environment.declarations, against, promoted.record)
    except ConfigurationError as error:
        lines.append(str(error))
    return "\n".join(lines)
