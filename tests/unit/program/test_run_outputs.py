"""Several outputs as one."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from tornado_resource.program.arguments import secret_names
from tornado_resource.program.run_resource import RunOutputs, run_outputs
from tornado_resource.program.sdk import together
from tornado_resource.tornado.resource import TornadoSession


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


SESSION = dict.fromkeys(TornadoSession.output_names) | {"session_id": "s-1", "declared": {"pathway_id": "pw-1"}}


@pytest.mark.parametrize(
    ("secrets", "is_secret"),
    [(["triggers"], False), (["definitions", "triggers"], False), (["pathway_id", "triggers"], True), (None, True)],
)
async def test_only_a_secret_request_makes_what_is_said_secret(secrets: Any, is_secret: bool) -> None:  # noqa: FBT001
    """Pulumi marks `declared` as a whole, whatever is secret in it."""
    values = SESSION | {"secrets": secrets}
    properties = {name: output(value, secret=name == "declared") for name, value in values.items()}
    resource = SimpleNamespace(kind="tornado", output_names=TornadoSession.output_names, **properties)
    found = run_outputs(resource)  # type: ignore[arg-type]
    assert await found.is_secret() is is_secret
    known = await found.future()
    assert known is not None
    assert known.run_id == "s-1"
    assert known.has_secret_place is ("pathway_id" in (secrets or ()))


async def test_secrets_that_a_preview_does_not_know_are_none() -> None:
    """A session without secrets has no such output, and what a preview does not find it calls unknown."""
    found = RunOutputs("tornado", {**SESSION, "secrets": pulumi.UNKNOWN})
    assert not found.has_secret_place
    assert not found.has_public_request


async def test_the_names_of_secret_inputs_are_found_at_any_depth() -> None:
    inputs = {
        "triggers": {"a": ["b", {"c": output("x", secret=True)}]},
        "pathway_id": output("x", secret=True),
        "persona_id": output("x"),
        "gate": output({"passed": output("all", secret=True)}),
        "scenario_ids": ["a", output("b")],
        "max_iterations": 5,
    }
    assert await secret_names(inputs) == ["gate", "pathway_id", "triggers"]
    assert await secret_names({"persona_id": output("x"), "version_number": 3}) is None
