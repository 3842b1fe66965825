"""How often a gate lets an agent pass that succeeds with a known probability: for the table of the docs."""

from __future__ import annotations

import random
from math import comb
from typing import TYPE_CHECKING, Final

from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.runs.confirmation import judge_confirmation

if TYPE_CHECKING:
    from collections.abc import Iterator

UPDATES: Final = 1000
CASES: Final = ((1, 0.99), (1, 0.9), (1, 0.5), (10, 0.99), (10, 0.9))
"""The number of scenarios, and the probability with which the agent passes each of them."""
CONFIRMS: Final = (None, *(Confirm(runs, passed) for passed in ("80%", "95%") for runs in (5, 10, 20)))


def passes(scenarios: int, chance: float, confirm: Confirm | None, dice: random.Random) -> bool:
    """Whether an update passes: each scenario once, and then as often as the gate confirms it, by the real rule."""
    if any(dice.random() >= chance for _ in range(scenarios)):
        return False
    if confirm is None:
        return True
    passed = [sum(dice.random() < chance for _ in range(confirm.runs)) for _ in range(scenarios)]
    rates = {f"sc-{number}": {"passed": each, "runs": confirm.runs} for number, each in enumerate(passed)}
    found = {"set_id": "set-1", "runs": confirm.runs, "scenarios": rates}
    return judge_confirmation(Gate(confirm=confirm), found)[0] == "passed"  # type: ignore[arg-type]


def share(scenarios: int, chance: float, confirm: Confirm | None) -> float:
    """The share of the virtual updates that pass; always the same."""
    dice = random.Random(f"{scenarios} {chance} {confirm}")  # noqa: S311 - no secret
    return sum(passes(scenarios, chance, confirm, dice) for _ in range(UPDATES)) / UPDATES


def exact(scenarios: int, chance: float, confirm: Confirm | None) -> float:
    """The probability that an update passes, by the binomial distribution."""
    once = chance**scenarios
    if confirm is None:
        return once
    runs = confirm.runs
    tail = sum(comb(runs, k) * chance**k * (1 - chance) ** (runs - k) for k in range(confirm.needed, runs + 1))
    return once * float(tail**scenarios)


def table() -> Iterator[str]:
    """The lines of the table in docs/gate.md."""
    titles = [f"{chance:.0%}, {number} scenario{'s' if number > 1 else ''}" for number, chance in CASES]
    yield f"| gate | {' | '.join(titles)} |"
    yield f"| --- |{' --- |' * len(titles)}"
    for confirm in CONFIRMS:
        name = "one pass" if confirm is None else f'`confirm: {{runs: {confirm.runs}, passed: "{confirm.passed}"}}`'
        yield f"| {name} | {' | '.join(f'{100 * share(*case, confirm):.1f}%' for case in CASES)} |"
