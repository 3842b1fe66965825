"""For every unit test: the certificates of this machine are read once, and not for each client of a test."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

shared_context = cache(httpx.create_ssl_context)


def context_of(verify: Any = True, cert: Any = None, *, trust_env: bool = True) -> ssl.SSLContext:  # noqa: FBT002 - httpx's
    is_usual = verify is True and cert is None and trust_env
    return shared_context() if is_usual else httpx.create_ssl_context(verify, cert, trust_env)


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """To read them takes 17 ms, and no server of these tests has one. The package passes a context of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", context_of)
        yield
