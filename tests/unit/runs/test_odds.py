"""How often each gate stops a good agent and lets a bad one through: the table of the docs is that of the real rule."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import pytest

from tests.support.odds import CASES, CONFIRMS, UPDATES, exact, share, table
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from tornado_resource.declarations.model import Confirm


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("confirm", CONFIRMS, ids=str)
def test_the_updates_agree_with_the_binomial_distribution(case: tuple[int, float], confirm: Confirm | None) -> None:
    expected = exact(*case, confirm)
    assert abs(share(*case, confirm) - expected) <= 4 * sqrt(expected * (1 - expected) / UPDATES) + 1 / UPDATES


def test_the_table_of_the_docs_is_this_one() -> None:
    assert "\n".join(table()) in (ROOT / "docs/gate.md").read_text(encoding="utf-8")
