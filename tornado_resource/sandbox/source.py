"""What the sandbox takes from outside itself: the time and new ids. Tests have their own."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Source:
    """Real time in milliseconds since 1970, and a new id for a thing of some kind (`session`, `scenario`)."""

    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    new_id: Callable[[str], str] = lambda _kind: str(uuid.uuid4())


SYSTEM = Source()
