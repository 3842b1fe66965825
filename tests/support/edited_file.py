"""A declarations file with every key, as somebody writes it in an editor, and what the schema says about its lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODELINE = "# yaml-language-server: $schema=./sessions.schema.json\n"
CURSOR = "‸"
EVERY_KEY = """\
version: 1
defaults:
  scenario_options:
    on_conflict: adopt
    on_destroy: leave
  max_iterations: 5
scenarios:
  refund:
    name: Refunds an order
    tags:
      - billing
    description: A customer was charged twice.
    tester_persona_prompt:
      file: prompts/angry.md
    tester_persona_name: Alex
    advanced_instructions: Never give the order number.
    category: ANGRY_CALLER
    scenario_type: REPLAY
    input_messages:
      - Hello
    max_turns: 20
    request_data:
      order_id: A-17
    metadata:
      team: billing
    start_node_id: greeting
    bland_tone_enabled: true
    is_required_for_promotion: true
    enabled: true
    on_conflict: fail
    on_destroy: leave
    manage: true
    assertions:
      - type: LLM_JUDGE
        name: Refunds
        is_required: true
        weight: 1
        order: 1
        config:
          prompt: Did the agent refund?
          output_type: boolean
          threshold: 0.8
          node_id: refund-done
sessions:
  support-line:
    pathway_id: pw-1
    persona_id: pe-1
    scenario_ids:
      - sc-1
    scenarios:
      - refund
    version_number: 3
    max_iterations: 5
    timeout_ms: 900000
    gate:
      passed: all
      repaired: refuse
      full_run: required
      confirm:
        runs: 5
        passed: 80%
    quarantine:
      - scenario: refund
        reason: mishears order numbers
        until: 2026-12-31
    on_conflict: fail
    on_destroy: cancel
    rerun: on_failure
    triggers:
      prompt: 2026-04
    publish: staging
    retest: true
    tags:
      - smoke
judges:
  resolved:
    id: j-1
    name: Resolved
    version: active
  polite:
    prompt:
      file: prompts/polite.md
    system_prompt: You review calls.
    modality: text
    levels:
      - level_key: rude
        label: Rude
        prompt: The agent is short.
      - level_key: friendly
        label: Friendly
        prompt: The agent is warm.
    target_level_keys:
      - friendly
    weight: 10
    judge_config:
      model: m-1
      temperature: 0
    on_conflict: fail
    on_destroy: leave
    manage: true
agents:
  support:
    agent_id: ag-1
    env: staging
    version: latest
    gate:
      passed: all
      judges:
        resolved: 90%
    quarantine:
      - judge: resolved
        reason: too strict
        until: 2026-12-31
    on_conflict: wait
    on_destroy: cancel
    rerun: on_failure
    triggers:
      prompt: 2026-04
    publish: staging
    retest: true
    tags:
      - smoke
    checks:
      scenarios:
        - refund
      scenario_ids:
        - tc-1
      judges:
        - judge: resolved
          required: true
          target_level_keys:
            - friendly
      simulations_count: 5
      vacuous: allow
      on_conflict: adopt
      on_destroy: leave
      manage: true
budget:
  minutes: 600
  runs: 500
environments:
  production:
    promotes_from: acme/agents/staging
    publish: production
    retest: true
    max_age: 24h
    only:
      - smoke
    budget:
      minutes: 60
    defaults:
      rerun: always
    scenarios:
      refund:
        max_turns: 10
    sessions:
      support-line:
        max_iterations: 2
    agents:
      support:
        version: pinned
    judges:
      resolved:
        version: active
"""


@dataclass(frozen=True)
class Line:
    """A line with a key: its number, its path of keys, and the schema of its value."""

    number: int
    path: tuple[str, ...]
    schema: Mapping[str, Any]
    is_named: bool

    @property
    def key(self) -> str:
        return self.path[-1]

    @property
    def column(self) -> int:
        """Where the key begins."""
        return re.match(r"[ -]*", EVERY_KEY.splitlines()[self.number]).end()  # type: ignore[union-attr] # it matches ""

    @property
    def is_first_of_entry(self) -> bool:
        """Whether a list's entry begins with it."""
        return "- " in EVERY_KEY.splitlines()[self.number][: self.column]

    @property
    def is_scalar(self) -> bool:
        return not EVERY_KEY.splitlines()[self.number].endswith(":")

    def without_value(self) -> str:
        """Return the file with the cursor in the place of the value."""
        lines = EVERY_KEY.splitlines()
        lines[self.number] = f"{lines[self.number].partition(':')[0]}: {CURSOR}"
        return "\n".join(lines)

    def without_key(self) -> str:
        """Return the file with the cursor in the place of the key and all that it holds."""
        lines = EVERY_KEY.splitlines()
        end = self.number + 1
        while end < len(lines) and not lines[end][: self.column + 1].strip():
            end += 1
        kept = lines[self.number][: self.column]
        return "\n".join([*lines[: self.number], f"{kept}{CURSOR}", *lines[end:]])


def lines(schema: Mapping[str, Any]) -> list[Line]:
    """Return the lines of the file that have a key."""
    return list(_lines(schema))


def _lines(root: Mapping[str, Any]) -> Iterator[Line]:
    open_keys: list[tuple[int, str, Any]] = []
    for number, text in enumerate(EVERY_KEY.splitlines()):
        match = re.fullmatch(r"([ -]*)([\w-]+):(.*)", text)
        if match is None:
            continue
        column, key = len(match[1]), match[2]
        open_keys = [each for each in open_keys if each[0] < column]
        parent = open_keys[-1][2] if open_keys else root
        inside = resolved(parent.get("items", parent), root)
        named = inside.get("properties", {}).get(key)
        entry = named if named is not None else inside.get("additionalProperties", {})
        value = resolved(entry, root) if isinstance(entry, dict) else {}
        open_keys.append((column, key, value))
        yield Line(number, tuple(each[1] for each in open_keys), value, named is not None)


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with what it refers to."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found = root
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return {**found, **schema}
