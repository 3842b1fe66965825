"""Rows on reading declarations, which needs neither Pulumi nor a network."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from projects import BIN, ROOT, declarations
from rows import Row, ratio

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = ROOT / "schemas/sessions.schema.json"


def reading_rows(folder: Path, number: int, pairs: int) -> list[Row]:
    """Measure reading, placing, resolving and validating many sessions, and `validate` of a small file."""
    many, small = folder / "many.yaml", ROOT / "sessions.yaml"
    in_process = in_process_row(many, number, pairs)
    against_check = [(_validate(many), _check(many))]
    whole = [(_validate(small), _check(small)) for _ in range(3 * pairs)]
    return [
        in_process,
        ratio(f"{in_process.what}, whole process", "check-jsonschema", against_check, 0.08),
        ratio("validate of the sample file, whole process", "check-jsonschema", whole, 0.40),
    ]


def in_process_row(file: Path, number: int, pairs: int) -> Row:
    """Write many sessions into a file, and measure reading them once Python runs."""
    file.write_text(declarations(number, rich=True), encoding="utf-8")
    plain = f"import yaml; yaml.load(open({str(file)!r}), yaml.CSafeLoader)"
    seconds = [(load_seconds(file), _inside(plain)) for _ in range(pairs)]
    what = f"reading and validating {number:,} session{'' if number == 1 else 's'}"
    return ratio(what, "yaml.load(CSafeLoader) alone", seconds, 0.45)


def load_seconds(file: Path) -> float:
    """Return how long `load` of a file takes once Python runs and the package is imported."""
    return _inside(f"load({str(file)!r})", "from tornado_resource.declarations.resolver import load")


def _inside(program: str, setup: str = "") -> float:
    timed = f"import time; {setup}\nbegun = time.perf_counter(); {program}; print(time.perf_counter() - begun)"
    result = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(result.stdout)


def _validate(file: Path) -> float:
    return _process([BIN / "tornado-resource", "validate", file])


def _check(file: Path) -> float:
    return _process([BIN / "check-jsonschema", "--schemafile", SCHEMA, file])


def _process(command: list[str | Path]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun
