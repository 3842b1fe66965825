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
_REPLACED: Final = ("--replace", "--target-replace")
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
    replaced: tuple[str, ...] = ()
    """The values of `--replace` and `--target-replace`: URNs, in which `*` and `**` stand for any text."""

    def replaces(self, urn: str) -> bool:
        """Return whether a resource is replaced because the command says so."""
        return any(re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", pattern))), urn) for pattern in self.replaced)


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
                file = next(iter(_values(arguments, _CONFIG_FILE)), "")
                named = OPERATIONS.intersection(arguments)
                operation = next(iter(named)) if len(named) == 1 else None
                has_targets = any(map(_TARGETS.match, arguments))
                replaced = [value for option in _REPLACED for value in _values(arguments, option)]
                config_file = folder / file if file else None
                return CommandLine(folder, config_file, operation, has_targets, tuple(replaced))
    except (OSError, ValueError, IndexError):
        return None
    return None


def _values(arguments: list[str], option: str) -> list[str]:
    """Return the values of an option that are not empty: first those that are written with `=`."""
    joined = (argument.partition("=")[2] for argument in arguments if argument.startswith(f"{option}="))
    apart = (value for name, value in pairwise(arguments) if name == option)
    return [value for value in (*joined, *apart) if value]
