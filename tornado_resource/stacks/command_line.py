"""The `pulumi` command that this process belongs to, as far as the system shows it (Linux)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
MAX_ANCESTORS: Final = 8
_CONFIG_FILE: Final = "--config-file"
OPERATIONS: Final = frozenset({"up", "update", "preview", "pre", "destroy", "down", "dn", "refresh", "watch"})
"""The commands of Pulumi that run a program, with their aliases."""
_TARGETS: Final = re.compile(r"--target|--exclude|-[Qdefhjry]*[tx]")
"""The options that leave resources out, and the short ones, which may follow others that take no value."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A running `pulumi`: its folder, and the file of its option `--config-file`, if it has one."""

    folder: Path
    config_file: Path | None = None
    operation: str | None = None
    """One of `OPERATIONS`; None if several of its words are, such as the name of a stack."""
    has_targets: bool = False
    """Whether it may leave resources out, as with `--target` and `--exclude`."""


def pulumi_command(process: int, proc: Path = PROC) -> CommandLine | None:
    """Return the `pulumi` command that has started a process, directly or not.

    Pulumi tells a provider nothing of it. The folder of a provider can be another one: with the Automation API, and
    with `main` in Pulumi.yaml.

    Args:
        process: the process id.
        proc: where the system shows its processes.

    Returns:
        None if there is no such command, or if the system does not show it.

    """
    try:
        for _ in range(MAX_ANCESTORS):
            process = int((proc / str(process) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            entry = proc / str(process)
            if (entry / "comm").read_text(encoding="utf-8").strip() == "pulumi":
                folder = (entry / "cwd").readlink()
                arguments = (entry / "cmdline").read_text(encoding="utf-8").split("\0")
                file = _option(arguments)
                named = OPERATIONS.intersection(arguments)
                operation = next(iter(named)) if len(named) == 1 else None
                has_targets = any(map(_TARGETS.match, arguments))
                return CommandLine(folder, folder / file if file else None, operation, has_targets)
    except (OSError, ValueError, IndexError):
        return None
    return None


def _option(arguments: list[str]) -> str:
    """Return the value of the option `--config-file`, which may be written with `=`; an empty text if it is absent."""
    joined = (argument.partition("=")[2] for argument in arguments if argument.startswith(f"{_CONFIG_FILE}="))
    apart = (value for option, value in pairwise(arguments) if option == _CONFIG_FILE)
    return next(joined, "") or next(apart, "")
