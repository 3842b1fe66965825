"""What Pulumi's own settings save, measured with a provider that does nothing: `python bench/remedies.py`.

The numbers are in docs/performance.md, section "Many resources in one stack".
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from projects import floor_project, prepare_process

SESSIONS: Final = 300
SETTINGS: Final = {
    "as it is": {},
    "no backups": {"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "1"},
    "compressed": {"PULUMI_DIY_BACKEND_GZIP": "true"},
    "written once": {"PULUMI_SKIP_CHECKPOINTS": "true"},
}


def main() -> int:
    """Print how long an update of new and of unchanged resources takes with each setting, and with half of them."""
    prepare_process()
    for name, variables in SETTINGS.items():
        _measure(name, SESSIONS, variables)
    _measure("half of them in another stack", SESSIONS // 2, {})
    return 0


def _measure(name: str, sessions: int, variables: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = floor_project(Path(folder) / "project", sessions)
        project = replace(project, environment={**project.environment, **variables})
        new, unchanged = project.up(), project.up()
    print(f"{name}: {sessions} resources, new {new.seconds:.1f} s, unchanged {unchanged.seconds:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
