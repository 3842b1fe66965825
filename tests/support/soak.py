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


def each_once(rows: Iterable[T], *columns: Sequence[Any]) -> list[ParameterSet]:
    """Each row with one combination of a value of each column, so that all combinations come: there are more rows.

    In `make soak`, each row with each combination.
    """
    combinations = list(itertools.product(*columns))
    chosen: Iterable[tuple[T, tuple[Any, ...]]] = zip(rows, itertools.cycle(combinations))
    if IS_SOAK:
        chosen = itertools.product(rows, combinations)
    return [pytest.param(row, *values, id="-".join(map(str, (row, *values)))) for row, values in chosen]
