"""Draw `docs/images/architecture.svg` from the imports between the folders of the package.

`python tools/architecture.py` writes the picture; a test compares it with the imports. Each folder is a row with a
horizontal line. A dot on it is an import: from the dot, a line leads down to the imported folder.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "tornado_resource"
PICTURE: Final = ROOT / "docs/images/architecture.svg"
PURPOSES: Final = {
    "cli": "the commands, a file for each",
    "sandbox": "a stand-in for the API, on its own",
    "deployment": "deploy() and wait_for(), step by step",
    "tornado": "tornado sessions: resource, provider",
    "agents": "check runs: resource, provider",
    "confirmations": "confirmations: resource, provider",
    "checks": "checks of agents as code",
    "scenarios": "scenarios as code",
    "releases": "what goes on, and what is published",
    "program": "what all resources of a program share",
    "provider": "what all providers share",
    "reports": "verdicts → console, JUnit, HTML, …",
    "stacks": "what Pulumi has recorded",
    "runs": "a run: start, recover, wait, judge",
    "versions": "content: read, compare, drift",
    "declarations": "sessions.yaml → declarations",
    "bland": "the API: requests and responses",
    "errors": "one tree of errors",
    "core": "time, text, positions, durable files",
}
"""The parts from top to bottom: each one imports only parts below it."""
MARGIN: Final = 10
ROW: Final = 46
BOX_WIDTH: Final = 252
BOX_HEIGHT: Final = 38
FIRST_LINE: Final = MARGIN + BOX_WIDTH + 26
LINE_GAP: Final = 11
STYLE: Final = """
    svg { --ground: #fbfaf8; --panel: #ffffff; --ink: #1d1c1a; --soft: #5f5b55; --line: #cfc9bf; --wire: #8a847a; \
font: 15px system-ui, -apple-system, "Segoe UI", sans-serif; }
    @media (prefers-color-scheme: dark) { svg { --ground: #151514; --panel: #1e1e1c; --ink: #eceae6; --soft: #aca79f; \
--line: #4a4743; --wire: #88827a; } }
    .ground { fill: var(--ground); } .box { fill: var(--panel); stroke: var(--line); stroke-width: 1.5; }
    .name { fill: var(--ink); font-weight: 650; } .purpose { fill: var(--soft); font-size: 12.5px; }
    .wire { fill: none; stroke: var(--wire); stroke-width: 1.2; } .dot { fill: var(--ink); } .tip { fill: var(--ink); }
"""


class UpwardImportError(Exception):
    """A part imports one that is not below it in the picture."""


def read_imports(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Return, for each folder or single module of the package, which others it imports, also if only for types."""
    found: dict[str, set[str]] = {}
    for path in sorted(package.rglob("*.py")):
        part = path.relative_to(package).parts[0].removesuffix(".py")
        if part not in {"__init__", "__main__", "template"}:  # they only lead to the parts, and a user's program
            found.setdefault(part, set()).update(_imported_parts(path, package.name))
    return {part: imported - {part} for part, imported in found.items()}


def _imported_parts(path: Path, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            parts = module.split(".")
            if parts[0] == package and len(parts) > 1:
                yield parts[1]


def draw(imports: Mapping[str, set[str]]) -> str:
    """Return the picture of *imports* as SVG.

    Raises:
        UpwardImportError: a part is not in `PURPOSES`, or imports one that is not below it there.

    """
    parts = list(PURPOSES)
    _check(imports, parts)
    width = FIRST_LINE + LINE_GAP * (len(parts) - 1) + MARGIN
    height = ROW * len(parts) + 2 * MARGIN
    rows = range(len(parts))
    shapes = [_box(row, part) for row, part in enumerate(parts)]
    shapes += [shape for row in rows for shape in _line_from(row, parts, imports)]
    shapes += [shape for row in rows for shape in _line_to(row, parts, imports)]
    described = " ".join(f"{part} imports {', '.join(_ordered(imports[part])) or 'nothing'}." for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * 3 // 2}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="title description">\n'
        f'  <title id="title">The parts of the package and their imports</title>\n'
        f'  <desc id="description">{described}</desc>\n'
        f"  <style>{STYLE}  </style>\n"
        f'  <rect class="ground" width="{width}" height="{height}" rx="12"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def _check(imports: Mapping[str, set[str]], parts: Sequence[str]) -> None:
    different = sorted(imports.keys() ^ set(parts))
    if different:
        message = f"not both in the package and in PURPOSES of tools/architecture.py: {', '.join(different)}"
        raise UpwardImportError(message)
    for part, imported in imports.items():
        above = [name for name in _ordered(imported) if parts.index(name) < parts.index(part)]
        if above:
            message = f"{part} imports {', '.join(above)}, which is above it in PURPOSES of tools/architecture.py"
            raise UpwardImportError(message)


def _ordered(parts: set[str]) -> list[str]:
    return [part for part in PURPOSES if part in parts]


def _box(row: int, part: str) -> str:
    top = MARGIN + ROW * row + (ROW - BOX_HEIGHT) // 2
    left = MARGIN + 12
    return (
        f'  <rect class="box" x="{MARGIN}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="7"/>'
        f'<text class="name" x="{left}" y="{top + 16}">{part}</text>'
        f'<text class="purpose" x="{left}" y="{top + 31}">{PURPOSES[part]}</text>'
    )


def _line_from(row: int, parts: Sequence[str], imports: Mapping[str, set[str]]) -> Iterator[str]:
    """Draw the horizontal line of one part, as far as the last part that it imports."""
    imported = [parts.index(part) for part in imports[parts[row]]]
    if imported:
        yield f'  <path class="wire" d="M{MARGIN + BOX_WIDTH} {_out(row)}H{_line(max(imported))}"/>'


def _line_to(row: int, parts: Sequence[str], imports: Mapping[str, set[str]]) -> Iterator[str]:
    """Draw the line that leads to one part: a dot for each part that imports it, and an arrow at its end.

    Lines to lower parts are further right, so that no line crosses another one on its way into a box.
    """
    importers = [index for index, part in enumerate(parts) if parts[row] in imports[part]]
    if importers:
        right = MARGIN + BOX_WIDTH
        yield f'  <path class="wire" d="M{_line(row)} {_out(importers[0])}V{_in(row)}H{right + 7}"/>'
        yield f'  <path class="tip" d="M{right + 1} {_in(row)}l8 -4v8z"/>'
    for index in importers:
        yield f'  <circle class="dot" cx="{_line(row)}" cy="{_out(index)}" r="2.8"/>'


def _line(row: int) -> int:
    return FIRST_LINE + LINE_GAP * (row - 1)


def _in(row: int) -> int:
    return MARGIN + ROW * row + ROW // 2 - 7


def _out(row: int) -> int:
    return _in(row) + 14


def main() -> int:
    """Write the picture."""
    PICTURE.write_text(draw(read_imports()), encoding="utf-8")
    print(f"{PICTURE.relative_to(ROOT)} written; look at it before you commit it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
