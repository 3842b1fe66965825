"""The sandbox as a pytest fixture: `pytest_plugins = ["tornado_resource.sandbox.fixtures"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def tornado_sandbox() -> Iterator[Sandbox]:
    """A new sandbox for one test, on a free port, where 15 minutes pass in about a second."""
    with Sandbox(speed=1000) as sandbox:
        yield sandbox
