"""Whether what a session tested has changed since it passed."""

from __future__ import annotations

import pytest

from tornado_resource.gate.drift import drift, version_to_compare

OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64


@pytest.mark.parametrize(
    ("rerun", "version", "tested", "expected"),
    [
        ("on_drift", 6, OLD, 6),
        ("on_drift", 6.0, OLD, 6),
        ("on_drift", 0, OLD, 0),
        ("on_drift", None, OLD, None),
        ("on_drift", 6, None, None),
        ("on_failure", 6, OLD, None),
        ("always", 6, OLD, None),
        ("on_change", 6, OLD, None),
    ],
)
def test_a_version_is_compared_only_where_it_matters(
    rerun: str, version: float | None, tested: str | None, expected: int | None
) -> None:
    assert version_to_compare(rerun, {"version_number": version}, tested) == expected


def test_only_other_content_is_drift() -> None:
    assert drift(6, OLD, OLD) is None
    assert drift(6, OLD, None) is None
    assert (
        drift(6, OLD, NEW)
        == "version 6 was edited since it was tested: it was sha256:000000000000, now it is sha256:111111111111"
    )
