"""What `import tornado_resource` offers."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

import pytest

import tornado_resource
from tornado_resource import Confirm, Gate, Verdict
from tornado_resource.program.mappings import ConfirmMapping, GateMapping, RecordedGate
from tornado_resource.runs.model import RunVerdict


def test_dir_lists_the_public_names_and_nothing_else() -> None:
    assert sorted(dir(tornado_resource)) == sorted(tornado_resource.__all__)


@pytest.mark.parametrize("name", tornado_resource.__all__)
def test_each_public_name_can_be_imported_and_is_documented(name: str) -> None:
    assert getattr(tornado_resource, name).__doc__


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'tornado_resource' has no attribute 'tornado'$"):
        tornado_resource.__getattr__("tornado")


def test_the_public_verdict_has_the_keys_and_types_of_the_recorded_one() -> None:
    assert get_type_hints(Verdict) == {**get_type_hints(RunVerdict), "gate": RecordedGate}
    assert list(Verdict.__annotations__) == [field.name for field in fields(RunVerdict)]


def test_a_gate_mapping_has_the_keys_and_types_of_a_gate() -> None:
    recorded = {**get_type_hints(Gate), "confirm": ConfirmMapping}
    del recorded["quarantine"]  # it is declared beside the gate
    assert get_type_hints(GateMapping) == recorded
    assert get_type_hints(ConfirmMapping) == get_type_hints(Confirm)
