from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tornado_resource.program.interim import FIRST_SECONDS, RENEW_SECONDS, InterimOutputs

if TYPE_CHECKING:
    import pytest


class Engine:
    """Takes registrations as the SDK sends them: each in a task of its own."""

    def __init__(self) -> None:
        self.sent = 0
        self.arrived = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.may_arrive = asyncio.Event()
        self.may_arrive.set()

    def register(self) -> None:
        self.sent += 1
        self.tasks.add(asyncio.get_running_loop().create_task(self._arrive()))

    async def _arrive(self) -> None:
        await self.may_arrive.wait()
        self.arrived += 1


async def turns(number: int = 20) -> None:
    """Let all other tasks run."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_ids_that_become_known_together_are_registered_once() -> None:
    engine = Engine()
    interim = InterimOutputs(engine.register, 0)
    for _ in range(5):
        interim.begin()
    await turns()
    assert (engine.sent, engine.arrived) == (1, 1)
    interim.begin()
    await turns()
    assert engine.sent == 2


async def test_an_id_that_becomes_known_during_a_registration_gets_its_own() -> None:
    engine = Engine()
    interim = InterimOutputs(engine.register, 0)
    engine.may_arrive.clear()
    interim.begin()
    await turns()
    interim.begin()
    engine.may_arrive.set()
    await turns()
    assert (engine.sent, engine.arrived) == (2, 2)


async def test_sessions_that_end_at_once_register_nothing() -> None:
    engine = Engine()
    interim = InterimOutputs(engine.register, 3600)
    interim.begin()
    interim.begin()
    await interim.end()
    await interim.end()
    await turns()
    assert engine.sent == 0
    assert len(asyncio.all_tasks()) == 1


async def test_a_session_that_ends_early_does_not_stop_the_others() -> None:
    engine = Engine()
    interim = InterimOutputs(engine.register, 0)
    interim.begin()
    interim.begin()
    await interim.end()
    await turns()
    assert engine.sent == 1


async def test_no_registration_arrives_after_the_last_session_ended() -> None:
    engine = Engine()
    interim = InterimOutputs(engine.register, 0)
    engine.may_arrive.clear()
    interim.begin()
    await turns()
    assert (engine.sent, engine.arrived) == (1, 0)
    end = asyncio.get_running_loop().create_task(interim.end())
    await turns()
    assert not end.done()
    engine.may_arrive.set()
    await end
    assert engine.arrived == 1


async def test_a_session_that_starts_later_is_registered_again() -> None:
    engine = Engine()
    interim = InterimOutputs(engine.register, 0)
    for number in (1, 2, 3):
        interim.begin()
        await turns()
        await interim.end()
        assert engine.arrived == number


async def test_the_first_ids_are_registered_soon_and_the_others_in_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", record)
    engine = Engine()
    interim = InterimOutputs(engine.register)
    for expected in (1, 2, 3):
        interim.begin()
        await turns()
        assert engine.sent == expected
    assert pauses == [FIRST_SECONDS, RENEW_SECONDS, RENEW_SECONDS]
