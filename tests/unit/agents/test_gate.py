"""What `tests/examples/check-runs.md` cannot show: properties of any run and any gate."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.agents.gate import judge
from tornado_resource.bland.check_runs import CheckRun, JudgeVerdict
from tornado_resource.declarations.model import PASSING_PERCENT, Gate

NAMES = ("a", "b", "c")
rates = st.none() | st.sampled_from([0.0, 0.49, 0.5, 0.51, 0.8, 1.0]) | st.integers(0, 250).map(lambda each: each / 250)
percentages = st.integers(1, 100).map("{}%".format)
gates = st.builds(
    Gate,
    st.sampled_from(["all", "any", "promotion", 1]) | percentages,
    judges=st.dictionaries(st.sampled_from(NAMES), percentages, max_size=2),
)


def verdict_of(name: str, rate: float | None, *, is_required: bool | None, word: bool | None) -> JudgeVerdict:
    return JudgeVerdict(f"j-{name}", "jv-1", name, is_required, rate, word)


def _consistent(name: str, rate: float | None, *, is_required: bool) -> JudgeVerdict:
    return verdict_of(name, rate, is_required=is_required, word=rate is not None and rate >= PASSING_PERCENT / 100)


def any_run(*, consistent: bool) -> st.SearchStrategy[CheckRun]:
    words = st.none() | st.booleans()

    def one(name: str) -> st.SearchStrategy[JudgeVerdict]:
        if consistent:
            return st.builds(_consistent, st.just(name), rates, is_required=st.booleans())
        return st.builds(verdict_of, st.just(name), rates, is_required=words, word=words)

    def run_of(*verdicts: JudgeVerdict, status: str, overall: bool | None) -> CheckRun:
        is_all = all(each.has_passed for each in verdicts if each.is_required)
        word = "PASSED" if is_all else "FAILED"
        return CheckRun("run-1", word if consistent else status, verdicts=verdicts, overall_passed=overall)

    statuses, nothing = st.sampled_from(["PASSED", "FAILED"]), st.none()
    return st.builds(run_of, *map(one, NAMES), status=statuses, overall=nothing if consistent else words)


@given(gates, any_run(consistent=False) | any_run(consistent=True))
def test_a_pass_needs_a_required_judge_and_every_number_that_decides(gate: Gate, run: CheckRun) -> None:
    outcome, reason = judge(gate, run)
    assert reason
    if outcome != "passed":
        return
    required = [each for each in run.verdicts if each.is_required]
    assert required
    assert all(each.match_rate is not None for each in run.verdicts if each.is_required or each.name in gate.judges)
    assert not any(each.is_required is None for each in run.verdicts)
    if gate.passed == "all":
        others = [each for each in required if each.name not in gate.judges]
        assert all(each.match_rate is not None and each.match_rate >= 0.5 for each in others)


@given(any_run(consistent=True), st.integers(1, 99))
def test_a_stricter_gate_never_passes_what_another_one_failed(run: CheckRun, bar: int) -> None:
    outcomes = ["failed", "incomplete", "passed"]
    lax, strict = (judge(Gate(f"{each}%"), run)[0] for each in (bar, bar + 1))
    assert outcomes.index(strict) <= outcomes.index(lax)
    assert (strict == "incomplete") == (lax == "incomplete")


@given(any_run(consistent=True))
def test_the_apis_bar_and_half_are_the_same(run: CheckRun) -> None:
    assert judge(Gate("all"), run) == judge(Gate(f"{PASSING_PERCENT}%"), run)


@given(gates, any_run(consistent=True))
def test_a_word_turned_around_is_never_believed(gate: Gate, run: CheckRun) -> None:
    other = replace(run, status="FAILED" if run.status == "PASSED" else "PASSED")
    assert judge(gate, other)[0] == "incomplete"
