"""The dynamic provider of check configs: maps the calls of Pulumi's engine to `checks`."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pulumi import contains_unknowns
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from tornado_resource.checks.config import FIELDS, checks_of, config_digest, differences, fields_of, outputs_of
from tornado_resource.checks.conflict import ChecksHeld, ChecksOrder, refusal
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.urns import CHECKS_TYPE
from tornado_resource.errors import TornadoError
from tornado_resource.provider.addresses import Identity, address_of, identity
from tornado_resource.provider.base import BaseProvider
from tornado_resource.provider.runtime import Failure, check_failure, confirm_base_url, failure, intent_store
from tornado_resource.runs.intents import CHECKS_INTENTS, Intent
from tornado_resource.runs.model import without_secret
from tornado_resource.stacks.managers import managing_stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from tornado_resource.bland.check_runs import Checks
    from tornado_resource.bland.client import Client
    from tornado_resource.runs.intents import IntentStore

T = TypeVar("T")
PLACE: Final = ("agent_id", "env")
"""Where the checks are. A change of one of these replaces the resource."""
RULED: Final = (*PLACE, *FIELDS, "vacuous", "on_conflict", "on_destroy", "manage")
"""The inputs that have rules."""
OPTIONS: Final = ("vacuous", "on_conflict", "on_destroy", "manage", "managed_by")
"""What checks are declared with beside their config. A change of one of these is recorded in place."""
DEFAULTS: Final[Mapping[str, Any]] = {
    "vacuous": "refuse",
    "on_conflict": "fail",
    "on_destroy": "leave",
    "manage": True,
    "managed_by": None,
}


@dataclass
class _Update:
    """What a provider process knows about the update that it serves.

    *intents*: what was about to be stored on this machine: the state does not have that of an update that was killed.
    *taken*: by id, the declared resource that has the checks: a renamed one is created before the old one is deleted.
    *seen*: what the program has seen of the checks, by the `identity` of their resources.
    """

    intents: IntentStore
    taken: dict[str, Identity] = field(default_factory=dict)
    seen: dict[Identity, Mapping[str, Any]] = field(default_factory=dict)


class ChecksProvider(BaseProvider[_Update]):
    """Store, read and delete a check config; or, with `manage` false, compare one that another stack manages."""

    __module__ = "tornado_resource.provider"  # the path that is in every state

    def _begin(self, _req: ConfigureRequest) -> _Update:
        return _Update(intent_store(CHECKS_INTENTS))

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update, before `diff`. Applies the rules to all known values.

        It also refuses checks that are there and cannot be taken, so that a preview says so. What it returns is what
        the engine records: `seen` and `base_url` are for this update only.
        """
        from tornado_resource.declarations.checks import checks_problems

        confirm_base_url(news.pop("base_url", None))
        seen = news.pop("seen", None)
        self._this_update.seen[identity(news)] = seen if isinstance(seen, dict) and not contains_unknowns(seen) else {}
        values = {key: whole_without_nulls(news.get(key)) for key in RULED}
        known = {key: value for key, value in values.items() if not contains_unknowns(value)}
        failures = [check_failure(key, text, news) for key, text in checks_problems(known).items()]
        if known.keys() == values.keys() and not failures:
            failures = self._refusals(news, is_new=any(olds.get(key) != news[key] for key in PLACE))
        return CheckResult(news, failures)

    def _refusals(self, news: Mapping[str, Any], *, is_new: bool) -> list[CheckFailure]:
        """Return why the checks that the program has seen cannot be taken."""
        if not self._has_seen(news):
            return []
        seen = self._seen_checks(news)
        is_own = seen is not None and config_digest(seen) == self._interrupted(news)
        error = refusal(_order(news), seen, is_new=is_new and not is_own)
        return [CheckFailure("", str(error))] if error is not None else []

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Store the checks, or take over those that are there: if they are as declared, or if that is declared."""
        checks_id = _new_id(props)
        self._take(checks_id, props)
        return CreateResult(checks_id, self._store(props, is_new=True))

    def diff(self, checks_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update. Prints the changed fields, of lists too, which a diff shows badly.

        Raises:
            Failure: the program could not read what has become of the checks, or another resource has them.

        """
        problem = self._seen(news).get("problem")
        if problem:
            raise failure(str(problem), news.get("declared_at"))
        replaces = [key for key in PLACE if olds.get(key) != news.get(key)]
        if replaces or contains_unknowns([news.get(key) for key in FIELDS]):
            return DiffResult(changes=True, replaces=replaces)
        self._take(checks_id, news)
        self._this_update.intents.clear(address_of(news))  # the state has them
        is_changed = self._is_changed(olds, news)
        options = any(_option(olds, key) != _option(news, key) for key in OPTIONS)
        return DiffResult(changes=is_changed or options or olds.get("config") != news.get("config"))

    def _is_changed(self, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        """Return whether the checks that are there differ from the declared or recorded ones, and print how."""
        place, recorded = address_of(news).resource, checks_of(olds)
        there = self._seen_checks(news) if self._has_seen(news) else recorded
        if there is None:
            print(f"{place}: the checks were deleted in Bland; `pulumi up` stores them again", flush=True)
            return True
        edits, changes = fields_of(differences(recorded, there)), differences(_declared(news), there)
        if edits:
            print(f"{place}: {', '.join(edits)} changed in Bland since the last update", flush=True)
        for each in changes:
            print(f"{place}: changes {each.text(_secrets(news))}", flush=True)
        return bool(edits or changes)

    def update(self, _checks_id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Store the checks, if other ones are there."""
        return UpdateResult(self._store(news, is_new=False))

    def read(self, checks_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Checks that certainly are not there any more are removed (empty id); any error raises."""
        from tornado_resource.checks.lifecycle import read

        agent_id, env = (_text(checks_id, props, key) for key in PLACE)
        found = self._sent(lambda client: read(client, agent_id, env), props)
        if found is None:
            return ReadResult("", {})
        outputs = _outputs(checks_of(props), found)
        if config_digest(found) == props.get("config"):
            drift = []
        else:  # also what an earlier refresh has found, which is in the state since
            drift = list(dict.fromkeys([*_texts(props, "drift"), *outputs["drift"]]))
        return ReadResult(checks_id, {**_kept(props), **outputs, "drift": drift})

    def delete(self, checks_id: str, props: dict[str, Any]) -> None:
        """Leave the checks, or delete them, as `on_destroy` says. Those that another stack manages stay.

        Prints what becomes of checks that stay, since the engine calls them deleted.
        """
        _text(checks_id, props, "name")
        place = address_of(props).resource
        if checks_id in self._this_update.taken or not _option(props, "manage"):
            return
        if _option(props, "on_destroy") != "delete":
            print(f"{place}: the checks are left in Bland as they are (on_destroy: leave)", flush=True)
            return
        why = managing_stacks(address_of(props).stack.rpartition("/")[2], CHECKS_TYPE).claim(checks_id)
        if why is None and not self._remove(checks_id, props):
            why = "they were changed since this stack has stored them"
        if why is not None:
            print(f"{place}: the checks are left in Bland as they are: {why}", flush=True)

    def _remove(self, checks_id: str, props: dict[str, Any]) -> bool:
        from tornado_resource.checks.lifecycle import remove

        agent_id, env = (_text(checks_id, props, key) for key in PLACE)

        def is_ours(found: Checks) -> bool:
            return config_digest(found) == props.get("config")

        return self._sent(lambda client: remove(client, agent_id, env, is_ours), props)

    def _store(self, props: dict[str, Any], *, is_new: bool) -> dict[str, Any]:
        from tornado_resource.checks.lifecycle import Claim, store

        order = _order(props)
        claim = Claim(self._interrupted(props), lambda: self._write_intent(props)) if is_new else None
        stored = self._sent(lambda client: store(client, order, claim), props)
        return {**_kept(props), **_outputs(order.checks, stored)}

    def _interrupted(self, props: Mapping[str, Any]) -> str | None:
        """Return the digest of the checks that an interrupted update may have stored; None if there was none."""
        intent = self._this_update.intents.find(address_of(props))
        return intent.request if intent is not None and intent.pathway_id == _new_id(props) else None

    def _write_intent(self, props: Mapping[str, Any]) -> None:
        """Note what is about to be stored. Storing is safe to repeat, so a full disk does not prevent it."""
        now = datetime.now(UTC).isoformat()
        with suppress(TornadoError):
            request = config_digest(_declared(props))
            self._this_update.intents.write(Intent(address_of(props), _new_id(props), request, now))

    def _sent(self, work: Callable[[Client], Coroutine[Any, Any, T]], props: Mapping[str, Any]) -> T:
        """Run *work* and return its result. An error does not show the id of an agent that is secret."""
        try:
            return self._run(work, props)
        except Failure as error:
            if "agent_id" not in _secrets(props):
                raise
            raise Failure(without_secret(str(error), str(props.get("agent_id")))) from None

    def _take(self, checks_id: str, props: Mapping[str, Any]) -> None:
        """Note that a declared resource has the checks.

        Raises:
            Failure: another one has them.

        """
        own = identity(props)
        holder = self._this_update.taken.setdefault(checks_id, own)
        if holder != own:
            error = ChecksHeld(_order(props), holder[0].rpartition("/")[2])
            raise failure(str(error), props.get("declared_at"))

    def _seen(self, props: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._this_update.seen.get(identity(props), {})

    def _has_seen(self, props: Mapping[str, Any]) -> bool:
        """Return whether the program has seen the checks, or that there are none."""
        return bool(self._seen(props).keys() & {"checks", "is_gone"})

    def _seen_checks(self, props: Mapping[str, Any]) -> Checks | None:
        """Return the checks that the program has seen; None if there are none."""
        checks = self._seen(props).get("checks")
        return checks_of(checks) if isinstance(checks, dict) else None


def _order(props: Mapping[str, Any]) -> ChecksOrder:
    return ChecksOrder(
        agent_id=str(props["agent_id"]),
        env=str(props["env"]),
        checks=_declared(props),
        on_conflict=_option(props, "on_conflict"),
        manage=_option(props, "manage"),
        managed_by=_option(props, "managed_by"),
        secrets=_secrets(props),
    )


def _declared(props: Mapping[str, Any]) -> Checks:
    return checks_of({key: props.get(key) for key in FIELDS})


def _secrets(props: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(_texts(props, "secrets"))


def _texts(props: Mapping[str, Any], key: str) -> list[str]:
    value = props.get(key)
    return list(map(str, value)) if isinstance(value, list) else []


def _option(props: Mapping[str, Any], key: str) -> Any:
    value = props.get(key)
    return value if value is not None else DEFAULTS[key]


def _kept(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the state records of the inputs beside the config itself."""
    recorded = ("name", "parents", *PLACE, "config", "declared_at", "secrets", *OPTIONS)
    return {key: props[key] for key in recorded if key in props}


def _outputs(declared: Checks, found: Checks) -> dict[str, Any]:
    """Return what the state records of the checks that are there."""
    return {
        **outputs_of(declared, found),
        "updated_at": found.updated_at,
        "drift": fields_of(differences(declared, found)),
    }


def _new_id(props: Mapping[str, Any]) -> str:
    """Return the id of a resource. Pulumi keeps ids in clear, so it has only a digest of an agent that is secret."""
    agent = str(props["agent_id"])
    shown = hashlib.sha256(agent.encode()).hexdigest()[:16] if "agent_id" in _secrets(props) else agent
    return f"{shown}/{props['env']}"


def _text(checks_id: str, props: Mapping[str, Any], key: str) -> str:
    """Return a text of the state.

    Raises:
        Failure: there is none, which only happens if the state is damaged or was changed by hand.

    """
    value = props.get(key)
    if isinstance(value, str):
        return value
    message = (
        f"the state of checks {checks_id} is damaged: it has no `{key}`. Restore the state from a backup "
        "(pulumi stack import --file BACKUP.json), or remove the checks from it (pulumi state delete URN; "
        "`pulumi stack --show-urns` shows the URN), and run `pulumi up`, which compares them and stores them again"
    )
    raise failure(message, None)
