from __future__ import annotations

from typing import Any

from tornado_resource.gate.summing import failure_message


def verdict(outcome: str, reason: str = "because", **fields: Any) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "session_id": "s-1", "failed_ids": [], "unfixable_ids": [], **fields}


def test_no_message_when_everything_passed() -> None:
    assert failure_message({"a": verdict("passed")}, {}) is None
    assert failure_message({}, {}) is None


def test_a_failed_gate_says_what_where_and_what_to_do() -> None:
    verdicts = {
        "late": verdict("incomplete", "it has not ended in time"),
        "fine": verdict("passed"),
        "billing": verdict("failed", "2 of 12 scenarios passed, the gate asks for all", unfixable_ids=["sc-1"]),
    }
    verdicts["billing"]["failed_ids"] = [f"sc-{number}" for number in range(10)]
    message = failure_message(verdicts, {"late": "sessions.yaml:9:3", "billing": "sessions.yaml:14:3"})
    assert (
        message
        == """\
gate failed: 2 of 3 sessions did not pass
  billing (sessions.yaml:14:3, session s-1): failed: 2 of 12 scenarios passed, the gate asks for all
    failed: sc-0, sc-1, sc-2, sc-3, sc-4, sc-5, sc-6, sc-7 and 2 more
    unfixable: sc-1
  late (sessions.yaml:9:3, session s-1): incomplete: it has not ended in time
The verdicts are recorded (pulumi stack output verdicts). \
Fix the pathway or the scenarios, then run `pulumi up` again: what failed is started anew."""
    )


def test_an_incomplete_gate_is_not_called_failed() -> None:
    message = failure_message({"a": verdict("incomplete")}, {"a": "f:1:1"})
    assert message is not None
    assert message.startswith("gate incomplete: 1 of 1 session did not pass")
    assert "sessions that still run are resumed, not doubled" in message


def test_a_hundred_failures_fit_on_sixty_lines() -> None:
    verdicts = {f"s-{n}": verdict("failed", failed_ids=["x"] * 40, unfixable_ids=["x"]) for n in range(100)}
    message = failure_message(verdicts, {})
    assert message is not None
    assert len(message.splitlines()) <= 60
    assert "and 88 more" in message


def test_text_from_the_api_is_made_safe() -> None:
    message = failure_message({"a": verdict("failed", failed_ids=["\x1b[2J<{%fg 1%}>"])}, {})
    assert message is not None
    assert "failed: \\x1b[2J< {%fg 1%}>" in message
