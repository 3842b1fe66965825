"""`python -m tornado_resource`: the command line, where its script is not on PATH."""

from __future__ import annotations

import sys

from tornado_resource.cli import main

if __name__ == "__main__":
    sys.exit(main())
