"""Whether a version still is what passed, and what was tested or published still is what it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from tornado_resource.bland.content import OTHER_PATHS, Digests, is_incomparable, is_same, short
from tornado_resource.bland.responses import is_other
from tornado_resource.core.canonical import digest
from tornado_resource.core.text import clean, count, id_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tornado_resource.bland.listing import Listing, Scenario

MAX_RECORDED_SCENARIOS: Final = 200
"""How many scenarios of a session the state has by id, for `rerun: on_drift`."""


def is_other_content(now: Digests | None, then: Digests | None) -> bool:
    """Return whether a content is, or may be, another one than a recorded one.

    It may be if the two leave out other paths; a content that is not known at all is none to compare.
    """
    return is_same(now, then) is False or is_incomparable(now, then)


def difference_in_words(now: Digests | None, then: Digests | None, words: tuple[str, str], difference: str) -> str:
    """Return how a content differs from a recorded one. *words*: what to call a difference, and what may be one."""
    certain, possible = words
    return f"{possible}: {difference}; {OTHER_PATHS}" if is_incomparable(now, then) else f"{certain}: {difference}"


def edit_since_pass(version: int, passed: str, passed_at: str | None, now: Digests | None) -> str | None:
    """Return how a version is not what passed; None if it is.

    Args:
        version: its number.
        passed: the digest of the content that passed.
        passed_at: when it passed.
        now: its content now; None if the API does not show it.

    """
    if is_same(now, Digests.of(passed)):
        return None
    passed_text = f"{short(passed)} passed at {clean(passed_at or 'an unknown time', 40)}"
    again = "run it again (`pulumi up`; with `rerun: on_failure` or `on_change` a trigger, too)"
    if now is None:
        return f"version {version} cannot be read any more ({passed_text}); run it again on a version that exists"
    content = short(now.like(passed))
    if is_incomparable(now, Digests.of(passed)):
        return (
            f"version {version} may have been edited since: {passed_text}, now it is {content}; {OTHER_PATHS}; {again}"
        )
    return f"version {version} was edited since: {passed_text}, now it is {content}; {again}"


def unread(version: int | None) -> str:
    """Return that a version could not be read, and what follows."""
    return f"could not read version {version} to check that it is unchanged since it passed"


class Reader(Protocol):
    """Reads what a session tests."""

    async def digests(self, pathway_id: str, version: int) -> Digests | None:
        """Return the digests of a version's content; None if the API does not show it."""

    async def scenarios(self, pathway_id: str, ids: Iterable[str] = ()) -> Listing:
        """Return the enabled scenarios of a pathway; those of *ids* that exist are there in any case."""


@dataclass(frozen=True, slots=True)
class RunBasis:
    """What a session was tested on, as far as that is known: the digest of a version, and its scenarios.

    *request* is what was sent. *version* is the one that passed, else the declared one, else `LIVE`. *scenarios* is
    what `scenarios_run` returned.
    """

    request: Mapping[str, Any]
    version: int
    content: str | None
    scenarios: Mapping[str, str] | None


async def find_drift(reader: Reader, tested: RunBasis) -> str | None:
    """Return how what a session was tested on has changed since; None if it has not.

    Raises:
        TornadoError: something could not be read, so nothing is known.

    """
    request, drifts = tested.request, list[str | None]()
    if tested.content is not None:
        now = await reader.digests(request["pathway_id"], tested.version)
        drifts.append(drift(tested.version, tested.content, now))
    if tested.scenarios is not None:
        drifts.append(await _find_scenario_drift(reader, request, tested.scenarios))
    return "; ".join(text for text in drifts if text is not None) or None


async def _find_scenario_drift(reader: Reader, request: Mapping[str, Any], tested: Mapping[str, str]) -> str | None:
    chosen, is_by_id = request.get("scenario_ids"), "" not in tested
    known_ids = tested if is_by_id else ()
    ids = chosen if chosen is not None else known_ids
    listing = await reader.scenarios(request["pathway_id"], ids)
    if not listing.is_whole and not is_by_id:
        return None  # one digest of all of them: a part says nothing
    now = scenarios_run(chosen, listing.enabled)
    if now == tested:
        return None
    exact = scenarios_run(chosen, listing.enabled, is_exact=True)
    # An older record has the digests of the other form.
    expected = {
        key: now[key] if exact.get(key) == scenario_digest else scenario_digest
        for key, scenario_digest in tested.items()
    }
    return scenario_drift(expected, now)


def version_name(version: int | None) -> str:
    """Return what people call a version: the live one has no number."""
    return f"version {version}" if version else "the live version"


def drift(version: int, tested: str, now: Digests | None) -> str | None:
    """Return how a version has changed since it was tested; None if it has not, or if the API does not show it now."""
    if now is None or is_same(now, Digests.of(tested)) is not False:
        return None
    now_is = short(now.like(tested))
    return f"{version_name(version)} was edited since it was tested: it was {short(tested)}, now it is {now_is}"


def scenarios_run(
    scenario_ids: Iterable[str] | None, enabled: Iterable[Scenario], *, is_exact: bool = False
) -> dict[str, str]:
    """Return the scenarios that a session runs, as what decides about their runs.

    Args:
        scenario_ids: the declared ones; None for all enabled ones.
        enabled: the enabled scenarios of the pathway.
        is_exact: whether white space at the ends of lines and of texts counts, as in older records.

    Returns:
        By id, the short digest of each. Beyond `MAX_RECORDED_SCENARIOS`, one digest of all of them under an empty id.

    """
    chosen = set(scenario_ids) if scenario_ids is not None else None
    ran = [scenario for scenario in enabled if chosen is None or scenario.scenario_id in chosen]
    digests = {scenario.scenario_id: short(scenario.exact_digest if is_exact else scenario.digest) for scenario in ran}
    if len(digests) <= MAX_RECORDED_SCENARIOS:
        return digests
    return {"": short("sha256:" + digest(digests))}


def scenario_drift(tested: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Return how the scenarios of a session have changed since it was tested; None if they have not."""
    if tested == now:
        return None
    changed = sorted(name for name in tested.keys() & now.keys() if tested[name] != now[name])
    kinds = {
        "changed": changed,
        "disabled or deleted": sorted(tested.keys() - now.keys()),
        "added": sorted(now.keys() - tested.keys()),
    }
    if "" in {*tested, *now}:
        return "its scenarios were changed since it was tested"
    texts = [f"{count(len(names), 'scenario')} {how} ({id_list(names)})" for how, names in kinds.items() if names]
    return f"since it was tested: {', '.join(texts)}"


def drift_of_live(published: str, live: Digests | None) -> str | None:
    """Return how the live pathway differs from what was published; None if it does not, or is not shown."""
    if live is None or is_same(live, Digests.of(published)) is not False:
        return None
    return f"the live pathway was changed: {short(live.like(published))} is live, {short(published)} was published"


def drift_of_pins(environment: str, published: str, pinned: str | None) -> str | None:
    """Return how the version that an environment pins is not what was published; None if it is. *pinned*: its id."""
    if pinned is not None and not is_other(pinned, published):
        return None
    pins = f"version {clean(pinned)}" if pinned is not None else "nothing"
    return f"{clean(environment)} pins {pins} instead of version {clean(published)}"
