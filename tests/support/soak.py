"""How much a run tries: each behaviour once in `make test`, every combination and larger numbers in `make soak`."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Final, TypeVar

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
