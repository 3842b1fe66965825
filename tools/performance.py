"""Write the table of bench/README.md and the chart of docs/performance.md from `bench/results.json`.

`python tools/performance.py` writes both; a test compares them with the results.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "bench/results.json"
PAGE: Final = ROOT / "bench/README.md"
CHART: Final = ROOT / "docs/images/performance.svg"
BEGIN: Final = "<!-- made by tools/performance.py -->\n"
END: Final = "<!-- end -->\n"
LINES: Final = {
    "new": ("new sessions", "ours"),
    "new_floor": ("new, Pulumi alone", "floor"),
    "unchanged": ("unchanged sessions", "ours second"),
    "unchanged_floor": ("unchanged, Pulumi alone", "floor second"),
}
WIDTH: Final = 720
HEIGHT: Final = 360
LEFT: Final = 56
TOP: Final = 20
PLOT_WIDTH: Final = 380
PLOT_HEIGHT: Final = 290
STYLE: Final = """
    svg { --ground: #fbfaf8; --ink: #1d1c1a; --soft: #5f5b55; --grid: #e2ddd4; --ours: #0b6bcb; --floor: #a5763a; \
font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; }
    @media (prefers-color-scheme: dark) { svg { --ground: #151514; --ink: #eceae6; --soft: #aca79f; --grid: #33312e; \
--ours: #6bb1ff; --floor: #d9a866; } }
    .ground { fill: var(--ground); } .grid { stroke: var(--grid); } text { fill: var(--soft); }
    .ours, .floor { fill: none; stroke-width: 2.5; } .ours { stroke: var(--ours); } .floor { stroke: var(--floor); }
    .second { stroke-dasharray: 6 5; } .label { fill: var(--ink); }
"""


def table(results: dict[str, Any]) -> str:
    """Return the rows as a Markdown table."""
    rows = results["rows"]
    met = sum(row["value"] <= row["target"] for row in rows)
    head = (
        f"Measured on {results['machine']}. Medians of {results['pairs']} pairs, but growth is the best of 3, and "
        "check-jsonschema with many sessions is one pair. Values are ratios unless the row names a unit. "
        f"{met} of {len(rows)} targets are met.\n\n"
        "| what | against | measured | target | |\n| --- | --- | --- | --- | --- |\n"
    )
    lines = (
        f"| {row['what']} | {row['against']} | {row['value']:.4g} | {_target(row)} | {row['detail']} |\n"
        for row in rows
    )
    return head + "".join(lines)


def _target(row: dict[str, Any]) -> str:
    return f"≤ {row['target']:g}" + ("" if row["value"] <= row["target"] else ", missed")


def chart(growth: Sequence[dict[str, Any]]) -> str:
    """Return seconds over the number of sessions as an SVG, both axes logarithmic."""
    numbers = [each["sessions"] for each in growth]
    seconds = [each[name] for each in growth for name in LINES]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))

    def x(sessions: float) -> float:
        share = math.log10(sessions / numbers[0]) / math.log10(numbers[-1] / numbers[0])
        return round(LEFT + share * PLOT_WIDTH, 1)

    def y(value: float) -> float:
        return round(TOP + (high - math.log10(value)) / (high - low) * PLOT_HEIGHT, 1)

    def shapes() -> Iterator[str]:
        for power in range(low, high + 1):
            value = 10.0**power
            yield f'<line class="grid" x1="{LEFT}" x2="{LEFT + PLOT_WIDTH}" y1="{y(value)}" y2="{y(value)}"/>'
            yield f'<text x="{LEFT - 8}" y="{y(value) + 4}" text-anchor="end">{value:g} s</text>'
        for number in numbers:
            yield f'<text x="{x(number)}" y="{TOP + PLOT_HEIGHT + 20}" text-anchor="middle">{number:,}</text>'
        yield f'<text x="{LEFT}" y="{HEIGHT - 8}">sessions</text>'
        for index, (name, (label, style)) in enumerate(LINES.items()):
            points = " ".join(f"{x(each['sessions'])},{y(each[name])}" for each in growth)
            yield f'<polyline class="{style}" points="{points}"/>'
            row = TOP + 14 + index * 26
            begin = LEFT + PLOT_WIDTH + 20
            yield f'<line class="{style}" x1="{begin}" x2="{begin + 32}" y1="{row}" y2="{row}"/>'
            yield f'<text class="label" x="{begin + 40}" y="{row + 4}">{label}</text>'

    body = "\n".join(f"  {shape}" for shape in shapes())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Seconds of pulumi up by the number of sessions">\n  <style>{STYLE}  </style>\n'
        f'  <rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>\n{body}\n</svg>\n'
    )


def page(text: str, results: dict[str, Any]) -> str:
    """Return the page with its table replaced."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{table(results)}{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write the table and the chart."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    CHART.write_text(chart(results["growth"]), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} and {CHART.relative_to(ROOT)} written; look at them before you commit them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
