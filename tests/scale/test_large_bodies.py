"""No body of a response takes much memory; `make bench` says how long each takes."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from tests.support.large_bodies import LARGE, try_to_parse
from tornado_resource.bland.client import MAX_RESPONSE_BYTES

MAX_MEMORY = 100_000_000


def parsed_in_little_memory(content: bytes) -> Any:
    assert len(content) <= MAX_RESPONSE_BYTES
    tracemalloc.start()
    parsed = try_to_parse(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak + len(content) <= MAX_MEMORY
    return parsed


@pytest.mark.parametrize("name", ["objects", "lists", "ids", "names of objects", "an emoji"])
def test_no_body_takes_much_memory(name: str) -> None:
    parsed_in_little_memory(LARGE[name]())


def test_100_000_iterations_are_read_in_little_memory() -> None:
    assert len(parsed_in_little_memory(LARGE["100,000 iterations"]())["iterations"]) == 100_000
