"""The exit codes of every command. Pipelines depend on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tornado_resource.gate.model import Outcome

PASSED: Final = 0
FAILED: Final = 1
INVALID: Final = 2
INCOMPLETE: Final = 3
INTERRUPTED: Final = 130

BY_OUTCOME: Final[dict[Outcome, int]] = {"passed": PASSED, "failed": FAILED, "incomplete": INCOMPLETE}
HELP: Final = """\b
Exit codes:
  0    passed, or nothing wrong
  1    failed
  2    invalid declarations, configuration or usage
  3    incomplete: network, timeout, interrupted
  130  Ctrl-C
"""
