"""`make bench`: ratios, each measured in pairs in one run, as medians. See design rows in the modules beside this one.

Both sides of a pair do the same work on the same machine at the same time of day; nothing is compared with a number
from another run. The results are printed and written to `bench/results.json`; a row beyond its target is exit code 1.
`QUICK=1` measures less, writes nothing, and fails only for rows that count (requests and bytes). `QUICK=smallest` only
shows in seconds that all of this runs: `make test` does.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from agents import agent_rows
from growth import growth_rows, growths
from large_inputs import large_input_rows
from projects import ROOT, prepare_process
from reading import in_process_row, reading_rows
from updates import smallest_rows, update_rows
from waiting import waiting_rows

if TYPE_CHECKING:
    from growth import Growth
    from rows import Row

RESULTS = ROOT / "bench/results.json"
SESSIONS, MANY, PAIRS = 100, 2_000, 5
QUICK_SESSIONS, QUICK_MANY, QUICK_PAIRS = 20, 1_000, 1


def main() -> int:
    """Measure every row, print them, and write them down."""
    prepare_process()
    quick = os.environ.get("QUICK", "")
    is_quick = quick not in {"", "0"}
    sessions, many, pairs = (QUICK_SESSIONS, QUICK_MANY, QUICK_PAIRS) if is_quick else (SESSIONS, MANY, PAIRS)
    growth: list[Growth] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if quick == "smallest":
            rows = [*smallest_rows(folder), in_process_row(folder / "one.yaml", 1, 1)]
        else:
            rows = [*update_rows(folder, sessions, pairs), *agent_rows(folder, sessions, pairs)]
            rows += reading_rows(folder, many, pairs)
        if not is_quick:
            growth = growths(folder)
            rows += [*waiting_rows(pairs), *growth_rows(growth), *large_input_rows(folder)]
    for row in rows:
        mark = "within" if row.is_met else "BEYOND"
        print(f"{row.value:8.3f}  {mark} {row.target:<5g}  {row.what}, against {row.against} ({row.detail})")
    if is_quick:
        return int(not all(row.is_met for row in rows if row.kind == "count"))
    _write(rows, growth)
    return int(not all(row.is_met for row in rows))


def _write(rows: list[Row], growth: list[Growth]) -> None:
    written = {
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "sessions": SESSIONS,
        "pairs": PAIRS,
        "rows": [asdict(row) for row in rows],
        "growth": [asdict(each) for each in growth],
    }
    RESULTS.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
