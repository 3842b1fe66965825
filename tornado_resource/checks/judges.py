"""Judges as code: how the published version of one differs from its definition, and what cannot be taken. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.checks.check_config import NOTHING, Difference
from tornado_resource.core.canonical import canonical, digest, trimmed
from tornado_resource.core.text import clean, contrast
from tornado_resource.errors import TornadoError
from tornado_resource.runs.model import HIDDEN
from tornado_resource.stacks.managers import manager_advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tornado_resource.bland.judges import Judge

HIDDEN_FIELD: Final = "judge_config"
"""What the API stores and never shows: the model and its temperature."""
JUDGE_DEFAULTS: Final[Mapping[str, Any]] = {"modality": "text", "levels": [], "target_level_keys": []}
"""What a definition says if it does not say it. Of the other fields, only declared ones are sent and compared."""
COMPARED: Final = ("prompt", "system_prompt", "modality", "levels", "target_level_keys", "weight")


@dataclass(frozen=True, slots=True)
class JudgeOrder:
    """A judge as it must be. *fields* is its definition without its name.

    *manage*: false if another stack manages it, and this one only compares. *managed_by*: its name, if that is
    declared. *secrets*: the names of the fields that are secret: messages do not show them.
    """

    name: str
    fields: Mapping[str, Any]
    on_conflict: str = "fail"
    manage: bool = True
    managed_by: str | None = None
    secrets: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """Which judge it is, for messages."""
        return f"judge '{HIDDEN if 'name' in self.secrets else clean(self.name, 80)}'"

    @property
    def sent(self) -> dict[str, Any]:
        """The fields that a draft gets."""
        return {**JUDGE_DEFAULTS, **self.fields}

    @property
    def request(self) -> str:
        """The digest of what is created: a judge is found by its name."""
        return digest([self.name])


@dataclass(frozen=True, slots=True)
class SeenJudge:
    """The only judge of a name. *version_id*: the active version; None if it was never published.

    *differences*: how that version differs from the definition, or the draft of one that was never published.
    *is_blank*: whether it has nothing but such a draft, without a prompt. *draft*: what somebody has edited since that
    version, which the declared one would replace: `found` is in the draft, `declared` is published.
    """

    judge_id: str
    version_id: str | None
    differences: tuple[Difference, ...]
    is_blank: bool = False
    draft: tuple[Difference, ...] = ()

    @property
    def is_published(self) -> bool:
        """Whether the published version is as declared."""
        return self.version_id is not None and not self.differences


def seen_judge(recorded: Any) -> SeenJudge | None:
    """Return what `asdict` made of a judge that was seen, and Pulumi has passed on."""
    if not isinstance(recorded, dict):
        return None
    differences = [Difference(**values) for values in recorded.get("differences") or ()]
    draft = [Difference(**values) for values in recorded.get("draft") or ()]
    return SeenJudge(
        recorded["judge_id"],
        recorded.get("version_id"),
        tuple(differences),
        recorded.get("is_blank") is True,
        tuple(draft),
    )


@dataclass(frozen=True, slots=True)
class StoredJudge:
    """A judge as a resource records it. *drift*: the fields that the API shows with other values than declared.

    *is_created*: whether this call has created it, or completed what a killed update has created.
    """

    judge_id: str
    version_id: str
    drift: tuple[str, ...] = field(default=())
    is_created: bool = False


class JudgeExists(TornadoError):
    """The organization has another judge of this name, which this stack has not created."""

    def __init__(self, order: JudgeOrder, seen: SeenJudge) -> None:
        super().__init__(
            f"{order.place} exists already ({clean(seen.judge_id)}), and this stack has not created it."
            f"{_lines(order, seen)}\n"
            "To take it over and publish the declared one: on_conflict: adopt\n"
            "If another stack manages it, and this one only compares: manage: false"
        )


class JudgeDrafted(TornadoError):
    """Somebody has edited the judge without publishing that, and publishing the declared one would replace it."""

    def __init__(self, order: JudgeOrder, seen: SeenJudge) -> None:
        rows = [
            f"{difference.field}: {HIDDEN}"
            if difference.field in order.secrets
            else f"{difference.place}: draft {difference.found}, published {difference.declared}"
            for difference in seen.draft
        ]
        facts = [f"{order.place} ({clean(seen.judge_id)}) has an unpublished draft:", *(f"  {row}" for row in rows)]
        advice = "Publish it in Bland, or move what you need into the declaration. To replace it: on_conflict: adopt"
        super().__init__(
            "\n".join([*facts, "Publishing the declared judge would replace it, so nothing was sent.", advice])
        )


class JudgeHeld(TornadoError):
    """Another resource of this stack has the judge. *holder*: its name."""

    def __init__(self, order: JudgeOrder, holder: str) -> None:
        super().__init__(
            f"{order.place} is declared twice: resource {clean(holder)} has it. "
            "Remove one of the two resources, or give it another name"
        )


class JudgeMissing(TornadoError):
    """Another stack manages the judge, and there is none of its name, or it is not published."""

    def __init__(self, order: JudgeOrder, *, exists: bool) -> None:
        fact = "has no published version" if exists else "does not exist"
        super().__init__(f"{order.place} {fact}. {manager_advice(order.managed_by)}")


class JudgeDiffers(TornadoError):
    """Another stack manages the judge, and its published version differs from the definition."""

    def __init__(self, order: JudgeOrder, seen: SeenJudge) -> None:
        fact = f"{order.place} is not as declared ({clean(seen.judge_id)})."
        super().__init__(f"{fact}{_lines(order, seen)}\n{manager_advice(order.managed_by)}")


class JudgeAmbiguous(TornadoError):
    """Several judges have the name."""

    def __init__(self, order: JudgeOrder, judges: Sequence[Judge]) -> None:
        ids = ", ".join(clean(judge.judge_id) for judge in judges)
        super().__init__(
            f"{order.place}: {len(judges)} judges have this name ({ids}). Rename or delete all but one of them in Bland"
        )


class JudgeUnlisted(TornadoError):
    """The API does not list all judges, nor one of this name."""

    def __init__(self, order: JudgeOrder) -> None:
        super().__init__(
            f"{order.place} may exist, but is not among those that the API lists. "
            "Delete judges that are not needed in Bland, or name it by its id"
        )


class JudgeUnseen(TornadoError):
    """The judge may have been created, but the API does not list it. *cause*: what came of the request."""

    def __init__(self, order: JudgeOrder, cause: str) -> None:
        super().__init__(
            f"could not determine whether {order.place} was created, and the API does not list it ({cause}). "
            "Run `pulumi up` again, which looks for it first"
        )


class JudgeNotStored(TornadoError):
    """The API has not stored the judge as it is declared, so no checks name it."""

    def __init__(self, order: JudgeOrder, drift: Iterable[str]) -> None:
        super().__init__(
            f"{order.place} is not stored as declared, so no checks use it: the API has other values for "
            f"{', '.join(map(clean, drift))}. Declare what the API stores, or correct the value that it does not accept"
        )


def differences(declared: Mapping[str, Any], published: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return how a version differs from a definition. What the API does not show is no difference."""
    wanted = {**JUDGE_DEFAULTS, **declared}
    return tuple(
        Difference(name, name, *contrast(_text(published[name]), _text(wanted[name])))
        for name in COMPARED
        if name in wanted and name in published
        if _comparable(name, published[name]) != _comparable(name, wanted[name])
    )


