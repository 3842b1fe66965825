from __future__ import annotations

import pulumi
import pytest

from tests.support.api import KEY
from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client
from tornado_resource.program.shared_client import SharedClient


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    clients: list[Client] = []
    close = Client.close

    async def note(self: Client) -> None:
        clients.append(self)
        await close(self)

    monkeypatch.setattr(Client, "close", note)
    return clients


async def test_all_users_at_a_time_share_a_client_that_the_last_one_closes(closed: list[Client]) -> None:
    shared = SharedClient(Endpoint("http://127.0.0.1:1", ApiKey(KEY)))
    async with shared.open() as first:
        async with shared.open() as second:
            assert second is first
        assert closed == []
    assert closed == [first]
    async with shared.open() as later:
        assert later is not first
    assert closed == [first, later]


async def test_an_environment_that_cannot_work_is_an_error_each_time(
    closed: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = SharedClient(Endpoint("https://api.bland.example", ApiKey(KEY)))
    monkeypatch.setenv("HTTPS_PROXY", "http://[")
    for _ in range(2):
        with pytest.raises(pulumi.RunError, match="invalid environment variable HTTPS_PROXY"):
            await shared.open().__aenter__()
    monkeypatch.delenv("HTTPS_PROXY")
    async with shared.open():
        assert closed == []
    assert len(closed) == 1
