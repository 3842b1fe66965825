"""For the commands of a project and the processes that Pulumi starts: they begin and end sooner, and days may pass.

The variable `LATER_DAYS` moves the clock of the package.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from datetime import timedelta
from types import ModuleType

# They end before collecting garbage pays. Python does it once more as it ends: an eighth of the time of an operation.
gc.set_threshold(100_000)
atexit.register(gc.freeze)


class Later:
    """Loads the Automation API when it is used. Without it, `import pulumi` does: a twentieth of an operation."""

    @staticmethod
    def find_spec(name: str, path: list[str] | None, target: ModuleType | None = None) -> object:
        """Return the module as it would be found, with a loader that waits."""
        if name != "pulumi.automation":
            return None
        from importlib.machinery import PathFinder
        from importlib.util import LazyLoader

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


sys.meta_path.insert(0, Later)  # type: ignore[arg-type]  # its annotations would import `typing`

# Without this variable, Pulumi needs the SDK of OpenTelemetry only for an annotation: another twentieth.
if "TRACEPARENT" not in os.environ:
    unused = sys.modules["opentelemetry.sdk.trace"] = ModuleType("opentelemetry.sdk.trace")
    unused.TracerProvider = None  # type: ignore[attr-defined]

if os.environ.get("LATER_DAYS"):
    from tornado_resource.core.clock import SYSTEM

    now, later = SYSTEM.now, timedelta(days=int(os.environ["LATER_DAYS"]))
    object.__setattr__(SYSTEM, "now", lambda: now() + later)
