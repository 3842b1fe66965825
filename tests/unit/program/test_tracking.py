"""Properties of a resource that Pulumi's SDK need not wait for."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime.settings import SETTINGS

from tornado_resource.program.sdk import untrack, untrack_properties

if TYPE_CHECKING:
    import pytest


def output_of(future: asyncio.Future[str]) -> pulumi.Output[str]:
    known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    known.set_result(True)
    return pulumi.Output(set(), future, known)


async def test_only_what_is_made_of_a_property_is_waited_for() -> None:
    before = set(SETTINGS.outputs)
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    resource: Any = SimpleNamespace(session_id=output_of(future), name=output_of(future), other=None)
    made = resource.session_id.apply(str.upper)
    untrack_properties(resource, ("session_id", "name", "other", "missing"))
    assert SETTINGS.outputs - before == {made._data}
    future.set_result("s-1")
    assert await made.future() == "S-1"
    assert SETTINGS.outputs <= before


async def test_a_failed_property_is_reported_by_what_is_made_of_it_alone() -> None:
    logged: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: logged.append(str(context)))
    future: asyncio.Future[str] = loop.create_future()
    resource: Any = SimpleNamespace(session_id=output_of(future), name=output_of(future))
    made = resource.session_id.apply(str.upper)
    untrack_properties(resource, ("session_id", "name"))
    future.set_exception(ValueError("the registration failed"))
    done, _ = await asyncio.wait([made._data])
    assert [str(each.exception()) for each in done] == ["the registration failed"]
    SETTINGS.outputs.discard(made._data)
    del resource, done
    gc.collect()
    await asyncio.sleep(0)
    assert logged == []


async def test_an_sdk_without_the_method_keeps_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pulumi.Output, "_untrack")
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    output = output_of(future)
    untrack([output])
    assert output._data in SETTINGS.outputs
    future.set_result("s-1")
    assert await output.future() == "s-1"
