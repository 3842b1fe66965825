"""What `plan` says of a session whose pass is confirmed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tornado_resource.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SESSION = """\
version: 1
sessions:
  booking: {pathway_id: pw-1, version_number: 3, gate: {confirm: {runs: 5, passed: "80%"}}}
"""


def test_a_plan_shows_the_confirmation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sessions.yaml"
    file.write_text(SESSION, encoding="utf-8")
    assert main(["plan", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "no environments: 1 session, at worst 76 minutes" in shown
    assert "  confirms its pass: 5 simulations of each scenario, and 4 must pass" in shown
    assert main(["plan", str(file), "--format", "json"]) == 0
    [planned] = json.loads(capsys.readouterr().out)["sessions"]
    assert planned["gate"]["confirm"] == {"runs": 5, "passed": "80%"}
