"""Random weeks of a team with two stacks: everything that people do to files, dashboards and updates, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.support.soak import IS_SOAK
from tests.support.weeks import SCRIPT, Weeks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

TEAMS: Final = 60 if IS_SOAK else 1
WEEKS: Final = 5 if IS_SOAK else 1
"""Three hundred in `make soak`."""


@pytest.mark.parametrize("seed", range(TEAMS))
def test_whatever_happens_green_is_true_and_nothing_runs_twice(make_project: Callable[..., Project], seed: int) -> None:
    weeks = Weeks.of(make_project(speed=1000, script=SCRIPT), seed)
    try:
        for _ in range(WEEKS):
            weeks.week()
    except AssertionError as error:
        error.add_note(weeks.told())
        raise
