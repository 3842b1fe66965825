"""The schemas of requests and responses about agents, check runs and judges, for the OpenAPI description."""

from __future__ import annotations

from typing import Final

from tornado_resource.sandbox.agent_scripts import BUMPS, CHECKED, ENVIRONMENTS, MAX_SIMULATIONS, VARIABLE_KEY
from tornado_resource.sandbox.operations import (
    COUNT,
    FLAG,
    NAME,
    OBJECT,
    POSITIVE,
    TEXT,
    Json,
    list_of,
    nullable,
    record,
    request_body,
)

_TEXTS: Final = list_of(TEXT)
_NUMBER: Final[Json] = {"type": "number"}
ENV: Final[Json] = {"env": {"enum": list(CHECKED)}}
"""The parameter of a path that names an environment with checks."""
ANY_ENV: Final[Json] = {"env": {"enum": list(ENVIRONMENTS)}}
KEY: Final[Json] = {"key": {"type": "string", "pattern": f"^{VARIABLE_KEY}$"}}
LIMIT: Final[Json] = {"limit": {"type": "integer", "minimum": -(10**9), "maximum": 10**9}}
_AGENT_FIELDS: Final[Json] = {
    "id": NAME,
    "name": TEXT,
    "created_at": TEXT,
    "updated_at": TEXT,
    "source_pathway_id": nullable(TEXT),
    "migrated_at": nullable(TEXT),
}
LISTED_AGENT: Final = record(**_AGENT_FIELDS)
_ENVIRONMENT: Final = record(
    id=TEXT,
    env_type={"enum": list(ENVIRONMENTS)},
    current_version_id=nullable(TEXT),
    current_version=nullable(record(name=nullable(TEXT), semver=nullable(TEXT))),
)
ENVIRONMENTS_SHOWN: Final = list_of(_ENVIRONMENT)
AGENT: Final = record(**_AGENT_FIELDS, org_id=TEXT, created_by=nullable(TEXT), environments=ENVIRONMENTS_SHOWN)
_VERSION_FIELDS: Final[Json] = {
    "id": NAME,
    "agent_id": NAME,
    "name": nullable(TEXT),
    "created_via": {"enum": ["manual", "autosave"]},
    "created_by": nullable(TEXT),
    "created_at": TEXT,
    "semver": nullable(TEXT),
}
LISTED_VERSION: Final = record(**_VERSION_FIELDS)
VERSION: Final = record(**_VERSION_FIELDS, snapshot=OBJECT, revision=POSITIVE)
SAVE: Final = request_body(name=NAME, snapshot=OBJECT)
PUBLISH: Final = request_body(version_id=NAME, branch_id=NAME, bump={"enum": list(BUMPS)})
PUBLISHED: Final = record(version=LISTED_VERSION, semver=TEXT, environments=ENVIRONMENTS_SHOWN, warnings=_TEXTS)
PROMOTE: Final = request_body(version_id=NAME, branch_id=NAME, force=FLAG)
PROMOTED: Final = record(semver=TEXT, environments=ENVIRONMENTS_SHOWN, production_moved=FLAG)
ROLLBACK: Final = request_body("version_id", version_id=NAME)
ROLLED_BACK: Final = record(semver=TEXT, environments=ENVIRONMENTS_SHOWN)
_VERDICT: Final = record(
    eval_agent_id=TEXT,
    eval_agent_version_id=TEXT,
    name=TEXT,
    required=FLAG,
    target_level_keys=_TEXTS,
    match_rate=nullable(_NUMBER),
    score=nullable(_NUMBER),
    passed=FLAG,
)
CHECK_RUN: Final = record(
    id=NAME,
    agent_id=NAME,
    env_type={"enum": list(CHECKED)},
    agent_version_id=TEXT,
    semver=nullable(TEXT),
    version_name=nullable(TEXT),
    status={"enum": ["PENDING", "RUNNING", "PASSED", "FAILED", "ERROR", "CANCELLED"]},
    judge_names=_TEXTS,
    scenario_count=COUNT,
    simulations_count=COUNT,
    overall_passed=nullable(FLAG),
    verdicts=list_of(_VERDICT),
    simulation_set_id=nullable(TEXT),
    eval_run_id=nullable(TEXT),
    error_message=nullable(TEXT),
    triggered_by=nullable(TEXT),
    created_at=TEXT,
    started_at=nullable(TEXT),
    completed_at=nullable(TEXT),
)
START_CHECK_RUN: Final = request_body(version_id=NAME)
DEPLOYMENT: Final = record(
    id=TEXT,
    env_type={"enum": list(ENVIRONMENTS)},
    agent_version_id=TEXT,
    version_name=nullable(TEXT),
    semver=nullable(TEXT),
    deployed_by=nullable(TEXT),
    deployed_at=TEXT,
    check_run=nullable(CHECK_RUN),
    is_rollback_eligible=FLAG,
)
_EVAL: Final[Json] = {
    "eval_agent_id": NAME,
    "eval_agent_version_id": NAME,
    "target_level_keys": list_of(NAME, minItems=1),
    "required": FLAG,
}
CHECKS: Final = request_body(
    "scenario_ids",
    "evals",
    scenario_ids=list_of(NAME, minItems=1),
    evals=list_of(request_body("eval_agent_id", "eval_agent_version_id", **_EVAL), minItems=1),
    enabled=FLAG,
    simulations_count={"type": "integer", "minimum": 1, "maximum": MAX_SIMULATIONS},
)
_SHOWN_EVAL: Final = request_body("eval_agent_id", "eval_agent_version_id", "required", "name", **_EVAL, name=TEXT)
CHECKS_SHOWN: Final = nullable(
    record(
        id=TEXT,
        agent_id=TEXT,
        env_type={"enum": list(CHECKED)},
        scenario_ids=_TEXTS,
        scenario_names=_TEXTS,
        evals=list_of(_SHOWN_EVAL),
        enabled=FLAG,
        simulations_count=COUNT,
        created_at=TEXT,
        updated_at=TEXT,
    )
)
VARIABLE: Final = record(variable_key=NAME, value={}, is_secret=FLAG, created_at=TEXT, updated_at=TEXT)
NEW_VALUE: Final = request_body("value", value={}, is_secret=FLAG)
_LEVEL: Final = request_body("level_key", "label", "prompt_md", level_key=NAME, label=NAME, prompt_md=TEXT, color=TEXT)
_PROMPT: Final[Json] = {"type": "string", "maxLength": 8000}
_MODALITY: Final[Json] = {"enum": ["text", "audio"]}
NEW_JUDGE: Final = request_body(
    "name", "modality", name={**NAME, "maxLength": 200}, description=nullable(TEXT), modality=_MODALITY
)
JUDGE_CHANGES: Final = request_body(
    name={**NAME, "maxLength": 200},
    description=nullable(TEXT),
    modality=_MODALITY,
    system_prompt_md=_PROMPT,
    prompt_md=_PROMPT,
    levels=list_of(_LEVEL, maxItems=5),
    target_level_keys=list_of(NAME),
    weight={"type": "number", "minimum": 0, "maximum": 100},
    judge_config=OBJECT,
)
_SHOWN_JUDGE: Final[Json] = {
    "id": NAME,
    "org_id": TEXT,
    "key": TEXT,
    "name": TEXT,
    "description": nullable(TEXT),
    "current_version_id": TEXT,
    "active_version_id": nullable(TEXT),
    "metadata": OBJECT,
    "created_at": TEXT,
    "updated_at": TEXT,
}
SHOWN_JUDGE: Final = tuple(_SHOWN_JUDGE)
"""What is shown of a judge beside its draft."""
_PUBLISHED_VERSION: Final[Json] = {
    "id": NAME,
    "eval_agent_id": NAME,
    "version_number": POSITIVE,
    "name": TEXT,
    "state": {"enum": ["editable", "archived"]},
    "created_by": nullable(TEXT),
    "created_at": TEXT,
}
PUBLISHED_VERSION: Final = tuple(_PUBLISHED_VERSION)
"""What a publication shows of the version."""
JUDGE_VERSION: Final = record(
    **_PUBLISHED_VERSION,
    org_id=TEXT,
    description=nullable(TEXT),
    modality=_MODALITY,
    system_prompt_md=TEXT,
    prompt_md=TEXT,
    levels=list_of(_LEVEL),
    target_level_keys=_TEXTS,
    weight=_NUMBER,
    created_from_version_id=nullable(TEXT),
    updated_at=TEXT,
)
JUDGE: Final = record(agent=record(**_SHOWN_JUDGE, deleted_at=nullable(TEXT)), current_version=JUDGE_VERSION)
JUDGE_PUBLISHED: Final = record(
    eval_agent_id=NAME,
    current_version_id=TEXT,
    active_version_id=TEXT,
    published_version=record(**_PUBLISHED_VERSION, latest_run={"type": "null"}),
)


def page_of(items: Json) -> Json:
    """Return the schema of a page of a list, as the endpoints of judges and their results show it."""
    return record(object={"const": "list"}, data=list_of(items), has_more=FLAG, next_cursor=nullable(TEXT))


PAGE: Final[Json] = {**LIMIT, "starting_after": TEXT}
"""The parameters of the query for a page."""
