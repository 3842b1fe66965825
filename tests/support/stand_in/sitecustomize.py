"""For the commands of a project and the processes that Pulumi starts: they end sooner, and days may pass.

The variable `LATER_DAYS` moves the clock of the package; `PRELOADED` is where Pulumi's processes are forked.
"""

from __future__ import annotations

import atexit
import gc
import os
from datetime import timedelta
from importlib import import_module

# They end before collecting garbage pays. Python does it once more as it ends: an eighth of the time of an operation.
gc.set_threshold(100_000)
atexit.register(gc.freeze)

if os.environ.get("LATER_DAYS"):
    from tornado_resource.core.clock import SYSTEM

    now, later = SYSTEM.now, timedelta(days=int(os.environ["LATER_DAYS"]))
    object.__setattr__(SYSTEM, "now", lambda: now() + later)
elif os.environ.get("PRELOADED"):
    import_module("preloaded").hand_over(os.environ["PRELOADED"])
