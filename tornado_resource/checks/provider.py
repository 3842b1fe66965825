"""The dynamic providers of check configs and of judges: map the calls of Pulumi's engine to `checks`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

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

from tornado_resource.checks.check_config import (
    CHECK_CONFIG_FIELDS,
    ChecksHeld,
    ChecksOrder,
    differences,
    fields_of,
    outputs_of,
    refusal,
)
from tornado_resource.checks.judges import HIDDEN_FIELD, JudgeHeld, JudgeOrder, seen_judge
from tornado_resource.checks.judges import refusal as refusal_of_judge
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.urns import CHECKS_TYPE, JUDGE_TYPE
from tornado_resource.errors import TornadoError
from tornado_resource.provider.base import (
    SeeingProvider,
    SeeingUpdate,
    address_of,
    definition_of,
    id_in_clear,
    identity,
    recorded_text,
)
from tornado_resource.provider.runtime import check_failure, failure, intent_store
from tornado_resource.runs.declared_checks import checks_of, config_digest
from tornado_resource.runs.intents import CHECKS_INTENTS, JUDGE_INTENTS, Intent
from tornado_resource.stacks.managers import managing_stacks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.check_runs import Checks
    from tornado_resource.checks.judges import SeenJudge, StoredJudge

PLACE: Final = ("agent_id", "env")
"""Where the checks are. A change of one of these replaces the resource."""
RULED_CHECKS_INPUTS: Final = (*PLACE, *CHECK_CONFIG_FIELDS, "vacuous", "on_conflict", "on_destroy", "manage")
"""The inputs that have rules."""
CHECKS_INPUTS: Final = ("vacuous", "on_conflict", "on_destroy", "manage", "managed_by")
"""What checks are declared with beside their config. A change of one of these is recorded in place."""
JUDGE_OPTIONS: Final = ("on_conflict", "on_destroy", "manage")
"""The inputs of a judge that have rules, beside its definition."""
JUDGE_RECORDED: Final = (*JUDGE_OPTIONS, "managed_by", "secrets")
"""What a judge is declared with beside its definition. A change of one of these is recorded in place."""
OPTION_DEFAULTS: Final[Mapping[str, Any]] = {
    "vacuous": "refuse",
    "on_conflict": "fail",
    "on_destroy": "leave",
    "manage": True,
    "managed_by": None,
}


class ChecksProvider(SeeingProvider[SeeingUpdate]):
    """Store, read and delete a check config; or, with `manage` false, compare one that another stack manages."""

    __module__ = "tornado_resource.provider"  # the path that is in every state

    def _begin(self, _req: ConfigureRequest) -> SeeingUpdate:
        return SeeingUpdate(intent_store(CHECKS_INTENTS))

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update, before `diff`. Applies the rules to all known values.

        It also refuses checks that are there and cannot be taken, so that a preview says so. What it returns is what
        the engine records: `seen` and `base_url` are for this update only.
        """
        from tornado_resource.declarations.checks import checks_problems

        self._note(news)
        values = {key: whole_without_nulls(news.get(key)) for key in RULED_CHECKS_INPUTS}
        resolved = {key: value for key, value in values.items() if not contains_unknowns(value)}
        failures = [check_failure(key, text, news) for key, text in checks_problems(resolved).items()]
        if resolved.keys() == values.keys() and not failures:
            failures = self._refusals(news, is_new=any(olds.get(key) != news[key] for key in PLACE))
        elif not failures and {*PLACE, "on_conflict", "manage"} <= resolved.keys():
            self._warn_of_others(olds, news)
        return CheckResult(news, failures)

    def _warn_of_others(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
        """Say in a preview that checks are there: with ids that are not known yet, they may be the declared ones."""
        is_new = any(olds.get(key) != news[key] for key in PLACE)
        is_free = self._seen_checks(news) is None or _option(news, "on_conflict") == "adopt"
        if is_new and not is_free and _option(news, "manage") and self._interrupted(news) is None:
            place = ChecksOrder(str(news["agent_id"]), str(news["env"]), checks_of({}), secrets=_secrets(news)).place
            print(
                f"{address_of(news).resource}: {place} exist already, and this stack has not stored them; `pulumi up` "
                "fails unless they are as declared. To take them over: on_conflict: adopt",
                flush=True,
            )

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
        if replaces or contains_unknowns([news.get(key) for key in CHECK_CONFIG_FIELDS]):
            return DiffResult(changes=True, replaces=replaces)
        self._take(checks_id, news)
        self._this_update.intents.clear(address_of(news))  # the state has them
        is_changed = self._is_changed(olds, news)
        options = any(_option(olds, key) != _option(news, key) for key in CHECKS_INPUTS)
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
        for difference in changes:
            print(f"{place}: changes {difference.text(_secrets(news))}", flush=True)
        return bool(edits or changes)

    def update(self, _checks_id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Store the checks, if other ones are there."""
        return UpdateResult(self._store(news, is_new=False))

    def read(self, checks_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Checks that certainly are not there any more are removed (empty id); any error raises."""
        from tornado_resource.checks.lifecycle import read

        agent_id, env = (_text(f"checks {checks_id}", props, key) for key in PLACE)
        stored = self._run(lambda client: read(client, agent_id, env), props)
        if stored is None:
            return ReadResult("", {})
        outputs = _outputs(checks_of(props), stored)
        if config_digest(stored) == props.get("config"):
            drift = []
        else:  # also what an earlier refresh has found, which is in the state since
            drift = list(dict.fromkeys([*_texts(props, "drift"), *outputs["drift"]]))
        return ReadResult(checks_id, {**_kept(props), **outputs, "drift": drift})

    def delete(self, checks_id: str, props: dict[str, Any]) -> None:
        """Leave the checks, or delete them, as `on_destroy` says. Those that another stack manages stay.

        Prints what becomes of checks that stay, since the engine calls them deleted.
        """
        _text(f"checks {checks_id}", props, "name")
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

        agent_id, env = (_text(f"checks {checks_id}", props, key) for key in PLACE)

        def is_ours(stored: Checks) -> bool:
            return config_digest(stored) == props.get("config")

        return self._run(lambda client: remove(client, agent_id, env, is_ours), props)

    def _store(self, props: dict[str, Any], *, is_new: bool) -> dict[str, Any]:
        from tornado_resource.checks.lifecycle import Claim, store

        order = _order(props)
        claim = Claim(self._interrupted(props), lambda: self._write_intent(props)) if is_new else None
        stored = self._run(lambda client: store(client, order, claim), props)
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

    def _secret_texts(self, props: Mapping[str, Any]) -> list[str]:
        return [str(props.get("agent_id"))] if "agent_id" in _secrets(props) else []

    def _held(self, _thing: str, props: Mapping[str, Any], holder: str) -> ChecksHeld:
        return ChecksHeld(_order(props), holder)

    def _has_seen(self, props: Mapping[str, Any]) -> bool:
        """Return whether the program has seen the checks, or that there are none."""
        return bool(self._seen(props).keys() & {"checks", "is_gone"})

    def _seen_checks(self, props: Mapping[str, Any]) -> Checks | None:
        """Return the checks that the program has seen; None if there are none."""
        checks = self._seen(props).get("checks")
        return checks_of(checks) if isinstance(checks, dict) else None


class JudgeProvider(SeeingProvider[SeeingUpdate]):
    """Create, publish and read a judge; or, with `manage` false, compare one that another stack manages."""

    __module__ = "tornado_resource.provider"  # the path that is in every state

    def _begin(self, _req: ConfigureRequest) -> SeeingUpdate:
        return SeeingUpdate(intent_store(JUDGE_INTENTS))

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update, before `diff`. Applies the rules to all known values.

        It also refuses a judge of the name that cannot be taken, so that a preview says so.
        """
        from tornado_resource.declarations.values import judge_problems

        self._note(news)
        values = {**definition_of(news), **{key: news.get(key) for key in JUDGE_OPTIONS}}
        resolved = {key: value for key, value in values.items() if not contains_unknowns(value)}
        failures = [check_failure(key, text, news) for key, text in judge_problems(resolved).items()]
        if resolved.keys() == values.keys() and not failures:
            is_new = definition_of(olds).get("name") != values.get("name")
            failures = self._refusals(news, is_new=is_new)
        return CheckResult(news, failures)

    def _refusals(self, news: Mapping[str, Any], *, is_new: bool) -> list[CheckFailure]:
        """Return why the judge that the program has seen cannot be taken, or what it could not read."""
        seen = self._seen(news)
        if "problem" in seen:
            return [CheckFailure("", str(seen["problem"]))]
        if not seen.keys() & {"judge", "is_gone"}:
            return []
        order, judge = _judge_order(news), seen_judge(seen.get("judge"))
        error = refusal_of_judge(order, judge, is_new=is_new, is_interrupted=self._is_interrupted(news, order))
        return [CheckFailure("", str(error))] if error is not None else []

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create and publish the judge, or take over the one of its name: if it is as declared, or if that is."""
        from tornado_resource.checks.judge_lifecycle import JudgeClaim, create

        order = _judge_order(props)
        self._take(order.name, props)  # before anything is sent: the engine creates resources side by side
        claim = JudgeClaim(self._is_interrupted(props, order), lambda: self._write_intent(props, order))
        stored = self._run(lambda client: create(client, order, claim), props)
        self._keep(stored.judge_id, props)
        return CreateResult(stored.judge_id, _judge_outputs(props, stored))

    def _keep(self, judge_id: str, props: Mapping[str, Any]) -> None:
        """Let no other resource delete the judge: it may have been renamed in Bland, and then in the file."""
        self._this_update.taken.setdefault(judge_id, identity(props))

    def diff(self, judge_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update. Prints what changes in the published version.

        Raises:
            Failure: another resource has the judge.

        """
        if contains_unknowns(news.get("fields")):
            return DiffResult(changes=True)
        there = seen_judge(self._seen(news).get("judge"))
        if self._is_another(judge_id, olds, news, there):
            return DiffResult(changes=True, replaces=["fields"])
        self._take(_judge_order(news).name, news)
        self._keep(judge_id, news)
        self._this_update.intents.clear(address_of(news))  # the state has it
        is_edited = self._is_edited(olds, news, there)
        recorded = any(olds.get(key) != news.get(key) for key in JUDGE_RECORDED)
        return DiffResult(changes=is_edited or recorded or definition_of(olds) != definition_of(news))

    def _is_another(
        self, judge_id: str, olds: Mapping[str, Any], news: Mapping[str, Any], there: SeenJudge | None
    ) -> bool:
        """Return whether the name is not that of the recorded judge."""
        if definition_of(olds).get("name") != definition_of(news).get("name"):
            return True
        is_gone = self._seen(news).get("is_gone") is True or (there is not None and there.judge_id != judge_id)
        if is_gone:
            print(f"{address_of(news).resource}: the judge is gone or was renamed in Bland", flush=True)
        return is_gone

    def _is_edited(self, olds: Mapping[str, Any], news: Mapping[str, Any], there: SeenJudge | None) -> bool:
        """Return whether something else is published than what is declared or recorded, and print what."""
        place, secrets = address_of(news).resource, _secrets(news)
        differences = there.differences if there is not None else ()
        is_own_edit = definition_of(olds) != definition_of(news)
        if differences and not is_own_edit:
            print(f"{place}: {', '.join(fields_of(differences))} changed in Bland since the last update", flush=True)
        for difference in differences:
            print(f"{place}: changes {difference.text(secrets)}", flush=True)
        if _hidden(olds) != _hidden(news):
            print(f"{place}: publishes {HIDDEN_FIELD}, which Bland never shows: it cannot be verified", flush=True)
        is_other = there is not None and there.version_id != olds.get("version")
        return bool(differences or _texts(olds, "drift") or is_other)

    def update(self, judge_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Publish the definition, if another one is published."""
        from tornado_resource.checks.judge_lifecycle import update

        order, is_hidden_changed = _judge_order(news), _hidden(olds) != _hidden(news)
        stored = self._run(lambda client: update(client, judge_id, order, is_hidden_changed=is_hidden_changed), news)
        stored = replace(stored, is_created=olds.get("is_created") is True)
        return UpdateResult(_judge_outputs(news, stored))

    def read(self, judge_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. A judge that certainly is not there any more is removed (empty id); any error raises."""
        from tornado_resource.checks.judge_lifecycle import read

        _text(f"judge {judge_id}", props, "name")
        order = _judge_order(props)
        judge = self._run(lambda client: read(client, judge_id, order), props)
        if judge is None:
            return ReadResult("", {})
        return ReadResult(judge_id, _judge_outputs(props, replace(judge, is_created=props.get("is_created") is True)))

    def delete(self, judge_id: str, props: dict[str, Any]) -> None:
        """Leave the judge, or delete it, as `on_destroy` says. One that another stack manages stays.

        Prints why a judge stays, since the engine calls it deleted.
        """
        _text(f"judge {judge_id}", props, "name")
        is_taken = not self._this_update.taken.keys().isdisjoint({_judge_order(props).name, judge_id})
        if is_taken or not _option(props, "manage"):
            return
        why = self._remove(judge_id, props)
        if why is not None:
            print(f"{address_of(props).resource}: the judge is left in Bland as it is{why}", flush=True)

    def _remove(self, judge_id: str, props: dict[str, Any]) -> str | None:
        """Delete a judge that this stack has created, and return None; or why it stays."""
        from tornado_resource.checks.judge_lifecycle import remove

        if _option(props, "on_destroy") != "delete":
            return " (on_destroy: leave)"
        if props.get("is_created") is not True:
            return ": this stack has not created it"
        version_id = _text(f"judge {judge_id}", props, "version")
        why = managing_stacks(address_of(props).stack.rpartition("/")[2], JUDGE_TYPE).claim(judge_id)
        why = why or self._run(lambda client: remove(client, judge_id, version_id), props)
        return f": {why}" if why is not None else None

    def _is_interrupted(self, props: Mapping[str, Any], order: JudgeOrder) -> bool:
        """Return whether an interrupted update may have created the judge."""
        intent = self._this_update.intents.find(address_of(props))
        return intent is not None and intent.request == order.request

    def _write_intent(self, props: Mapping[str, Any], order: JudgeOrder) -> None:
        """Note what is about to be created. It can be found by its name too, so a full disk does not prevent it."""
        now = datetime.now(UTC).isoformat()
        with suppress(TornadoError):
            self._this_update.intents.write(Intent(address_of(props), order.request, order.request, now))

    def _held(self, _thing: str, props: Mapping[str, Any], holder: str) -> JudgeHeld:
        return JudgeHeld(_judge_order(props), holder)


def _hidden(props: Mapping[str, Any]) -> Any:
    return definition_of(props).get(HIDDEN_FIELD)


def _judge_order(props: Mapping[str, Any]) -> JudgeOrder:
    fields = definition_of(props)
    return JudgeOrder(
        name=str(fields.pop("name", "")),
        fields=fields,
        on_conflict=_option(props, "on_conflict"),
        manage=_option(props, "manage"),
        managed_by=_option(props, "managed_by"),
        secrets=_secrets(props),
    )


def _judge_outputs(props: Mapping[str, Any], stored: StoredJudge) -> dict[str, Any]:
    recorded = ("name", "parents", "fields", "declared_at", *JUDGE_RECORDED)
    kept = {key: props[key] for key in recorded if key in props}
    if stored.is_created:
        kept["is_created"] = True
    return {**kept, "judge_id": stored.judge_id, "version": stored.version_id, "drift": list(stored.drift)}


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
    return checks_of({key: props.get(key) for key in CHECK_CONFIG_FIELDS})


def _secrets(props: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(_texts(props, "secrets"))


def _texts(props: Mapping[str, Any], key: str) -> list[str]:
    value = props.get(key)
    return list(map(str, value)) if isinstance(value, list) else []


def _option(props: Mapping[str, Any], key: str) -> Any:
    value = props.get(key)
    return value if value is not None else OPTION_DEFAULTS[key]


def _kept(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the state records of the inputs beside the config itself."""
    recorded = ("name", "parents", *PLACE, "config", "declared_at", "secrets", *CHECKS_INPUTS)
    return {key: props[key] for key in recorded if key in props}


def _outputs(declared: Checks, stored: Checks) -> dict[str, Any]:
    """Return what the state records of the checks that are there."""
    return {
        **outputs_of(declared, stored),
        "updated_at": stored.updated_at,
        "drift": fields_of(differences(declared, stored)),
    }


def _new_id(props: Mapping[str, Any]) -> str:
    """Return the id of a resource."""
    return f"{id_in_clear(props['agent_id'], is_secret='agent_id' in _secrets(props))}/{props['env']}"


def _text(what: str, props: Mapping[str, Any], key: str) -> str:
    return recorded_text(what, props, key, "run `pulumi up`, which compares what is there with the declaration")
