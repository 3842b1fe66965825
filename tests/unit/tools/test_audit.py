"""An audit that could not look must not pass for one that found nothing."""

from __future__ import annotations

import json
from typing import Any

import audit
import pytest

PACKAGE: dict[str, Any] = {"name": "httpx", "version": "0.28.1", "vulns": []}

SKIPPED: dict[str, Any] = {"name": "x", "skip_reason": "not on the index"}


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "expected", "message"),
    [
        (0, report(PACKAGE), "", 0, "nothing found in 1 packages"),
        (1, report({**PACKAGE, "vulns": [{"id": "PYSEC-1"}]}), "", 1, "httpx 0.28.1: PYSEC-1"),
        (1, "", "ERROR: no connection\n", 3, "audit skipped, no source of advisories: ERROR: no connection"),
        (1, "", "", 3, "audit skipped, no source of advisories: pip-audit ended with 1"),
        (1, "[]", "", 3, "audit skipped, no source of advisories"),
        (0, report(SKIPPED), "", 3, "audit skipped, no source of advisories: x: not on the index"),
        (0, report(PACKAGE, SKIPPED), "", 3, "audit incomplete, 1 of 2 packages skipped:\nx: not on the index"),
        (0, report(), "", 3, "audit skipped, no source of advisories: no package was audited"),
    ],
)
def test_an_audit_that_could_not_look_is_not_one_that_found_nothing(
    code: int, stdout: str, stderr: str, expected: int, message: str
) -> None:
    found, text = audit.result(code, stdout, stderr)
    assert found == expected
    assert message in text
