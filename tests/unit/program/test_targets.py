"""Which sessions decide about an update that has targets."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.support.results import gated_run_of, result_of, status_of
from tornado_resource.program.shared_gate import NOT_A_TARGET, counted, raise_if_any
from tornado_resource.runs.verdict import unknown_result

PASSED = result_of(gated_run_of("passed"), status_of("COMPLETED_ALL_PASSED", ("sc-1",), ()))
LEFT_OUT = [unknown_result(gated_run_of(name, "", urn=f"urn:{name}"), NOT_A_TARGET) for name in ("a", "b")]


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []

    def warn(text: str, **_options: Any) -> None:
        texts.append(text)

    monkeypatch.setattr(pulumi.log, "warn", warn)
    return texts


def test_all_sessions_count_where_none_was_left_out(warnings: list[str]) -> None:
    assert counted([PASSED, *LEFT_OUT], set()) == [PASSED, *LEFT_OUT]
    assert warnings == []


def test_sessions_that_were_left_out_do_not_count_and_are_named(warnings: list[str]) -> None:
    assert counted([PASSED, *LEFT_OUT], {"urn:a", "urn:b"}) == [PASSED]
    assert warnings == ["not a target of this update, so not started and not passed: a, b"]


def test_an_update_that_left_out_all_sessions_is_judged_by_them(warnings: list[str]) -> None:
    assert counted(LEFT_OUT, {"urn:a", "urn:b"}) == LEFT_OUT
    assert len(warnings) == 1


def test_all_problems_of_a_program_fail_it_together() -> None:
    raise_if_any(None, None)
    with pytest.raises(pulumi.RunError, match=r"^gate failed\nno report$"):
        raise_if_any("gate failed", "no report")
