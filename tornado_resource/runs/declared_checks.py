"""The checks that a run is declared with, as resources have them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado_resource.bland.check_runs import Checks, ConfiguredJudge
from tornado_resource.bland.responses import flag, folded
from tornado_resource.core.canonical import digest, whole_or_none, whole_without_nulls

if TYPE_CHECKING:
    from collections.abc import Mapping


def checks_of(props: Mapping[str, Any]) -> Checks:
    """Return the config that a resource has: by its inputs as it must be, by its outputs as it was last seen.

    What is missing, or no such value, counts as what the API does not show.
    """
    return Checks(
        scenario_ids=tuple(scenario_id for scenario_id in _list(props, "scenario_ids") if isinstance(scenario_id, str)),
        judges=tuple(_judge(judge) for judge in _list(props, "judges") if isinstance(judge, dict)),
        is_enabled=props.get("enabled", True) is not False,
        simulations_count=whole_or_none(props.get("simulations_count")),
        updated_at=None,
    )


def config_digest(checks: Checks) -> str:
    """Return the digest of a config, whatever the order of its lists. A run depends on it."""
    judges = sorted(
        (folded(judge.judge_id), folded(judge.version_id or ""), judge.is_required is not False, levels_of(judge))
        for judge in checks.judges
    )
    scenarios = sorted(map(folded, checks.scenario_ids))
    is_enabled = checks.is_enabled is not False
    return digest([scenarios, judges, checks.simulations_count, is_enabled])[:32]


def declared_checks(props: Any, config: Any) -> Checks | None:
    """Return the checks that a resource has if *config* is their digest, with which a run was declared.

    None: the run was declared with other checks, or they are not known, as in a preview.
    """
    checks = checks_of(whole_without_nulls(props)) if isinstance(props, dict) else None
    return checks if checks is not None and config_digest(checks) == config else None


def levels_of(judge: ConfiguredJudge) -> list[str]:
    """Return the levels of a judge that match, whatever their order."""
    return sorted(set(judge.target_level_keys))


def _list(props: Mapping[str, Any], key: str) -> list[Any]:
    value = props.get(key)
    return value if isinstance(value, list) else []


def _judge(entry: Mapping[str, Any]) -> ConfiguredJudge:
    version_id, name, levels = entry.get("version"), entry.get("name"), entry.get("target_level_keys")
    return ConfiguredJudge(
        judge_id=str(entry.get("id")),
        version_id=version_id if isinstance(version_id, str) else None,
        name=name if isinstance(name, str) else None,
        is_required=flag(entry.get("required")),
        target_level_keys=tuple(map(str, levels)) if isinstance(levels, list) else (),
    )
