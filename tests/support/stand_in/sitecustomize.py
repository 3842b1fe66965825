"""Lets days pass for the commands of a project: the variable `LATER_DAYS` moves the clock of the package."""

from __future__ import annotations

import os
from datetime import timedelta

if os.environ.get("LATER_DAYS"):
    from tornado_resource.core.clock import SYSTEM

    now, later = SYSTEM.now, timedelta(days=int(os.environ["LATER_DAYS"]))
    object.__setattr__(SYSTEM, "now", lambda: now() + later)
