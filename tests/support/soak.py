"""How much a run tries: each behaviour once in `make test`, every combination and larger numbers in `make soak`."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _pytest.mark.structures import ParameterSet

T = TypeVar("T")
IS_SOAK: Final = "TORNADO_SOAK" in os.environ
TURNS: Final = 3
"""How often `make soak` tries each combination."""


def pairs(rows: Iterable[str], columns: Sequence[T], *, turns: int = TURNS) -> list[ParameterSet]:
    """Each row with one column, so that every column comes too; in `make soak`, each with every column, in *turns*."""
    chosen: Iterable[tuple[str, T, int]] = zip(rows, itertools.cycle(columns), itertools.repeat(0))
    if IS_SOAK:
        chosen = itertools.product(rows, columns, range(turns))
    return [pytest.param(row, column, id=f"{row}-{column}-{turn}") for row, column, turn in chosen]


def squares(rows: Iterable[T], columns: Sequence[str], *others: Sequence[Any]) -> list[ParameterSet]:
    """Each row with each column and one combination of *others*; each row, and each column, meets all combinations.

    In `make soak`, each row with each column and each combination.
    """
    combinations = list(itertools.product(*others))
    cells = itertools.product(enumerate(rows), enumerate(columns), enumerate(combinations))
    return [
        pytest.param(row, column, *combination, id="-".join(map(str, (row, column, *combination))))
        for (down, row), (across, column), (number, combination) in cells
        if IS_SOAK or (down + across) % len(combinations) == number
    ]
