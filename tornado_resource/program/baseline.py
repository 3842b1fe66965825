"""The last verdicts of another stack inside a Pulumi program. They are for reports only, and never fail an update."""

from __future__ import annotations

import asyncio
from typing import Final

import pulumi

from tornado_resource.core.text import clean, without_credentials
from tornado_resource.program.last_runs import resources_of
from tornado_resource.program.sdk import full_stack_name
from tornado_resource.reports.baseline import ITSELF, UNREADABLE, Baseline, baseline_of, is_same_stack
from tornado_resource.stacks.recorded import read_outputs

READ_SECONDS: Final = 30.0


async def read_baseline(stack: str) -> Baseline:
    """Return the last verdicts of a stack of this project, or of `organization/project/stack`.

    If they cannot be read, the report says so, and the log why.
    """
    if is_same_stack(stack, pulumi.get_stack(), pulumi.get_project()):
        return Baseline(stack, problem=ITSELF)
    try:
        async with asyncio.timeout(READ_SECONDS):
            resources = await resources_of(full_stack_name(stack))
        return baseline_of(stack, read_outputs(resources))
    except Exception as error:  # noqa: BLE001 - the state is another stack's: whatever it is, it decides nothing here
        fault = clean(without_credentials(str(error)), 300) or type(error).__name__
        pulumi.log.warn(f"config tornado:baseline: cannot compare with stack {stack}: {fault}")
        return Baseline(stack, problem=UNREADABLE)