def draft_edits(
    declared: Mapping[str, Any], published: Mapping[str, Any], draft: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """Return how a draft differs from the published version; nothing if it is as declared, so that none is lost."""
    return differences(published, draft) if differences(declared, draft) else ()


def refusal(
    order: JudgeOrder, seen: SeenJudge | None, *, is_new: bool, is_interrupted: bool = False
) -> TornadoError | None:
    """Return why the judge of a name cannot be taken; None if it can be.

    Args:
        order: the judge as it must be.
        seen: the judge of its name; None if there is none.
        is_new: whether this stack has not created it before.
        is_interrupted: whether an update on this machine may have been killed after it had created the judge.

    """
    if not order.manage:
        return _refusal_of_managed(order, seen)
    if seen is None or order.on_conflict == "adopt":
        return None
    # What a killed update leaves. Nothing uses a judge that was never published.
    is_left = seen.is_blank or not seen.differences or (is_interrupted and seen.version_id is None)
    if is_new and not is_left:
        return JudgeExists(order, seen)
    return JudgeDrafted(order, seen) if seen.draft else None


def _refusal_of_managed(order: JudgeOrder, seen: SeenJudge | None) -> TornadoError | None:
    if seen is None or seen.version_id is None:
        return JudgeMissing(order, exists=seen is not None)
    return JudgeDiffers(order, seen) if seen.differences else None


def _comparable(name: str, value: Any) -> str:
    """Return what a field is compared by: the API may trim texts, and the order of levels that match says nothing."""
    if name == "target_level_keys" and isinstance(value, list):
        value = sorted(map(str, value))
    return canonical(trimmed(value))


def _text(value: Any) -> str:
    return NOTHING if value in (None, "", []) else json.dumps(value, ensure_ascii=False)


def _lines(order: JudgeOrder, seen: SeenJudge) -> str:
    rows = [difference.text(order.secrets) for difference in seen.differences]
    return "".join([" It differs from the declaration:", *(f"\n  {row}" for row in rows)])
