"""What an update has to wait for: an import that nothing declared needs makes every update slower."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOADED = "import json, sys; print(json.dumps([name for name in sys.modules if name.startswith('tornado_resource.')]))"
PROGRAM = "from tornado_resource import deploy, TornadoSession\n"
PROVIDER = "from tornado_resource.provider import TornadoProvider\n"
OTHERS = ("agents", "checks", "confirmations", "releases", "reports.outcomes", "scenarios.resource", "stacks.rollback")


@pytest.mark.parametrize("code", [PROGRAM, PROVIDER])
def test_sessions_alone_import_no_other_kind(code: str) -> None:
    kind = "from tornado_resource.runs.kinds import kind_of\nkind_of('tornado')\n"
    found = subprocess.run([sys.executable, "-c", code + kind + LOADED], capture_output=True, check=True, text=True)
    names = [name.removeprefix("tornado_resource.") for name in json.loads(found.stdout)]
    assert "tornado.kind" in names
    assert [name for name in names if name.startswith(OTHERS)] == []
