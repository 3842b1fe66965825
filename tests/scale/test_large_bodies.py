"""No body of a response takes much memory; `make bench` says how long each takes."""

from __future__ import annotations

import tracemalloc

import pytest

from tests.support.large_bodies import FORMS, LARGE, try_to_parse
from tornado_resource.bland.client import MAX_RESPONSE_BYTES
from tornado_resource.bland.response_body import parse_body

MAX_MEMORY = 100_000_000


@pytest.mark.parametrize("name", ["objects", "lists", "ids", "names of objects", "an emoji", "100,000 iterations"])
def test_no_body_takes_much_memory(name: str) -> None:
    content = LARGE[name]()
    assert len(content) <= MAX_RESPONSE_BYTES
    tracemalloc.start()
    try_to_parse(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak + len(content) <= MAX_MEMORY


def test_100_000_iterations_are_read() -> None:
    assert len(parse_body(LARGE["100,000 iterations"](), FORMS)["iterations"]) == 100_000
