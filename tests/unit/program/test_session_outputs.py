"""Several outputs as one."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from tornado_resource.program.session_outputs import together


def done(value: Any) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


def output(
    value: Any, *, known: bool = True, secret: bool = False, resources: frozenset[Any] = frozenset()
) -> pulumi.Output[Any]:
    awaited: asyncio.Future[Any] = value if asyncio.isfuture(value) else done(value)
    return pulumi.Output(set(resources), awaited, done(known), done(secret))


async def test_the_values_come_in_order_whichever_is_known_first() -> None:
    late: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    made = together([output(late), output("b"), output(None)], tuple)
    await asyncio.sleep(0)
    late.set_result("a")
    assert await made.future() == ("a", "b", None)


async def test_of_no_outputs_there_is_a_result_too() -> None:
    assert await together([], len).future() == 0


@pytest.mark.parametrize("value", [None, "guessed", {"a": pulumi.UNKNOWN}], ids=["nothing", "guessed", "in part"])
async def test_what_is_not_known_is_unknown_and_the_result_is_known(value: Any) -> None:
    found: list[Any] = []
    made = together([output(value, known=False), output("b")], found.extend)
    assert await made.is_known()
    assert pulumi.contains_unknowns(found[0])
    assert found[1] == "b"


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (False, False)])
async def test_the_result_is_secret_if_one_value_is(first: bool, second: bool) -> None:  # noqa: FBT001
    made = together([output("a", secret=first), output("b", secret=second)], tuple)
    assert await made.is_secret() == (first or second)


async def test_the_result_depends_on_the_resources_of_all() -> None:
    one: Any = "one"
    other: Any = "other"
    made = together([output("a", resources=frozenset({one})), output("b", resources=frozenset({other}))], tuple)
    assert await made.resources() == {one, other}


async def test_only_the_result_is_waited_for() -> None:
    before = set(SETTINGS.outputs)
    made = together([output("a"), output("b")], tuple)
    assert SETTINGS.outputs - before == {made._data}
    await made.future()
    assert SETTINGS.outputs <= before


@pytest.mark.filterwarnings("error")
async def test_a_failure_is_reported_by_the_result_alone() -> None:
    logged: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: logged.append(str(context)))
    failed: asyncio.Future[str] = loop.create_future()
    made = together([output("a"), output(failed), output("c")], tuple)
    failed.set_exception(ValueError("the registration failed"))
    with pytest.raises(ValueError, match="the registration failed"):
        await made.future()
    SETTINGS.outputs.discard(made._data)
    del made
    gc.collect()
    await asyncio.sleep(0)
    assert logged == []


async def test_a_failure_of_the_function_is_the_results() -> None:
    made = together([output("a")], lambda values: values[1])
    with pytest.raises(IndexError):
        await made.future()
    SETTINGS.outputs.discard(made._data)
