"""A program that fails waits for the registration of its outputs."""

from __future__ import annotations

import asyncio

from tornado_resource.program.sdk import outputs_registered


def register_resource_outputs(until: asyncio.Event, done: list[str]) -> asyncio.Task[None]:
    """Like the SDK's function of this name."""

    async def do_register_resource_outputs() -> None:
        await until.wait()
        done.append("registered")

    return asyncio.ensure_future(do_register_resource_outputs())


async def test_a_registration_that_has_begun_is_awaited() -> None:
    until, done = asyncio.Event(), list[str]()
    registration = register_resource_outputs(until, done)
    asyncio.get_running_loop().call_later(0.01, until.set)
    await outputs_registered()
    assert done == ["registered"]
    await registration


async def test_a_registration_that_cannot_end_is_given_up() -> None:
    until, done = asyncio.Event(), list[str]()
    registration = register_resource_outputs(until, done)
    await outputs_registered(0.01)
    assert done == []
    registration.cancel()


async def test_without_a_registration_there_is_nothing_to_wait_for() -> None:
    await outputs_registered()


def test_the_sdk_still_names_its_task_so() -> None:
    from pulumi.runtime import resource

    names = [name for code in resource.register_resource_outputs.__code__.co_consts for name in [str(code)]]
    assert any("do_register_resource_outputs" in name for name in names)
