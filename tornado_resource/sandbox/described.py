"""The schemas of the documented requests and responses, for the OpenAPI description (`operations.py`)."""

from __future__ import annotations

from typing import Final

from tornado_resource.sandbox import MAX_SPEED, MIN_SPEED
from tornado_resource.sandbox.operations import (
    COUNT,
    FLAG,
    INTEGER,
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

MAX_SCENARIO_IDS: Final = 50
FINAL: Final = ("COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL", "TIMEOUT", "STUCK", "CANCELLED", "ERROR")
_TEXTS: Final = list_of(TEXT)
_COUNTS: Final[Json] = {
    "current_iteration": COUNT,
    "max_iterations": COUNT,
    "total_scenarios": COUNT,
    "passed_scenarios": COUNT,
    "failed_scenarios": COUNT,
}
_ANY_STATUS: Final[Json] = {"enum": ["RUNNING", *FINAL]}

START: Final = request_body(
    "pathway_id",
    pathway_id=NAME,
    persona_id=TEXT,
    scenario_ids=list_of(TEXT, minItems=1, maxItems=MAX_SCENARIO_IDS),
    version_number=INTEGER,
    max_iterations=POSITIVE,
    timeout_ms=POSITIVE,
)
STARTED: Final = record(
    session_id=NAME,
    status={"const": "RUNNING"},
    pathway_id=NAME,
    max_iterations=POSITIVE,
    timeout_ms=POSITIVE,
    created_at=TEXT,
)
ACTIVE: Final = record(
    session_id=NAME,
    status={"const": "RUNNING"},
    **_COUNTS,
    pathway_id=NAME,
    persona_id=nullable(TEXT),
    created_at=TEXT,
)
_FIX: Final = record(id=TEXT, target_node=TEXT, description=TEXT, type=TEXT)
_ITERATION: Final = record(
    iteration=POSITIVE,
    batch_id=TEXT,
    started_at=TEXT,
    completed_at=TEXT,
    passed_ids=_TEXTS,
    failed_ids=_TEXTS,
    newly_unfixable_ids=_TEXTS,
    fix_plan=record(fixes=list_of(_FIX), priority_order=_TEXTS),
    norm_prompt_excerpt=nullable(TEXT),
)
STATUS: Final = record(
    session_id=NAME,
    status=_ANY_STATUS,
    **_COUNTS,
    unfixable_count=COUNT,
    unfixable_ids=_TEXTS,
    iterations=list_of(_ITERATION),
    elapsed_ms=COUNT,
    timeout_ms=POSITIVE,
    forked_version=nullable(INTEGER),
)
CATEGORIES: Final = (
    "CUSTOM",
    "VOICEMAIL",
    "VOICEMAIL_SCREENER",
    "ANGRY_CALLER",
    "BELLIGERENT_CALLER",
    "CONFUSED_CALLER",
    "CALL_SCREENER",
    "HAPPY_PATH",
    "EDGE_CASE",
)
SCENARIO_TYPES: Final = ("AGENT", "REPLAY", "HISTORICAL")
ASSERTION_TYPES: Final = (
    "LLM_JUDGE",
    "BLAND_TONE",
    "VARIABLE_EXTRACTED",
    "NODE_REACHED",
    "NODES_VISITED",
    "WEBHOOK_TRIGGERED",
    "REGEX_MATCH",
    "STRING_CHECK",
    "CUSTOM_LLM",
    "TRAVERSAL_MATCH",
)
_NUMBER: Final[Json] = {"type": "number", "minimum": -1e9, "maximum": 1e9}
_ASSERTION: Final = request_body(
    "type",
    "config",
    type={"enum": list(ASSERTION_TYPES)},
    config=OBJECT,
    name=TEXT,
    is_required=FLAG,
    weight=_NUMBER,
    order=INTEGER,
)
_SCENARIO_FIELDS: Final[Json] = {
    "name": NAME,
    "tags": list_of(NAME),
    "description": TEXT,
    "tester_persona_prompt": TEXT,
    "tester_persona_name": TEXT,
    "advanced_instructions": TEXT,
    "category": {"enum": list(CATEGORIES)},
    "scenario_type": {"enum": list(SCENARIO_TYPES)},
    "input_messages": list_of({"anyOf": [TEXT, OBJECT]}),
    "max_turns": {"type": "integer", "minimum": 1, "maximum": 50},
    "request_data": OBJECT,
    "metadata": OBJECT,
    "start_node_id": nullable(TEXT),
    "bland_tone_enabled": FLAG,
    "is_required_for_promotion": FLAG,
    "assertions": list_of(_ASSERTION),
}
_OWNERS: Final = ("pathway_id", "persona_id", "agent_id")
"""What a scenario may belong to: a request names exactly one."""
_OTHER_TYPES: Final[Json] = {
    "scenario_type": {"enum": [scenario_type for scenario_type in SCENARIO_TYPES if scenario_type != "REPLAY"]}
}
_REPLAY: Final[Json] = {
    "scenario_type": {"enum": ["REPLAY"]},
    "input_messages": {**_SCENARIO_FIELDS["input_messages"], "minItems": 1},
}
NEW_SCENARIO: Final[Json] = {
    "anyOf": [
        request_body("name", owner, *required, **_SCENARIO_FIELDS | {owner: NAME} | fields)
        for required, fields in (((), _OTHER_TYPES), (tuple(_REPLAY), _REPLAY))
        for owner in _OWNERS
    ]
}
SCENARIO_CHANGES: Final = request_body(**_SCENARIO_FIELDS, enabled=FLAG)
_SHOWN_SCENARIO: Final[Json] = {
    **_SCENARIO_FIELDS,
    "id": NAME,
    "org_id": NAME,
    "pathway_id": nullable(TEXT),
    "persona_id": nullable(TEXT),
    "agent_id": nullable(TEXT),
    "enabled": FLAG,
    "assertions": list_of(OBJECT),
    "created_at": TEXT,
    "updated_at": TEXT,
}
SCENARIO: Final = record(**_SHOWN_SCENARIO)
LISTED_SCENARIO: Final = record(**_SHOWN_SCENARIO, most_recent_run={"type": "null"})
_RUN: Final[Json] = {"run_id": NAME, "scenario_id": TEXT, "status": {"enum": ["PASSED", "FAILED"]}}
_ANY_RUN: Final[Json] = {**_RUN, "status": {"enum": ["RUNNING", "PASSED", "FAILED", "ERROR"]}}
RUN_FILTERS: Final = ("pathway_id", "scenario_id", "batch_id", "simulation_set_id", "status")
RUNS_QUERY: Final[Json] = {
    **dict.fromkeys(RUN_FILTERS, TEXT),
    "limit": INTEGER,
    "offset": INTEGER,
}
RUNS: Final = record(
    runs=list_of(
        record(
            **_ANY_RUN,
            pathway_id=TEXT,
            batch_id=NAME,
            trigger_source={"enum": ["tornado", "simulation"]},
            simulation_set_id=nullable(TEXT),
            created_at=TEXT,
        )
    ),
    total_count=INTEGER,
)
BATCH: Final = record(batch_id=NAME, status={"enum": ["PASSED", "FAILED"]}, runs=list_of(record(**_RUN)))
RUN: Final = record(
    **_ANY_RUN,
    chat_history=list_of(record(role=TEXT, content=TEXT)),
    assertion_results=list_of(record(type=TEXT, name=TEXT, passed=FLAG, reason=TEXT)),
    overall_score={"type": "number"},
    error_message={"type": "null"},
)
START_SET: Final = request_body(
    "scenario_ids",
    "simulations_per_scenario",
    scenario_ids=list_of(TEXT, minItems=1),
    simulations_per_scenario={**POSITIVE, "maximum": 1000},
    pathway_id=NAME,
    version_number=INTEGER,
)
_SET: Final[Json] = {"simulations_per_scenario": POSITIVE, "total_scenarios": POSITIVE, "created_at": TEXT}
STARTED_SET: Final = record(simulation_set_id=NAME, status={"const": "PENDING"}, **_SET)
_SHARE: Final[Json] = {"type": "number", "minimum": 0, "maximum": 1}
_RATE: Final = record(
    scenario_id=TEXT,
    scenario_name=TEXT,
    total_runs=COUNT,
    passed=COUNT,
    failed=COUNT,
    pass_rate=_SHARE,
    is_flaky=FLAG,
    confidence={"enum": ["high", "medium", "low"]},
)
SET: Final = record(
    id=NAME,
    status={"enum": ["PENDING", "RUNNING", "PASSED", "FAILED", "ERROR"]},
    **_SET,
    statistics=record(
        per_scenario={"type": "object", "additionalProperties": _RATE},
        overall=record(avg_pass_rate=_SHARE, flaky_count=COUNT, reliable_count=COUNT, total_runs=COUNT),
    ),
    completed_at=nullable(TEXT),
)
PUBLISH: Final = request_body("version_id", version_id=INTEGER, environment={"enum": ["production", "staging"]})
LISTED_VERSION: Final = record(id=NAME, version_number=INTEGER, created_at=TEXT, name=TEXT, is_latest=FLAG)
_NODE: Final[Json] = {
    "anyOf": [
        {"type": "object", "properties": {"id": TEXT, "data": OBJECT}, "required": ["id", "data"]},
        request_body("globalConfig", globalConfig=OBJECT, position=OBJECT),
    ]
}
_CONTENT: Final[Json] = {
    "name": TEXT,
    "nodes": list_of(_NODE),
    "edges": list_of(OBJECT),
    "post_call_actions": list_of({}),
    "memory_enabled": FLAG,
    "entity_schemas": list_of({}),
    "analysis_options": OBJECT,
}
VERSION: Final = record(**_CONTENT, version_number=INTEGER, revision_number=COUNT, is_latest=FLAG)
EDIT: Final[Json] = {**request_body(**_CONTENT), "minProperties": 1}
SPEED: Final = request_body("speed", speed={"type": "number", "minimum": MIN_SPEED, "maximum": MAX_SPEED})
