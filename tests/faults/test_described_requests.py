"""Generated requests to each endpoint of the sandbox, valid and invalid, agree with its description."""

from __future__ import annotations

from typing import Final

import pytest

from tornado_resource.sandbox.app import Api
from tornado_resource.sandbox.scenario_file import read_scripts
from tornado_resource.sandbox.store import Store

LABELS: Final = [f"{each.method} {each.path}" for each in Api(Store(), read_scripts(), 60.0).operations()]


@pytest.mark.parametrize("label", LABELS)
def test_generated_requests_agree_with_the_description(label: str) -> None:
    from tests.support.generated_requests import try_requests  # not in each worker

    try_requests(label)
