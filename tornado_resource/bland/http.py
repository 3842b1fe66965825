"""httpx, imported without its command line.

`import httpx` imports that too, and with it rich and Pygments, wherever they are installed: 0.1 s in each process that
sends a request. Without it, httpx does as if they were not installed (`httpx/__init__.py`).
"""

from __future__ import annotations

import sys
from typing import Final

__all__ = ["httpx"]

_COMMAND_LINE: Final = "httpx._main"

if "httpx" in sys.modules:
    import httpx
else:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment] # what the import system takes for "not there"
    try:
        import httpx
    finally:
        del sys.modules[_COMMAND_LINE]
